import pytest

ANNOTATION = "kubectl.kubernetes.io/restartedAt"


def template(server, resource="deployments", name="web"):
    return server.world.objects[resource, "shop", name]["spec"]["template"]


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset"])
async def test_the_pod_templates_annotation_is_patched(server, context, restart, kind):
    server.world.workload(kind, "web")
    before = {pod["metadata"]["uid"] for pod in server.world.of("pods", "shop")}
    intent = await restart.resolve(restart.parameters(kind=kind, name="web", namespace="shop"), context)
    done = await restart.perform(intent.parameters, context)

    (patch,) = server.of("PATCH")
    assert patch.path == f"/apis/apps/v1/namespaces/shop/{kind}s/web"
    assert patch.media == "application/strategic-merge-patch+json"
    assert patch.query == {"fieldManager": "remediator"}
    assert patch.json == {"spec": {"template": {"metadata": {"annotations": {ANNOTATION: "2025-06-01T12:00:00Z"}}}}}
    assert done.changed
    assert done.generation == 2
    assert template(server, f"{kind}s")["metadata"]["labels"] == {"app": "web"}  # merged, not replaced
    assert not before & {pod["metadata"]["uid"] for pod in server.world.of("pods", "shop")}


async def test_the_intent_is_absolute_and_records_what_was_there(server, context, restart, web):
    server.world.workload("deployment", "web")
    template(server)["metadata"]["annotations"] = {ANNOTATION: "2025-05-31T00:00:00+02:00"}
    intent = await restart.resolve(restart.parameters(**web), context)
    assert intent.parameters.restarted_at == "2025-06-01T12:00:00Z"
    assert intent.before["restarted_at"] == "2025-05-31T00:00:00+02:00"
    assert intent.before["generation"] == 1
    assert len(intent.before["pod_template_hash"]) == 16
    assert not server.of("PATCH")


async def test_an_intent_survives_the_journal(server, context, restart, web):
    server.world.workload("deployment", "web")
    intent = await restart.resolve(restart.parameters(**web), context)
    assert restart.parameters.model_validate(intent.parameters.model_dump(mode="json")) == intent.parameters


@pytest.mark.parametrize("when", ["now", "2025-06-01", "2025-06-01T12:00:00", "2025-06-01T12:00:00Z\n", ""])
def test_a_time_that_is_none_is_refused(restart, web, when):
    with pytest.raises(ValueError, match="restarted_at"):
        restart.parameters(**web, restarted_at=when)
