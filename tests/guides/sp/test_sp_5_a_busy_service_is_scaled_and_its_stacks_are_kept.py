"""CPU: a stack sample from a pod goes into the report, and the service gets replicas up to its bound."""

ROWS = ("SP-5",)
BACKENDS = {"postgres": "real", "kubernetes": "fake", "prometheus": "fake"}
ALERT = {"alertname": "HighCPU", "platform": "service-platform", "service": "data-processor", "severity": "warning"}
NAME = "data-processor"


async def test_scaled_to_twenty(platform, database):
    platform.programs(py_spy=(0, "Thread 1 (active): parse (parser.py:42)"))
    platform.prometheus.values["container_cpu_usage"] = lambda: 2.8 / platform.deployment(NAME)["spec"]["replicas"]
    async with platform.up(connections_per_replica=1) as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert platform.deployment(NAME)["spec"]["replicas"] == 20
    assert "parser.py:42" in report
    assert [argv for argv, *_ in platform.kubernetes.execs] == [["py-spy", "dump", "--pid", "1"]]


async def test_not_when_the_database_has_no_room_for_that_many(platform, database):
    platform.prometheus.values["container_cpu_usage"] = 0.93
    async with platform.up(connections_per_replica=20) as daemon:
        run = await daemon.alert(**ALERT)
        shown = await daemon.ends(run, "escalated")
        assert "steps.pool.headroom" in shown["reason"]
    assert platform.writes() == []


async def test_taken_back_by_a_person(platform, database):
    platform.prometheus.values["container_cpu_usage"] = lambda: 2.8 / platform.deployment(NAME)["spec"]["replicas"]
    async with platform.up(connections_per_replica=1) as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "succeeded")
        back = await daemon.api(f"runs/{run}/undo", {"who": "anna", "reason": "the load is over"})
        await daemon.ends(back["run"], "undone")
    assert platform.deployment(NAME)["spec"]["replicas"] == 3
