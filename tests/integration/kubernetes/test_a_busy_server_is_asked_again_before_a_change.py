import pytest

from remediator.core.action import Intent
from remediator.core.records import Outcome, Phase, StepPlan
from remediator.core.run import Job
from remediator.engine.perform import perform, resolve
from remediator.engine.work import Task


def task(action, p, phase=Phase.ACT, intent=None):
    step = StepPlan("a", action.name, {}, changes=True, timeout=5.0, attempts=1)
    return Task(Job("0/act/0", phase, 0, step, "r"), action, p, action.backend(p), intent)


@pytest.fixture
def p(server, scale, web):
    server.world.workload("deployment", "web")
    return scale.parameters(**web, by="+1")


@pytest.mark.parametrize("code", [401, 409, 429, 500, 503])
async def test_while_it_is_made_absolute(server, context, scale, p, code):
    server.fail("get", "deployments/scale", status=code, times=1)
    made = await resolve(task(scale, p), context)
    assert isinstance(made, Intent), made.error
    assert len(server.of("GET", "/scale")) == 2


async def test_while_it_is_previewed(server, context, scale, p):
    server.fail("patch", "deployments/scale", status=429, times=1)
    done = await perform(task(scale, p, Phase.PREVIEW, Intent(p, {})), context)
    assert done.outcome is Outcome.DONE, done.error
    assert all(seen.query["dryRun"] == "All" for seen in server.of("PATCH"))


async def test_but_not_when_it_would_not_help(server, context, scale, p):
    server.fail("get", "deployments/scale", status=403)
    made = await resolve(task(scale, p), context)
    assert made.outcome is Outcome.FAILED
    assert len(server.of("GET", "/scale")) == 1


async def test_nor_for_ever(server, context, scale, p):
    server.fail("get", "deployments/scale", status=503)
    made = await resolve(task(scale, p), context)
    assert (made.outcome, made.attempt) == (Outcome.FAILED, 0)
    assert len(server.of("GET", "/scale")) == 3
