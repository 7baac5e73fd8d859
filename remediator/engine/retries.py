"""The one place where a step is tried again. Loaded when a step fails for the first time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential
from tenacity.wait import wait_base

from remediator.errors import PermanentError, TemporaryError

SLOWEST_RETRY = 10.0  #: seconds; a backend may ask for more with Retry-After, up to ``longest``

T = TypeVar("T")


class _Pause(wait_base):
    """Exponential with jitter; what the backend asked for goes first."""

    def __init__(self, longest: float) -> None:
        self._usual = wait_random_exponential(multiplier=0.5, max=SLOWEST_RETRY)
        self._longest = longest

    def __call__(self, retry_state: Any) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        asked = getattr(error, "retry_after", None)
        return min(asked, self._longest) if asked is not None else self._usual(retry_state)


async def tried_again(
    do: Callable[[], Awaitable[T]], attempts: int, limit: float, last: str, longest: float,
    may_go_on: Callable[[], Awaitable[str]],
) -> tuple[T, int]:  # fmt: skip
    """Do it up to ``attempts`` times more, each for ``limit`` seconds; return what came, and the attempt's number.

    ``last`` is how the first attempt failed; ``may_go_on`` says before each why it must not be made. Raises what
    the last attempt raised, and PermanentError when another must not be made.
    """
    tries = AsyncRetrying(
        stop=stop_after_attempt(attempts), retry=retry_if_exception_type(TemporaryError), wait=_Pause(longest),
        reraise=True,
    )  # fmt: skip
    async for attempt in tries:
        with attempt:
            if why := await may_go_on():
                raise PermanentError(f"{last}; not tried again: {why}")
            async with asyncio.timeout(limit):
                return await do(), attempt.retry_state.attempt_number + 1
    raise PermanentError("no attempt was made")
