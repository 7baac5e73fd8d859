import pytest

from remediator.errors import PermanentError


@pytest.fixture
def world(server, made):
    made()
    server.world.put("namespaces", {"metadata": {"name": "shop"}, "spec": {}, "status": {}})
    server.world.put("services", {"metadata": {"name": "web", "namespace": "shop"}, "spec": {}, "status": {}})
    return server.world


NAMESPACE = {"kind": "namespace", "name": "shop"}
SERVICE = {"kind": "service", "name": "web", "namespace": "shop"}


@pytest.mark.parametrize("verb", ["label", "annotate"])
@pytest.mark.parametrize("names", [NAMESPACE, SERVICE, "pod"])
async def test_on_objects_of_other_kinds(server, context, actions, world, verb, names):
    if names == "pod":
        names = {"kind": "pod", "name": world.of("pods", "shop")[0]["metadata"]["name"], "namespace": "shop"}
    action = actions[verb]
    intent = await action.resolve(action.parameters(**names, set={"tier": "gold"}), context)
    said = await action.perform(intent.parameters, context)
    assert (said.changed, said.replaces_pods) == (True, False)
    key = (f"{names['kind']}s", names.get("namespace", ""), names["name"])
    which = "labels" if verb == "label" else "annotations"
    assert world.objects[key]["metadata"][which]["tier"] == "gold"
    await action.undo(intent, context)
    assert "tier" not in world.objects[key]["metadata"][which]
    resource = f"{names['kind']}s"
    assert {(right.verb, right.resource, right.group) for right in action.permissions(intent.parameters)} == {
        ("get", resource, ""), ("patch", resource, ""),
    }  # fmt: skip


def test_a_namespace_is_the_target_of_all_in_it(actions):
    assert actions["label"].targets(actions["label"].parameters(**NAMESPACE, set={"a": "b"})) == ("kubernetes/default/shop",)
    assert actions["label"].targets(actions["label"].parameters(**SERVICE, set={"a": "b"})) == (
        "kubernetes/default/shop/service/web",
    )


async def test_on_the_pod_template_pods_restart(context, actions, world, web):
    said = await actions["annotate"].perform(
        actions["annotate"].parameters(**web, set={"prometheus.io/scrape": True}, on="template"), context
    )
    assert said.replaces_pods
    document = world.objects["deployments", "shop", "web"]
    assert document["spec"]["template"]["metadata"]["annotations"] == {"prometheus.io/scrape": "true"}
    assert "prometheus.io/scrape" not in document["metadata"].get("annotations", {})


async def test_a_label_that_selects_the_pods_stays_on_the_template(server, context, actions, world, web):
    p = actions["label"].parameters(**web, set={"app": "other"}, on="both")
    with pytest.raises(PermanentError, match="selects its pods by app"):
        await actions["label"].preview(p, context)
    assert not server.of("PATCH")


async def test_a_key_may_be_called_like_a_field(context, actions, world, web):
    values = {"set": {"paused": "", "resources": "1", "env": "0"}}
    await actions["annotate"].perform(actions["annotate"].parameters(**web, **values), context)
    values = {"set": {"paused": "yes", "resources": "1000m", "env": ""}}
    await actions["annotate"].perform(actions["annotate"].parameters(**web, **values), context)
    assert values["set"].items() <= world.objects["deployments", "shop", "web"]["metadata"]["annotations"].items()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, 'give "set" or "remove"'),
        ({"set": {"a": "b"}, "remove": ["a"]}, "to be set and to be removed"),
        ({"set": {"a": 1.5}}, "quote it"),
        ({"set": {"A/b": "c"}}, "pattern"),
        ({"set": {"a/b/c": "d"}}, "pattern"),
        ({"set": {"-a": "d"}}, "pattern"),
        ({"set": {"a": "b c"}}, "pattern"),
        ({"set": {"a" * 64: "b"}}, "pattern"),
        ({"set": {"a": "b" * 64}}, "pattern"),
        ({"set": {"api-token": "b"}}, "looks secret"),
        ({"set": {"pod-template-hash": "b"}}, "belongs to those who keep it"),
        ({"remove": ["pod-security.kubernetes.io/enforce"]}, "belongs to those who keep it"),
        ({"set": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}}, "belongs to those who keep it"),
        ({"set": {"a": "b"}, "on": "template", "kind": "service"}, "no pod template"),
        ({"set": {"a": "b"}, "kind": "namespace"}, "has none itself"),
        ({"set": {"a": "b"}, "namespace": None}, "has a namespace"),
        ({"set": {"a": "b"}, "kind": "node"}, "kind"),
    ],
)
def test_what_is_wrong_is_refused_at_load(actions, web, values, words):
    with pytest.raises(ValueError, match=words):
        actions["label"].parameters(**{**web, **values})
