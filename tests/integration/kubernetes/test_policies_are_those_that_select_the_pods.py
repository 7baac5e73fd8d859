import pytest

from remediator.actions.kubernetes.labels import fits


@pytest.fixture
def policies(actions, context, web):
    async def policies(**values):
        action = actions["network_policies"]
        return await action.perform(action.parameters(**{**web, **values}), context)

    return policies


@pytest.fixture
def policy(server):
    def policy(name, selector=None, **spec):
        server.world.put(
            "networkpolicies",
            {"metadata": {"name": name, "namespace": "shop"}, "spec": {"podSelector": selector or {}, **spec}},
        )

    server.world.workload("deployment", "web")
    return policy


async def test_none_selects_them(policy, policies):
    policy("other", {"matchLabels": {"app": "db"}}, policyTypes=["Ingress"])
    found = await policies()
    assert (found.total, found.in_namespace, found.ingress_isolated, found.egress_isolated) == (0, 1, False, False)
    assert not found.ingress_denied


async def test_what_comes_in_and_goes_out(policy, policies):
    policy(
        "web", {"matchLabels": {"app": "web"}}, policyTypes=["Ingress", "Egress"],
        ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "gateway"}}}, {"namespaceSelector": {}}],
                  "ports": [{"protocol": "TCP", "port": 8080}, {"port": "metrics"}]}],
        egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}], "ports": [{"protocol": "UDP", "port": 53, "endPort": 54}]}, {}],
    )  # fmt: skip
    found = await policies()
    (shown,) = found.policies
    assert (shown.name, shown.types) == ("web", ("Ingress", "Egress"))
    assert shown.ingress == ("from pods app=gateway or all pods of namespaces all on TCP/8080, TCP/metrics",)
    assert shown.egress == ("to 10.0.0.0/8 but 10.1.0.0/16 on UDP/53-54", "to anywhere on all ports")
    assert (found.ingress_isolated, found.egress_isolated) == (True, True)
    assert (found.ingress_denied, found.egress_denied) == (False, False)


async def test_all_is_denied(policy, policies):
    policy("deny", policyTypes=["Ingress", "Egress"])
    found = await policies()
    assert (found.ingress_denied, found.egress_denied) == (True, True)


async def test_one_more_policy_can_let_through(policy, policies):
    policy("deny", policyTypes=["Ingress"])
    policy("let", policyTypes=["Ingress"], ingress=[{}])
    found = await policies()
    assert (found.total, found.ingress_isolated, found.ingress_denied) == (2, True, False)


@pytest.mark.parametrize(("spec", "types"), [({}, ("Ingress",)), ({"egress": [{}]}, ("Ingress", "Egress"))])
async def test_types_that_are_not_written_follow_from_the_rules(policy, policies, spec, types):
    policy("old", **spec)
    assert (await policies()).policies[0].types == types


async def test_of_a_pod_its_own_labels_count(server, policy, policies):
    policy("canary", {"matchExpressions": [{"key": "canary", "operator": "Exists"}]}, policyTypes=["Ingress"])
    pod = server.world.of("pods", "shop")[0]
    pod["metadata"]["labels"]["canary"] = "yes"
    assert (await policies()).total == 0
    assert (await policies(kind="pod", name=pod["metadata"]["name"])).total == 1


@pytest.mark.parametrize(
    ("expression", "labels", "holds"),
    [
        ({"operator": "In", "values": ["a", "b"]}, {"k": "a"}, True),
        ({"operator": "In", "values": ["a", "b"]}, {"k": "c"}, False),
        ({"operator": "In", "values": ["a"]}, {}, False),
        ({"operator": "NotIn", "values": ["a"]}, {"k": "b"}, True),
        ({"operator": "NotIn", "values": ["a"]}, {}, True),
        ({"operator": "NotIn", "values": ["a"]}, {"k": "a"}, False),
        ({"operator": "Exists"}, {"k": ""}, True),
        ({"operator": "Exists"}, {}, False),
        ({"operator": "DoesNotExist"}, {}, True),
        ({"operator": "DoesNotExist"}, {"k": "a"}, False),
        ({"operator": "Resembles"}, {"k": "a"}, False),
    ],
)
def test_each_operator(expression, labels, holds):
    assert fits({"matchExpressions": [{"key": "k", **expression}]}, labels) is holds
