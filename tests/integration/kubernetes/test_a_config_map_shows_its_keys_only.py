import pytest


@pytest.fixture
def look(actions, context):
    async def look(**values):
        action = actions["config_map"]
        return await action.perform(action.parameters(**{"name": "web", "namespace": "shop", **values}), context)

    return look


def config_map(server, **data):
    server.world.put("configmaps", {"metadata": {"name": "web", "namespace": "shop"}, "data": data})


async def test_its_keys(server, look):
    config_map(server, **{"app.yaml": "password: hunter2", "MODE": ""})
    found = await look(keys=["MODE", "app.yaml"])
    assert (found.holds, found.present, found.keys, found.total) == (True, True, ("MODE", "app.yaml"), 2)
    assert (found.missing, found.empty, found.age) == ((), ("MODE",), 0.0)
    assert "hunter2" not in found.model_dump_json()


async def test_keys_that_it_should_have(server, look):
    config_map(server, A="1")
    found = await look(keys=["A", "B"])
    assert (found.holds, found.missing) == (False, ("B",))
    assert "no key B" in found.reason


async def test_absence_is_a_finding(look):
    found = await look(keys=["A"])
    assert (found.holds, found.present, found.missing, found.reason) == (
        False, False, ("A",), "there is no configmap shop/web",
    )  # fmt: skip


async def test_its_keys_are_bounded(server, look):
    config_map(server, **{f"k{number:04}": "x" for number in range(500)})
    found = await look()
    assert (len(found.keys), found.total) == (200, 500)
