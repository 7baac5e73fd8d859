import pytest
from aiohttp import web
from fakes.small_server import serve
from pydantic import ValidationError

from remediator.actions import registry
from remediator.core.action import Intent
from remediator.errors import PermanentError

REQUEST = registry.find("http.request")
BACK = {"json": {"enabled": False}, "still": {"path": "$.enabled", "equals": True}}


@pytest.fixture
async def page():
    """A page that is switched on and off."""
    state = {"enabled": False}

    async def answer(request):
        if request.method == "PUT":
            state.update(await request.json())
        return web.json_response(state)

    async with serve(answer) as server:
        server.state = state
        yield server


def switched_on(page):
    return REQUEST.parameters.model_validate({"url": page.url, "method": "PUT", "json": {"enabled": True}, "undo": BACK})


async def test_what_was_done_is_taken_back(page, context):
    parameters = switched_on(page)
    await REQUEST.perform(parameters, context)
    assert page.state == {"enabled": True}
    await REQUEST.undo(Intent(parameters, {}), context)
    assert page.state == {"enabled": False}


async def test_what_somebody_else_has_changed_since_is_left_alone(page, context):
    parameters = switched_on(page)
    await REQUEST.perform(parameters, context)
    page.state["enabled"] = "partly"
    with pytest.raises(PermanentError, match=r'changed it since: \$\.enabled is "partly", not true'):
        await REQUEST.undo(Intent(parameters, {}), context)
    assert page.state == {"enabled": "partly"}


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ({"method": "GET", "undo": BACK}, "changes nothing"),
        ({"undo": {"still": BACK["still"]}}, "what PUT is to send"),
        ({"undo": {"json": {}, "still": {"path": "$.enabled"}}}, "equals or matches"),
    ],
)
def test_what_makes_no_sense_is_refused(args, why):
    with pytest.raises(ValidationError, match=why):
        REQUEST.parameters.model_validate({"url": "http://shop:8080/page", **args})


def test_a_step_without_it_cannot_be_undone():
    assert not REQUEST.undoable({"url": "http://shop:8080/page"})
    assert REQUEST.undoable({"undo": BACK})
