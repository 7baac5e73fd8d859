import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed"),
]
HERE = Path(__file__).parents[2] / "config/kubernetes"
GROUPS = {
    "ServiceAccount": "/api/v1", "ConfigMap": "/api/v1", "PersistentVolumeClaim": "/api/v1", "Service": "/api/v1",
    "Deployment": "/apis/apps/v1", "NetworkPolicy": "/apis/networking.k8s.io/v1",
    "Role": "/apis/rbac.authorization.k8s.io/v1", "RoleBinding": "/apis/rbac.authorization.k8s.io/v1",
}  # fmt: skip


async def test_by_a_dry_run_that_refuses_unknown_fields(place):
    made = subprocess.run(["kubectl", "kustomize", str(HERE)], capture_output=True, text=True, check=True).stdout
    seen = set()
    for document in yaml.safe_load_all(made):
        kind = document["kind"]
        query = [("dryRun", "All"), ("fieldValidation", "Strict")]
        if kind == "Namespace":
            document["metadata"]["name"] += f"-{place.namespace}"
            await place.api.request("POST", "/api/v1/namespaces", query=query, body=document)
            continue
        # Their own namespaces are not there, and a dry run makes none: the test's stands for all of them.
        document["metadata"]["namespace"] = place.namespace
        plural = "networkpolicies" if kind == "NetworkPolicy" else f"{kind.lower()}s"
        path = f"{GROUPS[kind]}/namespaces/{place.namespace}/{plural}"
        answer = await place.api.request("POST", path, query=query, body=document)
        assert answer["kind"] == kind
        seen.add(kind)
    assert seen == set(GROUPS)
