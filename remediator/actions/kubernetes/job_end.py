"""What a Job leaves when it has ended: how its containers ended, and the last lines of their logs."""

from __future__ import annotations

from pydantic import Field

from remediator.actions.answers.lines import Tally
from remediator.actions.kubernetes.api import Api
from remediator.actions.kubernetes.documents import Document, clean, number, objects, section, text
from remediator.actions.kubernetes.pods import container_of
from remediator.core.action import Outputs
from remediator.errors import ActionError

_PODS, _LOG_BYTES = 10, 256 * 1024


class Ended(Outputs):
    """How a container of the Job ended."""

    pod: str = Field(description="The pod's name.")
    container: str = Field(description="The container's name.")
    exit_code: int = Field(description="What it ended with.")


async def remains(api: Api, namespace: str, job: str, tail: int) -> tuple[tuple[Ended, ...], tuple[str, ...]]:
    """Return how its newest ten pods' containers ended, and the last lines of all their logs together.

    A log that cannot be read is a line that says so.
    """
    # Every cluster sets this label; batch.kubernetes.io/job-name came with 1.27.
    found = await api.list(f"/api/v1/namespaces/{namespace}/pods", [("labelSelector", f"job-name={job}")])
    pods = sorted(found.items, key=lambda pod: text(pod, "metadata", "creationTimestamp"))[-_PODS:]
    ended, tally = [], Tally({}, tail)
    for pod in pods:
        name = text(pod, "metadata", "name")
        ended += [Ended(pod=name, container=key, exit_code=code) for key, code in exit_codes(pod).items()]
        if tail:
            try:
                await _read_log(api, pod, tail, tally)
            except ActionError as error:
                tally.feed(f"(no log of {name}: {clean(str(error), 200)})".encode())
            tally.end()
    return tuple(ended), tuple(tally.kept)


def exit_codes(pod: Document) -> dict[str, int]:
    """Return how the pod's containers ended, by container; those that have not are left out."""
    found: dict[str, int] = {}
    for item in [*objects(pod, "status", "initContainerStatuses"), *objects(pod, "status", "containerStatuses")]:
        ended = section(item, "state", "terminated") or section(item, "lastState", "terminated")
        if ended:
            found[text(item, "name", limit=63)] = number(ended, "exitCode")
    return found


async def _read_log(api: Api, pod: Document, tail: int, tally: Tally) -> None:
    query = [("tailLines", str(tail)), ("limitBytes", str(_LOG_BYTES)), ("container", container_of(pod, None))]
    place = f"/api/v1/namespaces/{text(pod, 'metadata', 'namespace')}/pods/{text(pod, 'metadata', 'name')}/log"
    size = 0
    async with api.stream(place, query) as parts:
        async for part in parts:
            tally.feed(part[: _LOG_BYTES - size])
            size += len(part)
            if size >= _LOG_BYTES:  # the server need not heed limitBytes
                break
