import subprocess
import sys

import pytest


def run(code, *args):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *args], capture_output=True, text=True, timeout=60, check=False
    )
    assert not done.returncode, done.stderr
    return done.stdout


def test_not_when_the_actions_are_loaded():
    out = run("""
import sys
from remediator.actions import registry
registry.connection_model("kubernetes")(in_cluster=True)
[action.parameters.model_json_schema() for action in registry.of_system("kubernetes").values()]
print(any(name.startswith("kubernetes_asyncio") for name in sys.modules))
""")
    assert out == "False\n"


def test_without_its_models_and_leaving_nothing_behind():
    out = run("""
import gc, sys
from remediator.actions.kubernetes.library import library
found = library()
print(found.api_client.__module__, found.configuration.__module__)
print(any(name.startswith("kubernetes_asyncio") for name in sys.modules))
things = gc.get_objects()
print(sum(type(thing) is type and "kubernetes_asyncio.client.models" in str(thing.__module__) for thing in things))
assert library() is found
""")
    assert out.splitlines() == [
        "kubernetes_asyncio.client.api_client kubernetes_asyncio.client.configuration", "False", "0",
    ]  # fmt: skip


@pytest.mark.parametrize("first", ["theirs", "ours"])
def test_somebody_elses_import_is_whole(first):
    out = run("""
import sys
from remediator.actions.kubernetes.library import library
if sys.argv[1] == "ours":
    library()
import kubernetes_asyncio
from kubernetes_asyncio.client import AppsV1Api, V1Deployment
library()
print(kubernetes_asyncio.client.V1Deployment is V1Deployment, sys.modules["kubernetes_asyncio"] is kubernetes_asyncio)
""", first)  # fmt: skip
    assert out == "True True\n"


def test_and_makes_its_files_where_it_is_told(tmp_path):
    out = run("""
import asyncio, sys
import kubernetes_asyncio.config as theirs
from kubernetes_asyncio.client import Configuration
from remediator.actions.kubernetes.library import library
library()
cluster = {"server": "https://localhost", "certificate-authority-data": "eA=="}
config = {
    "current-context": "a", "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
    "clusters": [{"name": "a", "cluster": cluster}], "users": [{"name": "a", "user": {}}],
}
read = Configuration()
asyncio.run(theirs.load_kube_config_from_dict(config, client_configuration=read, temp_file_path=sys.argv[1]))
print(read.ssl_ca_cert.startswith(sys.argv[1]), open(read.ssl_ca_cert).read())
""", str(tmp_path))  # fmt: skip
    assert out == "True x\n"
