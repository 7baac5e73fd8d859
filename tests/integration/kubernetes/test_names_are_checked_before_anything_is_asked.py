import pytest

BAD = ["", " ", "Web", "web_1", "-web", "web-", "a/b", "../x", "a%2fb", "web\n", "web?x=1", "ẅeb", "web..a", "a" * 254]


@pytest.mark.parametrize("name", BAD)
def test_a_workloads(actions, name):
    for action in ("rollout_restart", "rollout_status", "scale", "describe_workload", "logs", "events"):
        more = {"replicas": 1} if action == "scale" else {}
        with pytest.raises(ValueError, match="name"):
            actions[action].parameters(kind="deployment", name=name, namespace="shop", **more)


@pytest.mark.parametrize("namespace", [*BAD, "a.b", "a" * 64])
def test_a_namespace(actions, namespace):
    for action in ("rollout_restart", "rollout_status", "scale", "describe_workload", "logs", "events"):
        more = {"replicas": 1} if action == "scale" else {}
        with pytest.raises(ValueError, match="namespace"):
            actions[action].parameters(kind="deployment", name="web", namespace=namespace, **more)


@pytest.mark.parametrize("connection", ["", "a/b", "-a", "a b", "a" * 64, "a\n"])
def test_a_connection(status, web, connection):
    with pytest.raises(ValueError, match="connection"):
        status.parameters(**web, connection=connection)


@pytest.mark.parametrize("kind", ["", "Deployment", "deployments", "pod", "replicaset", "node"])
def test_a_kind(status, kind):
    with pytest.raises(ValueError, match="kind"):
        status.parameters(kind=kind, name="web", namespace="shop")


@pytest.mark.parametrize("name", ["web", "web-1", "1web", "a.b-c.d", "a" * 253])
def test_good_ones(status, name):
    assert status.parameters(kind="deployment", name=name, namespace="shop").name == name
