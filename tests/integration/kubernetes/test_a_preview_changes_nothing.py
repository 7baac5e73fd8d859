import copy
import json


async def test_of_a_restart(server, context, restart, web):
    server.world.workload("deployment", "web")
    before = copy.deepcopy(server.world.objects)
    shown = await restart.preview(restart.parameters(**web), context)
    assert shown.splitlines() == [
        "--- deployment shop/web",
        "+++ deployment shop/web (as it would be)",
        "@@ spec.template.metadata.annotations @@",
        "+kubectl.kubernetes.io/restartedAt: 2025-06-01T12:00:00Z",
    ]
    assert server.of("PATCH")[0].query["dryRun"] == "All"
    assert server.world.objects == before


async def test_of_scaling(server, context, scale, web):
    server.world.workload("deployment", "web", replicas=4)
    before = copy.deepcopy(server.world.objects)
    shown = await scale.preview(scale.parameters(**web, by="+50%", max=5), context)
    assert shown.splitlines()[2:] == ["@@ spec @@", "-replicas: 4", "+replicas: 5"]
    assert server.of("PATCH")[0].query["dryRun"] == "All"
    assert server.world.objects == before


async def test_that_would_change_nothing(server, context, scale, web):
    server.world.workload("deployment", "web", replicas=4)
    shown = await scale.preview(scale.parameters(**web, replicas=4), context)
    assert shown == "deployment shop/web: nothing would change"


async def test_what_a_webhook_of_the_cluster_would_add_is_shown_but_no_environment_value(server, context, restart, web):
    server.world.workload("deployment", "web")
    changed = copy.deepcopy(server.world.objects["deployments", "shop", "web"])
    (container,) = changed["spec"]["template"]["spec"]["containers"]
    container |= {"image": "mirror/web:1\x1b[31m", "env": [{"name": "PASSWORD", "value": "hunter2"}]}
    server.answer("patch", "deployments", body=json.dumps(changed).encode())
    shown = await restart.preview(restart.parameters(**web), context)
    assert "+image: mirror/web:1 [31m" in shown
    assert "+value: (not shown)" in shown
    assert "hunter2" not in shown
