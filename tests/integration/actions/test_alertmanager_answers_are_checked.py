import json

import pytest
from aiohttp import web
from fakes.small_server import closed_port, serve
from pydantic import ValidationError

from remediator.actions import registry
from remediator.actions.alertmanager import FiringState, still_firing
from remediator.errors import PermanentError, TemporaryError

LABELS = {"alertname": "A"}


def alert(**status):
    return [{"labels": LABELS, "status": status, "startsAt": "2024-01-01T00:00:00Z"}]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"state": "active", "silencedBy": [], "inhibitedBy": []}, FiringState.FIRING),
        ({"state": "unprocessed"}, FiringState.FIRING),
        ({"state": "suppressed", "silencedBy": ["x"], "inhibitedBy": ["y"]}, FiringState.SILENCED),
        ({"state": "suppressed", "inhibitedBy": ["y"]}, FiringState.INHIBITED),
        ({"state": "suppressed", "mutedBy": ["weekend"]}, FiringState.SILENCED),
        ({"state": "active", "mutedBy": ["weekend"]}, FiringState.SILENCED),
        ({"state": "suppressed"}, FiringState.SILENCED),  # nobody says why: not firing, to be safe
    ],
)
async def test_state(status, state, connected):
    async with serve(web.json_response(alert(**status))) as server:
        assert await still_firing(connected("alertmanager", "main", url=server.url), "main", LABELS) is state


@pytest.mark.parametrize(
    "answer",
    [
        {}, None, "x", [1], [{}], [{"labels": LABELS}], [{"labels": [], "status": {}}], alert(), alert(state="new"),
        alert(state=[]), [{"labels": LABELS, "status": "active"}],
    ],
)  # fmt: skip
async def test_a_strange_answer_is_never_gone(answer, connected):
    async with serve(web.Response(text=json.dumps(answer))) as server:
        with pytest.raises(PermanentError):
            await still_firing(connected("alertmanager", "main", url=server.url), "main", LABELS)


async def test_nobody_there_is_never_gone(connected, context):
    away = connected("alertmanager", "main", url=f"http://127.0.0.1:{await closed_port()}")
    with pytest.raises(TemporaryError) as caught:
        await still_firing(away, "main", LABELS)
    assert caught.value.transport
    with pytest.raises(PermanentError, match="no alertmanager connection"):
        await still_firing(context, "main", LABELS)


async def test_long_labels_narrow_less_but_are_compared(connected):
    labels = {"alertname": "A", "long": "x" * 5000, "utf-8 name": "v"}
    answer = [{"labels": labels, "status": {"state": "active"}}]
    async with serve(web.json_response(answer)) as server:
        context = connected("alertmanager", "main", url=server.url)
        assert await still_firing(context, "main", labels) is FiringState.FIRING
        assert await still_firing(context, "main", labels | {"long": "y" * 5000}) is FiringState.GONE
    assert server.requests[0].query.getall("filter") == ['alertname="A"']
    assert server.requests[0].query["inhibited"] == "true"


@pytest.mark.parametrize("args", [{}, {"labels": LABELS, "matchers": ['a="b"']}, {"labels": LABELS, "is": "over"}])
def test_what_makes_no_question_is_refused(args):
    with pytest.raises(ValidationError):
        registry.find("alertmanager.alerts").parameters.model_validate(args)
