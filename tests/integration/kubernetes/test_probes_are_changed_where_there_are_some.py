import pytest

from remediator.errors import PermanentError

PROBE = {"httpGet": {"path": "/", "port": 80}, "timeoutSeconds": 5, "periodSeconds": 10}


async def test_only_what_is_given_changes(context, actions, made, app, web):
    made(livenessProbe=PROBE, readinessProbe={**PROBE, "initialDelaySeconds": 30})
    action = actions["set_probe"]
    p = action.parameters(
        **web, container="app", liveness={"timeout_seconds": 10}, readiness={"initial_delay_seconds": 0}
    )
    said = await action.perform(p, context)
    assert (said.changed, said.replaces_pods) == (True, True)
    assert app()["livenessProbe"] == {**PROBE, "timeoutSeconds": 10}
    assert app()["readinessProbe"] == PROBE
    assert not (await action.perform(p, context)).changed


async def test_none_is_invented(server, context, actions, made, web):
    made(livenessProbe=PROBE)
    action = actions["set_probe"]
    with pytest.raises(PermanentError, match="container app has no startup probe"):
        await action.preview(action.parameters(**web, container="app", startup={"timeout_seconds": 10}), context)
    assert not server.of("PATCH")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "give what shall change"),
        ({"liveness": {}}, "give what shall change"),
        ({"liveness": {"success_threshold": 2}}, "can only be 1"),
        ({"startup": {"success_threshold": 2}}, "can only be 1"),
        ({"liveness": {"timeout_seconds": 0}}, "greater than or equal to 1"),
        ({"liveness": {"path": "/"}}, "extra"),
    ],
)
def test_what_is_wrong_is_refused_at_load(actions, web, values, words):
    with pytest.raises(ValueError, match=words):
        actions["set_probe"].parameters(**web, **values)
