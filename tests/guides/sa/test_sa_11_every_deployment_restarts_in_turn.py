"""When somebody agrees, every deployment of the namespace restarts; other kinds are left alone."""

import time

ROWS = ("SA-11",)
BACKENDS = {"kubernetes": "fake", "prometheus": "fake"}
RESTARTED = "kubectl.kubernetes.io/restartedAt"


def restarted(agents, kind="deployments"):
    found = agents.cluster.world.of(kind, "shop")
    return {
        item["metadata"]["name"]
        for item in found
        if RESTARTED in item["spec"]["template"]["metadata"].get("annotations", {})
    }


async def test_all_of_them(agents):
    for name in ("worker", "scheduler"):
        agents.cluster.world.workload("deployment", name)
    agents.cluster.world.workload("statefulset", "redis")
    began = time.time()  # noqa: TID251 -- the cluster's clock
    agents.prometheus.values["kube_pod_start_time"] = lambda: began + 60 if len(restarted(agents)) == 3 else began - 9000
    agents.prometheus.values["kube_deployment_status_replicas_unavailable"] = 0.0
    async with agents.daemon() as daemon:
        run = await daemon.alert(alertname="SergasAgentsRestartWanted", platform="sergas-agents", severity="critical")
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert restarted(agents) == {"api-server", "worker", "scheduler"}
    assert restarted(agents, "statefulsets") == set()
    assert "anna: agreed" in report


async def test_not_without_a_person(agents):
    agents.prometheus.values["kube_pod_start_time"] = 1.0
    agents.prometheus.values["kube_deployment_status_replicas_unavailable"] = 0.0
    async with agents.daemon() as daemon:
        run = await daemon.alert(alertname="SergasAgentsRestartWanted", platform="sergas-agents", severity="critical")
        await daemon.refuse(run)
        await daemon.ends(run, "refused")
    assert restarted(agents) == set()
