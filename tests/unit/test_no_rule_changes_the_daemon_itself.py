import pytest

from remediator.actions.kubernetes import Connection
from remediator.actions.kubernetes.ourselves import own_places
from remediator.app.site import envelope_of
from remediator.core.guards import judge_place
from remediator.settings import Settings

POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "POD_NAMESPACE": "ops", "POD_NAME": "remediator-6d4cf56db6-x7k2p"}
CONNECTIONS = {"kubernetes": {"default": Connection(), "eu": Connection(context="eu")}}


def refused(target, environ=POD, **allow):
    settings = Settings.model_validate({"allow": {"targets": ["kubernetes/**"], **allow}})
    return judge_place(target, envelope_of(settings, CONNECTIONS, environ)) is not None


@pytest.mark.parametrize(
    "target",
    [
        "kubernetes/default/ops/deployment/remediator",
        "kubernetes/default/ops/deployment/remediator/scale",
        "kubernetes/default/ops/pod/remediator-6d4cf56db6-x7k2p",
        "kubernetes/default/ops/pod/remediator-5b8-zzzzz",
        "kubernetes/default/ops/replicaset/remediator-6d4cf56db6",
        "kubernetes/default/ops/persistentvolumeclaim/remediator",
        "kubernetes/eu/ops/deployment/remediator",
        "kubernetes/default/ops",
    ],
)
def test_nor_what_holds_it(target):
    assert refused(target)
    assert not refused(target, own_workload=True)


@pytest.mark.parametrize(
    "target",
    [
        "kubernetes/default/ops/deployment/grafana", "kubernetes/default/ops/pod/grafana-1",
        "kubernetes/default/shop/deployment/remediator", "kubernetes/default/shop",
    ],
)  # fmt: skip
def test_what_is_beside_it_may_be_changed(target):
    assert not refused(target)


@pytest.mark.parametrize("pod", ["", "remediator", "Remediator-1", "remediator-*", "a" * 63, "../x-0", "x" * 57 + "-abc12"])
def test_a_pod_whose_owner_cannot_be_told_protects_its_whole_namespace(pod):
    assert refused("kubernetes/default/ops/deployment/grafana", POD | {"POD_NAME": pod})


def test_a_pods_manifest_that_says_no_name_does_so_too():
    environ = {name: value for name, value in POD.items() if name != "POD_NAME"}
    assert refused("kubernetes/default/ops/deployment/grafana", environ)


@pytest.mark.parametrize("pod", ["remediator-0", "remediator-x7k2p"])
def test_other_kinds_of_owners(pod):
    environ = POD | {"POD_NAME": pod}
    assert refused("kubernetes/default/ops/statefulset/remediator", environ)
    assert not refused("kubernetes/default/ops/deployment/grafana", environ)


def test_the_namespace_is_also_told_by_the_service_account(tmp_path):
    (tmp_path / "namespace").write_text("ops\n")
    environ = {name: value for name, value in POD.items() if name != "POD_NAMESPACE"}
    assert "kubernetes/*/ops/*/remediator" in own_places(environ, tmp_path)
    # Nothing tells it: the name counts in every namespace.
    assert "kubernetes/*/*/*/remediator" in own_places(environ, tmp_path / "absent")


def test_outside_of_a_cluster_nothing_is_added():
    assert own_places({"HOSTNAME": "laptop-1"}) == ()


def test_a_site_without_clusters_is_not_asked():
    assert envelope_of(Settings(), {}, POD).protected == Settings().allow.protected
