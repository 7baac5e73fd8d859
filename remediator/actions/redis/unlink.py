"""Deletes keys with UNLINK (their memory is freed in the background), a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence

from remediator.actions.redis.server import Server, whole
from remediator.errors import ActionError, AmbiguousError

_BATCH = 100


async def unlink(server: Server, keys: Sequence[bytes]) -> int:
    """Return how many were there. AmbiguousError once some may be gone and the rest is not."""
    deleted = 0
    for begin in range(0, len(keys), _BATCH):
        try:
            deleted += whole(await server.ask("UNLINK", *keys[begin : begin + _BATCH], changes=True))
        except ActionError as error:
            if not begin:
                raise
            # A refusal in the middle does not mean that nothing happened.
            raise AmbiguousError(f"{deleted} of {len(keys)} keys are deleted, then: {error}") from error
    return deleted
