import pytest

BAD = ["", " ", "Web", "web_1", "-web", "web-", "a/b", "../x", "a%2fb", "web\n", "web?x=1", "ẅeb", "web..a", "a" * 254]

USES = {
    **dict.fromkeys(("rollout_restart", "rollout_status", "describe_workload", "logs", "events"), {}),
    **dict.fromkeys(("rollout_undo", "pause_rollout", "resume_rollout"), {}),
    **dict.fromkeys(("set_env", "annotate", "label"), {"set": {"a": "b"}}),
    "scale": {"replicas": 1},
    "set_image": {"image": "a:1"},
    "set_resources": {"limits": {"cpu": "1"}},
    "set_probe": {"liveness": {"timeout_seconds": 1}},
}


@pytest.mark.parametrize("name", BAD)
def test_a_workloads(actions, name):
    for action, more in USES.items():
        with pytest.raises(ValueError, match="name"):
            actions[action].parameters(kind="deployment", name=name, namespace="shop", **more)


@pytest.mark.parametrize("namespace", [*BAD, "a.b", "a" * 64])
def test_a_namespace(actions, namespace):
    for action, more in USES.items():
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


IMAGES = ["web", "web:1", "shop/web:1.4.2", "registry.example.com:5000/shop/web", f"a.b/c@sha256:{'0' * 64}", "a/b_c:v-1_2"]
NO_IMAGES = ["", " ", "web:", "web 1", "web@sha256:1", "a//b", "../web", "web\n", "Reg/Web:1", "-web", "w" * 501, "web:1:2"]


@pytest.mark.parametrize("image", IMAGES)
def test_good_images(actions, web, image):
    assert actions["set_image"].parameters(**web, image=image).image == image


@pytest.mark.parametrize("image", NO_IMAGES)
def test_an_image(actions, web, image):
    with pytest.raises(ValueError, match="image"):
        actions["set_image"].parameters(**web, image=image)
