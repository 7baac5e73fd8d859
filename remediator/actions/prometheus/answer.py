"""What every answer of Prometheus' HTTP API has: a status, data, labels, numbers as text."""

from __future__ import annotations

from typing import Any

from remediator.actions.answers.api import ApiConnection, Fields, ask
from remediator.actions.answers.reading import excerpt
from remediator.actions.context import Context
from remediator.errors import PermanentError

LIMIT = 16 * 1024 * 1024  #: bytes of an answer that lists targets, rules or samples
LABELS = 32  #: labels of a series that are kept
LABEL_LIMIT = 200  #: characters of a label's value


async def data_of(
    context: Context, connection: ApiConnection, path: str, *, query: Fields = (), form: Fields | None = None
) -> dict[str, Any]:
    """Return ``data`` of a successful answer; PermanentError when it is no answer of Prometheus."""
    answer = await ask(context, connection, path, query=query, form=form, limit=LIMIT)
    if not isinstance(answer, dict) or answer.get("status") != "success" or not isinstance(answer.get("data"), dict):
        raise PermanentError(f"{connection.url} does not answer as Prometheus does")
    data: dict[str, Any] = answer["data"]
    return data


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; of anything else none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(item: dict[str, Any], key: str, limit: int = LABEL_LIMIT) -> str:
    """Return the text below a key, cut at ``limit`` characters; empty when there is none."""
    found = item.get(key)
    return excerpt(found, limit) if isinstance(found, str) else ""


def labels(value: Any) -> dict[str, str]:
    """Return labels, bounded; of anything but a mapping none."""
    first = list(value.items())[:LABELS] if isinstance(value, dict) else []
    return {excerpt(name, LABEL_LIMIT): excerpt(str(each), LABEL_LIMIT) for name, each in first}
