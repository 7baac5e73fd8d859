import pytest
from fakes.kubernetes_changes import cron_job, end_job
from msgspec.structs import replace

from remediator.core.durations import SECOND
from remediator.errors import AmbiguousError, PermanentError

TEMPLATE = {
    "metadata": {"labels": {"task": "migrate"}},
    "spec": {
        "backoffLimit": 0,
        "template": {"spec": {"containers": [{"name": "app", "image": "example/migrate:1"}], "restartPolicy": "Never"}},
    },
}


@pytest.fixture
def run_job(actions):
    return actions["run_job"]


@pytest.fixture
def step(context):
    return replace(context, key="run-1/0/act/migrate")


def jobs(server):
    return [job["metadata"]["name"] for job in server.world.of("jobs", "shop")]


async def test_of_a_template(server, step, run_job):
    p = run_job.parameters(namespace="shop", name="migrate", template=TEMPLATE, ttl="1h")
    intent = await run_job.resolve(p, step)
    server.log(f"{intent.parameters.job}-x", "upgrading", "at head")
    done = await run_job.perform(intent.parameters, step)
    assert (done.succeeded, done.failed, done.changed) == (1, 0, True)
    assert [(one.container, one.exit_code) for one in done.exit_codes] == [("app", 0)]
    assert done.log == ("upgrading", "at head")
    job = server.world.objects["jobs", "shop", done.job]
    assert done.job.startswith("migrate-")
    assert job["spec"] | {"ttlSecondsAfterFinished": 3600} == job["spec"]
    assert job["spec"]["backoffLimit"] == 0
    assert job["metadata"]["labels"] == {"task": "migrate"}


async def test_of_a_cron_job_it_is_as_the_cron_job_would_run_it(server, step, run_job):
    cron_job(server.world, "nightly")
    done = await run_job.perform(run_job.parameters(namespace="shop", cron_job="nightly"), step)
    job = server.world.objects["jobs", "shop", done.job]
    assert job["metadata"]["annotations"]["cronjob.kubernetes.io/instantiate"] == "manual"
    assert job["metadata"]["labels"] == {"team": "data"}
    assert job["metadata"]["ownerReferences"][0]["name"] == "nightly"


async def test_a_repeat_finds_the_first(server, step, run_job):
    intent = await run_job.resolve(run_job.parameters(namespace="shop", name="migrate", template=TEMPLATE), step)
    assert await run_job.happened(intent, step) is False
    first = await run_job.perform(intent.parameters, step)
    later = replace(step, now=step.now + 60 * SECOND)
    again = await run_job.perform(intent.parameters, later)
    assert (first.job, first.changed, again.job, again.changed) == (again.job, True, first.job, False)
    assert len(jobs(server)) == 1
    assert await run_job.happened(intent, later) is True


async def test_another_step_runs_its_own(server, step, run_job):
    p = run_job.parameters(namespace="shop", name="migrate", template=TEMPLATE)
    await run_job.perform(p, step)
    await run_job.perform(p, replace(step, key="run-2/0/act/migrate"))
    assert len(jobs(server)) == 2


async def test_a_lost_answer_to_the_creation_makes_no_second(server, step, run_job):
    intent = await run_job.resolve(run_job.parameters(namespace="shop", name="migrate", template=TEMPLATE), step)
    server.drop("create", "jobs", applied=True, times=1)
    with pytest.raises(AmbiguousError):
        await run_job.perform(intent.parameters, step)
    assert not (await run_job.perform(intent.parameters, step)).changed
    assert len(jobs(server)) == 1


async def test_a_failed_job_is_a_failed_step_that_tells_why(server, step, run_job):
    server.world.job_ends = "failed"
    intent = await run_job.resolve(run_job.parameters(namespace="shop", name="migrate", template=TEMPLATE), step)
    name = intent.parameters.job
    server.log(f"{name}-x", "no such revision")
    with pytest.raises(PermanentError, match=rf"job shop/{name} failed: .*{name}-x/app: 3; log: no such revision"):
        await run_job.perform(intent.parameters, step)
    assert await run_job.happened(intent, step) is not True


