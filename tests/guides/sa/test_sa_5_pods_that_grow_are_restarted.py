"""Memory that grows calls for a restart; whether it helped is how memory grows afterwards. Once a day at three, too."""

import time

from fakes.kubernetes_looks import measure

ROWS = ("SA-5",)
BACKENDS = {"kubernetes": "fake", "prometheus": "fake"}
RESTARTED = "kubectl.kubernetes.io/restartedAt"


def restarted(agents):
    return RESTARTED in agents.workload["spec"]["template"]["metadata"].get("annotations", {})


async def test_memory_is_nearly_full_and_grows(agents):
    measure(agents.cluster.world, cpu="20m", memory="120Mi")
    agents.prometheus.values["deriv("] = lambda: 100.0 if restarted(agents) else 40_000.0
    async with agents.daemon() as daemon:
        run = await daemon.alert(alertname="SergasAgentsMemoryGrows", platform="sergas-agents")
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert restarted(agents)
    assert "the value is 100, below 20000" in report


async def test_it_grows_as_before_so_people_are_called(agents):
    measure(agents.cluster.world, cpu="20m", memory="120Mi")
    agents.prometheus.values["deriv("] = 40_000.0
    async with agents.daemon(_impatient) as daemon:
        run = await daemon.alert(alertname="SergasAgentsMemoryGrows", platform="sergas-agents")
        await daemon.ends(run, "escalated")
    assert restarted(agents)


def _impatient(document):
    document["guides"]["sergas-agents-memory"]["verify"]["within"] = "500ms"


async def test_pods_were_killed_already(agents):
    pod = agents.cluster.world.of("pods", "shop")[0]
    pod["status"]["containerStatuses"][0]["lastState"] = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}

    def limit():
        return agents.workload["spec"]["template"]["spec"]["containers"][0].get("resources", {}).get("limits", {})

    agents.prometheus.values["deriv("] = lambda: 100.0 if limit() else 40_000.0
    async with agents.daemon() as daemon:
        run = await daemon.alert(alertname="SergasAgentsMemoryGrows", platform="sergas-agents")
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert limit() == {"memory": "4Gi"}


async def test_the_daily_restart(agents):
    began = time.time()  # noqa: TID251 -- the cluster's clock

    def started():
        return began + 60 if restarted(agents) else began - 80_000

    agents.prometheus.values["time() - min(kube_pod_start_time"] = 22.0
    agents.prometheus.values["min(kube_pod_start_time"] = started
    async with agents.daemon(_at_any_hour) as daemon:
        run = await daemon.alert(alertname="SergasAgentsDailyRestart", platform="sergas-agents")
        await daemon.ends(run, "succeeded")
    assert restarted(agents)


def _at_any_hour(document):
    for rule in document.get("rules", ()):
        rule.pop("active_time_intervals", None)
