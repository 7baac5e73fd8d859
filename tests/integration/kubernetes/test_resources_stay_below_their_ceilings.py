from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediator.actions.kubernetes.quantity import cpu_text, memory_text, quantity_or_none, same_quantity
from remediator.actions.kubernetes.resources import absolute
from remediator.core.quantities import exact_quantity
from remediator.errors import PermanentError


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1Gi", 2**30), ("512Mi", 2**29), ("1G", 10**9), ("1e3", 1000), ("1E3", 1000), ("2E", 2 * 10**18), ("0.5", 0.5),
        ("500m", 0.5), ("100u", Fraction(1, 10_000)), ("1.5Gi", 3 * 2**29), (".5", 0.5), ("5.", 5), ("0", 0),
    ],
)  # fmt: skip
def test_quantities_mean_what_kubernetes_means(text, amount):
    assert exact_quantity(text) == Fraction(amount)


@pytest.mark.parametrize("text", ["", " ", "Gi", "1gi", "1 Gi", "-1", "+1", "1Kib", "1e", "e3", "0x1", "1,5", "٣", None, 2, "1\n"])
def test_what_is_no_quantity(text):
    assert quantity_or_none(text) is None


@given(st.text(max_size=20))
def test_any_text_is_a_quantity_or_a_value_error(text):
    found = quantity_or_none(text)
    assert found is None or found >= 0


NUMBERS = st.integers(1, 10**6)


@given(now=NUMBERS, factor=st.integers(1, 999_000), ceiling=st.none() | NUMBERS, memory=st.booleans())
def test_a_factor_goes_its_way_and_never_above_the_ceiling(now, factor, ceiling, memory):
    unit = "Mi" if memory else "m"
    text, top = f"{now}{unit}", ceiling and f"{ceiling}{unit}"
    asked = f"x{factor // 1000}.{factor % 1000:03}"
    try:
        found = absolute(asked, "memory" if memory else "cpu", text, top, "it")
    except PermanentError:
        grown = exact_quantity(memory_text(1) if memory else cpu_text(Fraction(1, 1000))) + exact_quantity(text)
        assert factor == 1000 or ceiling is not None or factor < 1000 or exact_quantity(text) * factor / 1000 < grown
        return
    assert (exact_quantity(found) - exact_quantity(text)) * (factor - 1000) > 0
    assert top is None or exact_quantity(found) <= exact_quantity(top)


@given(now=NUMBERS, ceiling=st.none() | NUMBERS)
def test_an_absolute_amount_never_exceeds_the_ceiling(now, ceiling):
    found = absolute(f"{now}Mi", "memory", None, ceiling and f"{ceiling}Mi", "it")
    assert same_quantity(found, f"{min(now, ceiling or now)}Mi")


@pytest.fixture
def limits(actions, web):
    def limits(**values):
        return actions["set_resources"].parameters(**web, **values)

    return limits


async def test_a_factor_becomes_absolute_before_it_is_done(server, context, actions, made, app, limits):
    made(sidecar=False, resources={"limits": {"memory": "1536Mi", "cpu": "1"}, "requests": {"memory": "1Gi"}})
    action = actions["set_resources"]
    p = limits(limits={"memory": "x2", "cpu": "x1.5"}, requests={"memory": "x2"}, max={"memory": "2560Mi"})
    assert not action.idempotent(p)
    assert action.amounts(p) == {}
    intent = await action.resolve(p, context)
    assert action.idempotent(intent.parameters)
    assert intent.parameters.limits.memory == "2560Mi"
    assert intent.parameters.former == {"limits.memory": "1536Mi", "limits.cpu": "1", "requests.memory": "1Gi"}
    assert action.amounts(intent.parameters) == {"memory": 2560 * 2**20, "cpu": 1.5, "factor": 2}
    await action.perform(intent.parameters, context)
    assert app()["resources"] == {"limits": {"memory": "2560Mi", "cpu": "1500m"}, "requests": {"memory": "2Gi"}}
    assert not (await action.perform(intent.parameters, context)).changed


async def test_not_when_somebody_set_it_since(server, context, actions, made, app, limits):
    made(sidecar=False, resources={"limits": {"memory": "1Gi"}})
    action = actions["set_resources"]
    intent = await action.resolve(limits(limits={"memory": "x2"}), context)
    await action.perform(limits(limits={"memory": "3Gi"}), context)
    with pytest.raises(PermanentError, match="meant to go from 1Gi to 2048Mi, but somebody set 3Gi"):
        await action.perform(intent.parameters, context)
    assert app()["resources"]["limits"]["memory"] == "3Gi"


@pytest.mark.parametrize(
    ("now", "values", "words"),
    [
        ({}, {"limits": {"memory": "x2"}}, "is not set, so there is nothing that x2"),
        ({"limits": {"memory": "2Gi"}}, {"limits": {"memory": "x2"}, "max": {"memory": "2Gi"}}, "would change nothing"),
        ({"limits": {"memory": "4Gi"}}, {"limits": {"memory": "x2"}, "max": {"memory": "2Gi"}}, "would change nothing"),
        ({"limits": {"memory": "2Gi"}}, {"limits": {"memory": "x1"}}, "would change nothing"),
        ({"limits": {"memory": "1Gi"}}, {"requests": {"memory": "2Gi"}}, "must be less than or equal to memory limit"),
    ],
)
async def test_what_makes_no_sense_is_told_before_it_is_done(server, context, actions, made, limits, now, values, words):
    made(sidecar=False, resources=now)
    with pytest.raises(PermanentError, match=words):
        await actions["set_resources"].preview(limits(**values), context)


async def test_of_several_containers_one_must_be_named(context, actions, made, limits, server):
    made(resources={"limits": {"memory": "1Gi"}})
    with pytest.raises(PermanentError, match="several containers, and none is named: app, side"):
        await actions["set_resources"].resolve(limits(limits={"memory": "2Gi"}), context)
    pods = server.world.objects["deployments", "shop", "web"]["spec"]["template"]["metadata"]
    pods["annotations"] = {"kubectl.kubernetes.io/default-container": "app"}
    intent = await actions["set_resources"].resolve(limits(limits={"memory": "2Gi"}), context)
    assert intent.parameters.container == "app"


@pytest.mark.parametrize(
    "values",
    [
        {}, {"limits": {}}, {"limits": {"memory": "lots"}}, {"limits": {"memory": "0"}}, {"limits": {"memory": "x0"}},
        {"limits": {"memory": "x"}}, {"limits": {"memory": "x-1"}}, {"limits": {"disk": "1Gi"}}, {"max": {"memory": "1Gi"}},
        {"limits": {"memory": "1Gi"}, "max": {"memory": "x2"}},
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_at_load(limits, values):
    with pytest.raises(ValueError, match="validation error"):
        limits(**values)
