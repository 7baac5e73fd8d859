import pytest


@pytest.fixture
def hpa(actions, context, web):
    async def hpa():
        return await actions["hpa"].perform(actions["hpa"].parameters(**web), context)

    return hpa


@pytest.fixture
def scaler(server):
    server.world.workload("deployment", "web")
    found = server.world.autoscaler("web-hpa", "Deployment", "web")
    found["spec"] |= {"minReplicas": 2, "maxReplicas": 6, "metrics": [
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}},
        {"type": "Pods", "pods": {"metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "30"}}},
    ]}  # fmt: skip
    found["status"] = {
        "currentReplicas": 6, "desiredReplicas": 6, "lastScaleTime": "2025-06-01T11:50:00Z",
        "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 95}}}],
        "conditions": [
            {"type": "AbleToScale", "status": "True", "reason": "ReadyForNewScale"},
            {"type": "ScalingActive", "status": "True", "reason": "ValidMetricFound"},
            {"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas", "message": "more than max"},
        ],
    }  # fmt: skip
    return found


async def test_at_its_bound(scaler, hpa):
    found = await hpa()
    assert (found.exists, found.name, found.min, found.max) == (True, "web-hpa", 2, 6)
    assert (found.current, found.desired, found.at_max, found.limited) == (6, 6, True, True)
    assert (found.able, found.active, found.reason) == (True, True, "TooManyReplicas: more than max")
    assert [(m.name, m.current, m.target) for m in found.metrics] == [("cpu", "95", "70"), ("queue", "", "30")]
    assert found.scaled_ago == 600.0


async def test_without_measurements(scaler, hpa):
    scaler["status"]["conditions"][1] |= {"status": "False", "reason": "FailedGetResourceMetric", "message": "no metrics"}
    found = await hpa()
    assert (found.active, found.reason) == (False, "FailedGetResourceMetric: no metrics")


async def test_at_rest(scaler, hpa):
    scaler["status"] |= {"desiredReplicas": 3, "conditions": []}
    found = await hpa()
    assert (found.at_max, found.limited, found.able, found.active, found.reason) == (False, False, None, None, "")


async def test_that_there_is_none_is_a_finding(server, hpa):
    server.world.workload("deployment", "web")
    server.world.autoscaler("api-hpa", "Deployment", "api")
    found = await hpa()
    assert (found.exists, found.name, found.max, found.at_max, found.metrics) == (False, "", 0, False, ())
