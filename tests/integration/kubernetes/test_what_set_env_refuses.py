import pytest

from remediator.errors import PermanentError


@pytest.mark.parametrize("values", [{"set": {"PASS": "x"}}, {"unset": ["PASS"]}])
@pytest.mark.parametrize("call", ["resolve", "perform", "preview"])
async def test_what_comes_from_elsewhere(server, context, actions, made, web, call, values):
    made(env=[{"name": "PASS", "valueFrom": {"secretKeyRef": {"name": "db", "key": "pass"}}}])
    p = actions["set_env"].parameters(**web, **values)
    with pytest.raises(PermanentError, match="PASS of container app comes from elsewhere"):
        await getattr(actions["set_env"], call)(p, context)
    assert not server.of("PATCH")


async def test_a_container_that_is_not_there(server, context, actions, made, web):
    made()
    p = actions["set_env"].parameters(**web, set={"A": "b"}, container="nope")
    with pytest.raises(PermanentError, match='no container "nope"; it has: app, side, init'):
        await actions["set_env"].perform(p, context)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, 'give "set" or "unset"'),
        ({"set": {"A": "b"}, "unset": ["A"]}, "to be set and to be removed"),
        ({"set": {"A": 1.10}}, "quote it"),
        ({"set": {"": "b"}}, "pattern"),
        ({"set": {"A=B": "b"}}, "pattern"),
        ({"set": {"1A": "b"}}, "pattern"),
        ({"set": {"A": None}}, "string"),
        ({"set": {"A": "x" * 32_769}}, "32768"),
        ({"set": {f"A{number}": "b" for number in range(51)}}, "50"),
    ],
)
def test_before_anything_is_asked(actions, web, values, words):
    with pytest.raises(ValueError, match=words):
        actions["set_env"].parameters(**web, **values)


def test_numbers_and_booleans_are_text(actions, web):
    assert actions["set_env"].parameters(**web, set={"A": 30, "B": True, "C": "1.10"}).set == {
        "A": "30", "B": "true", "C": "1.10",
    }  # fmt: skip


async def test_a_deletion_of_what_is_not_there_is_nothing(server, context, actions, made, web):
    made()
    said = await actions["set_env"].perform(actions["set_env"].parameters(**web, unset=["A"]), context)
    assert (said.changed, said.replaces_pods) == (False, False)
    assert not server.of("PATCH")
