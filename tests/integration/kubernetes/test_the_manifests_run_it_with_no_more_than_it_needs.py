import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from fakes.kubernetes_access import Access
from typer.testing import CliRunner

import remediator
from remediator.cli import application
from remediator.interfaces.configuration import read_settings
from remediator.interfaces.rule_files import load_rules

HERE = Path(__file__).parents[3] / "config/kubernetes"
LABEL = {"app.kubernetes.io/name": "remediator"}
NAMED = ("Namespace", "ClusterRole", "ClusterRoleBinding")

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


@pytest.fixture(scope="module")
def documents():
    """Return what kustomize makes, as kubectl would apply it."""
    done = subprocess.run(["kubectl", "kustomize", str(HERE)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of(documents, kind):
    return [item for item in documents if item["kind"] == kind]


def one(documents, kind):
    (found,) = of(documents, kind)
    return found


@pytest.fixture(scope="module")
def pod(documents):
    return one(documents, "Deployment")["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def container(pod):
    (found,) = pod["containers"]
    return found


def test_each_object_stands_once_and_in_a_namespace(documents):
    keys = [(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in documents]
    assert len(set(keys)) == len(keys)
    assert all(namespace for kind, namespace, _ in keys if kind not in NAMED)
    assert {kind for kind, _, _ in keys} == {
        "Namespace", "ServiceAccount", "Role", "RoleBinding", "ConfigMap", "PersistentVolumeClaim", "Deployment", "Service",
        "NetworkPolicy",
    }  # fmt: skip


def test_there_is_never_a_second_one(documents):
    spec = one(documents, "Deployment")["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}
    assert one(documents, "PersistentVolumeClaim")["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_it_meets_the_restricted_standard(documents, pod, container):
    """Hold to Kubernetes' Pod Security Standards, "Restricted"."""
    assert one(documents, "Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert {next(iter(set(volume) - {"name"})) for volume in pod["volumes"]} <= {"configMap", "secret", "persistentVolumeClaim"}


def test_it_writes_to_its_volume_only(container):
    assert [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")] == ["/data"]


def test_its_user_is_that_of_the_image(pod):
    dockerfile = (HERE.parents[1] / "Dockerfile").read_text()
    assert f"USER {pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" in dockerfile


def test_its_image_is_of_this_version(container):
    assert container["image"].endswith(f"/remediator:{remediator.__version__}")


def test_it_knows_itself(container):
    fields = {item["name"]: item["valueFrom"]["fieldRef"]["fieldPath"] for item in container["env"]}
    assert fields == {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace"}


def test_every_mount_and_reference_is_there(documents, pod, container):
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert set(volumes) == {mount["name"] for mount in container["volumeMounts"]}
    maps = {item["metadata"]["name"] for item in of(documents, "ConfigMap")}
    assert {volume["configMap"]["name"] for volume in volumes.values() if "configMap" in volume} == maps
    assert volumes["data"]["persistentVolumeClaim"]["claimName"] == one(documents, "PersistentVolumeClaim")["metadata"]["name"]
    assert pod["serviceAccountName"] == one(documents, "ServiceAccount")["metadata"]["name"]
    labels = one(documents, "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert labels == one(documents, "Service")["spec"]["selector"] == LABEL
    assert one(documents, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == LABEL


def test_probes_and_ports_are_the_daemons(documents, container):
    (port,) = container["ports"]
    assert f"--web.listen-address=0.0.0.0:{port['containerPort']}" in container["args"]
    assert container["livenessProbe"]["httpGet"] == {"path": "/-/healthy", "port": port["name"]}
    assert container["readinessProbe"]["httpGet"] == {"path": "/-/ready", "port": port["name"]}
    assert one(documents, "Service")["spec"]["ports"][0]["targetPort"] == port["name"]
    assert one(documents, "NetworkPolicy")["spec"]["ingress"][0]["ports"] == [{"protocol": "TCP", "port": port["containerPort"]}]


def files(documents, pod, container, folder):
    """Write the ConfigMaps where the pod would have them; return the folder that stands for /."""
    maps = {item["metadata"]["name"]: item["data"] for item in of(documents, "ConfigMap")}
    for volume in pod["volumes"]:
        place = folder / next(m["mountPath"] for m in container["volumeMounts"] if m["name"] == volume["name"])[1:]
        place.mkdir(parents=True)
        for name, text in maps.get(volume.get("configMap", {}).get("name"), {}).items():
            (place / name).write_text(text)
    return folder


def test_its_configuration_and_rules_load(documents, pod, container, tmp_path):
    root = files(documents, pod, container, tmp_path)
    (config,) = [root / argument.partition("=")[2][1:] for argument in container["args"] if argument.startswith("--config.file")]
    settings, connections = read_settings(config)
    assert settings.max_mode == "observe"
    mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
    used = [*settings.rules, str(settings.store.path), str(settings.web.webhook.bearer_token_file)]
    assert all(any(path.startswith(f"{mount}/") for mount in mounts) for path in used)
    assert load_rules([pattern[1:] for pattern in settings.rules], root, connections).table.rules
    assert settings.drain < pod["terminationGracePeriodSeconds"]


def test_its_rights_are_those_that_its_rules_need_now(documents):
    done = CliRunner().invoke(application, ["rbac", str(HERE / "rules")])
    assert done.exit_code == 0, done.output
    assert (HERE / "rbac.yaml").read_text() == done.stdout
    made = Access.of(yaml.safe_dump_all(documents))
    assert made.rights == Access.of(done.stdout).rights != set()
    assert {right[3] for right in made.rights} == {"shop", "payments"}
