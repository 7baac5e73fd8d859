import pytest
import yaml
from fakes.kubernetes_access import Access
from typer.testing import CliRunner

from remediator.cli import application
from remediator.core.access import Need
from remediator.core.action import Permission
from remediator.core.foresight import Place
from remediator.errors import ConfigurationError
from remediator.interfaces.rbac import Account, manifests

RULES = """
rules:
  - {name: hung, match: alertname=Hung, guide: restart, mode: observe}
guides:
  restart:
    summary: it hangs
    target: kubernetes/CLUSTER/{{ labels.namespace }}/deployment/web
    diagnose:
      - {id: nothing, http.probe: {url: "http://127.0.0.1:9/"}}
    remedies:
      - name: restart
        steps:
          - kubernetes.rollout_restart:
              {kind: deployment, name: web, namespace: "{{ labels.namespace }}", connection: CLUSTER}
    verify:
      all:
        - kubernetes.rollout_status: {kind: deployment, name: web, namespace: other, connection: eu}
"""


def run(tmp_path, *arguments, cluster="eu"):
    file = tmp_path / "rules.yaml"
    file.write_text(RULES.replace("CLUSTER", cluster))
    done = CliRunner().invoke(application, ["rbac", str(file), *arguments])
    if isinstance(done.exception, ConfigurationError):
        raise done.exception
    return done


def test_and_nothing_else(tmp_path):
    done = run(tmp_path, "--namespace", "shop", "--service-account", "bot", "--sa-namespace", "ops")
    access = Access.of(done.stdout)
    assert access.account == "system:serviceaccount:ops:bot"
    assert access.rights == {
        ("get", "apps", "deployments", "shop", ""), ("patch", "apps", "deployments", "shop", ""),
        ("get", "apps", "deployments", "other", ""),
    }  # fmt: skip
    assert "*" not in done.stdout.split("apiVersion", 1)[1]


def test_the_same_rules_give_the_same_text(tmp_path):
    arguments = ("--namespace", "b", "--namespace", "a")
    assert run(tmp_path, *arguments).stdout == run(tmp_path, "--namespace", "a", "--namespace", "b").stdout


def test_a_namespace_that_is_missing_is_an_error_with_its_place(tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        run(tmp_path)
    (problem,) = caught.value.problems
    for said in ('rule "hung"', 'step "do1_1"', "namespace: {{ labels.namespace }}", "--namespace"):
        assert said in str(problem)


@pytest.mark.parametrize("name", ["*", "", "Shop", "a/b", "-a", "x" * 64])
def test_what_is_no_namespace_is_refused(tmp_path, name):
    done = run(tmp_path, "--namespace", name)
    assert done.exit_code == 2
    assert not done.stdout


def test_of_several_clusters_one_must_be_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"several clusters \(eu, us\)"):
        run(tmp_path, "--namespace", "shop", cluster="us")
    chosen = Access.of(run(tmp_path, "--namespace", "shop", "--connection", "us", cluster="us").stdout)
    assert {right[3] for right in chosen.rights} == {"shop"}
    with pytest.raises(ConfigurationError, match='no rule needs the connection "asia"'):
        run(tmp_path, "--namespace", "shop", "--connection", "asia", cluster="us")


def test_without_what_changes(tmp_path):
    access = Access.of(run(tmp_path, "--namespace", "shop", "--reads-only").stdout)
    assert {right[0] for right in access.rights} == {"get"}


def need(*permission, **more):
    return Need("default", Permission(*permission, **more), Place("r", "g", "s", "kubernetes.x", ()))


def documents(*needs):
    return list(yaml.safe_load_all(manifests(needs, Account("bot", "ops"))))


def test_rights_without_a_namespace_are_a_cluster_role_of_this_installation():
    found = {item["kind"]: item for item in documents(need("patch", "nodes"), need("create", "pods/eviction", "a"))}
    assert found["ClusterRole"]["metadata"]["name"] == found["ClusterRoleBinding"]["roleRef"]["name"] == "ops:bot"
    assert found["ClusterRole"]["rules"] == [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["patch"]}]
    assert found["Role"]["metadata"]["namespace"] == "a"
    assert {subject["namespace"] for kind in ("RoleBinding", "ClusterRoleBinding") for subject in found[kind]["subjects"]} == {"ops"}


def test_only_what_has_the_same_verbs_stands_together():
    role = documents(need("get", "pods", "a"), need("get", "secrets", "a"), need("list", "secrets", "a"), need("get", "events", "a"))[1]
    assert [(rule["resources"], rule["verbs"]) for rule in role["rules"]] == [
        (["events", "pods"], ["get"]), (["secrets"], ["get", "list"]),
    ]  # fmt: skip


def test_a_right_on_one_object_stays_on_it_unless_it_holds_for_all():
    role = documents(need("get", "secrets", "a", name="tls"), need("get", "pods", "a"), need("get", "pods", "a", name="x"))[1]
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["tls"], "verbs": ["get"]},
    ]


def test_rules_that_need_no_cluster_get_an_account_without_rights():
    assert [item["kind"] for item in documents()] == ["ServiceAccount"]
