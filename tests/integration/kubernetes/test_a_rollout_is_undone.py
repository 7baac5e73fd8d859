import json

import pytest
from msgspec.structs import replace

from remediator.errors import PermanentError, TemporaryError

KINDS = ("deployment", "statefulset", "daemonset")


@pytest.fixture
async def rolled(context, actions, made):
    """Return a function that rolls out images 2 and 3 of a workload; it gives its names."""

    async def rolled(kind="deployment", images=("example/web:2", "example/web:3")):
        made(kind, sidecar=False)
        names = {"kind": kind, "name": "web", "namespace": "shop"}
        action = actions["set_image"]
        for image in images:
            await action.perform(action.parameters(**names, image=image), context)
        return names

    return rolled


@pytest.fixture
def undo(actions):
    return actions["rollout_undo"]


@pytest.mark.parametrize("kind", KINDS)
async def test_once_and_back_again(server, context, undo, rolled, app, kind):
    p = undo.parameters(**await rolled(kind))
    assert undo.needs_approval
    assert not undo.idempotent(p)
    intent = await undo.resolve(p, context)
    assert undo.idempotent(intent.parameters)
    assert intent.parameters.revision == 2
    assert await undo.happened(intent, context) is False

    done = await undo.perform(intent.parameters, context)
    assert (done.changed, done.revision, done.images) == (True, 2, ("example/web:2",))
    assert app(kind)["image"] == "example/web:2"
    assert await undo.happened(intent, context) is True
    patches = len(server.of("PATCH"))
    assert not (await undo.perform(intent.parameters, context)).changed
    assert len(server.of("PATCH")) == patches

    back = await undo.undo(intent, context)
    assert (back.changed, back.images) == (True, ("example/web:3",))
    assert await undo.happened(intent, context) is False
    assert not (await undo.undo(intent, context)).changed


@pytest.mark.parametrize("kind", KINDS)
async def test_a_preview_shows_it(server, context, undo, rolled, app, kind):
    shown = await undo.preview(undo.parameters(**await rolled(kind), revision=1), context)
    assert {"-image: example/web:3", "+image: example/web:1"} <= set(shown.splitlines())
    assert "Back to revision 1 (web-" in shown
    assert "Its pods restart" in shown
    assert app(kind)["image"] == "example/web:3"


@pytest.mark.parametrize("kind", KINDS)
async def test_what_somebody_rolled_out_since_stays(context, undo, actions, rolled, app, kind):
    names = await rolled(kind)
    intent = await undo.resolve(undo.parameters(**names), context)
    image = actions["set_image"]
    await image.perform(image.parameters(**names, image="example/web:9"), context)
    with pytest.raises(PermanentError, match="somebody changed it"):
        await undo.perform(intent.parameters, context)
    with pytest.raises(PermanentError, match="somebody changed it"):
        await undo.undo(intent, context)
    assert await undo.happened(intent, context) is None
    assert app(kind)["image"] == "example/web:9"


async def test_a_specification_nobody_has_observed_has_no_revision_yet(server, context, undo, rolled, actions):
    names = await rolled()
    server.world.controllers = "manual"
    image = actions["set_image"]
    await image.perform(image.parameters(**names, image="example/web:4"), context)
    with pytest.raises(TemporaryError, match="has not observed"):
        await undo.resolve(undo.parameters(**names), context)
    server.world.finish("deployments", "shop", "web")
    assert (await undo.resolve(undo.parameters(**names), context)).parameters.revision == 3


async def test_others_revisions_are_not_its_own(server, context, undo, rolled):
    names = await rolled(images=())
    server.world.workload("deployment", "web2", template=server.world.objects["deployments", "shop", "web"]["spec"]["template"])
    with pytest.raises(PermanentError, match="no earlier revision"):
        await undo.resolve(undo.parameters(**names), context)


async def test_a_revision_that_is_not_there(context, undo, rolled):
    with pytest.raises(PermanentError, match="revision 7 is not in its history; there are: 1, 2, 3"):
        await undo.preview(undo.parameters(**await rolled(), revision=7), context)


async def test_a_template_that_no_revision_has_any_more_is_not_guessed(server, context, undo, rolled):
    intent = await undo.resolve(undo.parameters(**await rolled()), context)
    await undo.perform(intent.parameters, context)
    newest = next(s for s in server.world.of("replicasets", "shop") if s["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3")
    server.world.remove(("replicasets", "shop", newest["metadata"]["name"]))
    with pytest.raises(PermanentError, match="no revision has the former pod template"):
        await undo.undo(intent, context)
    for before in ({}, {"template": None}, {"template": 3}):
        with pytest.raises(PermanentError, match="no revision has"):
            await undo.undo(replace(intent, before=before), context)


async def test_a_write_in_between_is_a_conflict(server, context, undo, rolled):
    intent = await undo.resolve(undo.parameters(**await rolled()), context)
    found = server.world.objects["deployments", "shop", "web"]
    stale = json.dumps(found).encode()
    server.world.put("deployments", {**found, "metadata": {**found["metadata"], "labels": {"team": "theirs"}}})
    server.answer("get", "deployments", body=stale, times=1)
    with pytest.raises(TemporaryError):
        await undo.perform(intent.parameters, context)
    assert (await undo.perform(intent.parameters, context)).changed
    bound = server.of("PATCH")[-1].json[-1]
    assert bound["path"] == "/metadata/resourceVersion"


async def test_no_environment_value_is_written_down(context, undo, made, actions):
    made(sidecar=False, env=[{"name": "X", "value": "hunter2"}])
    names = {"kind": "deployment", "name": "web", "namespace": "shop"}
    image = actions["set_image"]
    await image.perform(image.parameters(**names, image="example/web:2"), context)
    intent = await undo.resolve(undo.parameters(**names), context)
    assert "hunter2" not in f"{intent}{await undo.preview(intent.parameters, context)}"
