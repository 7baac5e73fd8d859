import json

import pytest

from remediator.errors import PermanentError

OLD = [
    {"name": "API_TOKEN", "value": "old-t0ken"},
    {"name": "DATABASE_URL", "value": "postgres://shop:hunter2@db/shop"},
    {"name": "LOG_LEVEL", "value": "INFO"},
]
NEW = {"API_TOKEN": "new-t0ken", "DATABASE_URL": "postgres://shop:hunter3@db/shop", "LOG_LEVEL": "DEBUG"}
SECRETS = ("old-t0ken", "new-t0ken", "hunter2", "hunter3")


@pytest.fixture
async def edit(server, context, actions, made, web):
    made(env=[dict(item) for item in OLD])
    p = actions["set_env"].parameters(**web, set=NEW, container="app")
    return p, await actions["set_env"].resolve(p, context)


async def test_a_preview_shows_the_others(context, actions, edit):
    shown = await actions["set_env"].preview(edit[0], context)
    assert not [secret for secret in SECRETS if secret in shown]
    assert {"-value: INFO", "+value: DEBUG", "+value: (not shown)"} <= set(shown.splitlines())


async def test_what_was_there_is_not_written_down(edit):
    kept = json.dumps(edit[1].before)
    assert not [secret for secret in SECRETS if secret in kept]
    assert "INFO" in kept


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset"])
async def test_undo_takes_it_from_the_revision_that_has_it(server, context, actions, made, app, kind):
    made(kind, env=[dict(item) for item in OLD])
    set_env = actions["set_env"]
    p = set_env.parameters(kind=kind, name="web", namespace="shop", set=NEW, unset=["GONE"], container="app")
    intent = await set_env.resolve(p, context)
    await set_env.perform(intent.parameters, context)
    assert {item["name"]: item["value"] for item in app(kind)["env"]} == NEW
    assert await set_env.happened(intent, context) is True
    await set_env.undo(intent, context)
    assert app(kind)["env"] == OLD
    assert await set_env.happened(intent, context) is False


async def test_undo_refuses_when_no_revision_has_it(server, context, actions, app, edit):
    p, intent = edit
    await actions["set_env"].perform(p, context)
    server.world.remove(("replicasets", "shop", intent.before["revision"]))
    with pytest.raises(PermanentError, match=r"was not written down, and the revision .* is gone"):
        await actions["set_env"].undo(intent, context)
    assert {item["name"]: item["value"] for item in app()["env"]} == NEW