async def test_one_that_does_not_end_in_time_may_yet(server, step, run_job):
    server.world.job_ends = "running"
    p = run_job.parameters(namespace="shop", name="migrate", template=TEMPLATE, wait="300ms")
    intent = await run_job.resolve(p, step)
    with pytest.raises(AmbiguousError, match=r"has not ended within 0.3s; it runs on"):
        await run_job.perform(intent.parameters, step)
    assert await run_job.happened(intent, step) is None
    end_job(server.world, intent.parameters.job, "complete")
    assert not (await run_job.perform(intent.parameters, step)).changed
    assert await run_job.happened(intent, step) is True


async def test_somebody_elses_job_of_that_name_is_not_ours(server, step, run_job):
    intent = await run_job.resolve(run_job.parameters(namespace="shop", name="migrate", template=TEMPLATE), step)
    other = {"metadata": {"name": intent.parameters.job, "namespace": "shop"}, "spec": {}}
    server.world.put("jobs", other)
    for call in (run_job.perform(intent.parameters, step), run_job.happened(intent, step)):
        with pytest.raises(PermanentError, match="that this step has not made"):
            await call


async def test_one_that_may_have_been_removed_since_is_not_begun_again(server, step, run_job):
    intent = await run_job.resolve(run_job.parameters(namespace="shop", name="migrate", template=TEMPLATE, ttl="1h"), step)
    late = replace(step, now=step.now + 3600 * SECOND)
    assert await run_job.happened(intent, late) is None
    with pytest.raises(AmbiguousError, match="may have run and been removed since"):
        await run_job.perform(intent.parameters, late)
    assert not jobs(server)


async def test_a_log_that_cannot_be_read_does_not_fail_it(server, step, run_job):
    server.fail("get", "pods/log", status=500)
    done = await run_job.perform(run_job.parameters(namespace="shop", name="migrate", template=TEMPLATE), step)
    assert done.succeeded == 1
    assert done.log[0].startswith(f"(no log of {done.job}-x:")


async def test_the_preview_creates_nothing_and_hides_the_environment(server, step, run_job):
    template = {"spec": {"template": {"spec": {"containers": [
        {"name": "app", "image": "example/job:1", "env": [{"name": "PASSWORD", "value": "hunter2"}]},
    ], "restartPolicy": "Never"}}}}  # fmt: skip
    shown = await run_job.preview(run_job.parameters(namespace="shop", name="migrate", template=template), step)
    assert "+image: example/job:1" in shown
    assert "hunter2" not in shown
    assert not jobs(server)


@pytest.mark.parametrize("name", ["a" * 253, "a.b-" * 30 + "c", "x"])
async def test_its_name_fits_into_a_label(step, run_job, name):
    intent = await run_job.resolve(run_job.parameters(namespace="shop", name=name, template=TEMPLATE), step)
    assert len(intent.parameters.job) <= 63


@pytest.mark.parametrize(
    "values",
    [
        {}, {"cron_job": "a", "template": TEMPLATE, "name": "b"}, {"template": TEMPLATE}, {"template": {}, "name": "a"},
        {"template": {"kind": "Pod", "spec": {}}, "name": "a"}, {"cron_job": "a", "ttl": "10s"},
        {"template": {"spec": {}, "metadata": {"name": "x"}}, "name": "a"}, {"template": {"spec": {"x": "y" * 70_000}}, "name": "a"},
        {"template": {"spec": {}, "status": {}}, "name": "a"}, {"cron_job": "a/../b"},
    ],
)  # fmt: skip
def test_what_is_no_job_is_refused(run_job, values):
    with pytest.raises(ValueError, match="validation error"):
        run_job.parameters(namespace="shop", **values)
