"""States of a workload, each judged by kubectl and by us."""

import asyncio
import os
import shutil

import pytest

from remediator.actions.kubernetes.completion import completion

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")

SETTLED = {"replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3, "observedGeneration": 2}
NODES = {
    "desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 3, "numberReady": 3,
    "currentNumberScheduled": 3, "observedGeneration": 2,
}  # fmt: skip
LATE = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
REVISIONS = {"currentRevision": "web-a", "updateRevision": "web-a"}
STATES = [
    ("deployment", {}, SETTLED),
    ("deployment", {}, SETTLED | {"observedGeneration": 1}),
    ("deployment", {}, SETTLED | {"updatedReplicas": 2}),
    ("deployment", {}, SETTLED | {"replicas": 4}),
    ("deployment", {}, SETTLED | {"availableReplicas": 2}),
    ("deployment", {}, SETTLED | {"updatedReplicas": 1, "conditions": LATE}),
    ("deployment", {}, SETTLED | {"observedGeneration": 1, "conditions": LATE}),
    ("deployment", {"paused": True}, SETTLED),
    ("deployment", {"strategy": {"type": "Recreate"}}, SETTLED),
    ("statefulset", {"updateStrategy": ROLLING}, SETTLED | REVISIONS),
    ("statefulset", {"updateStrategy": ROLLING}, SETTLED | REVISIONS | {"readyReplicas": 2}),
    ("statefulset", {"updateStrategy": ROLLING}, SETTLED | REVISIONS | {"updatedReplicas": 2}),
    ("statefulset", {"updateStrategy": ROLLING | {"rollingUpdate": {"partition": 2}}}, SETTLED | {"updatedReplicas": 1}),
    ("statefulset", {"updateStrategy": ROLLING | {"rollingUpdate": {"partition": 2}}}, SETTLED | {"updatedReplicas": 0}),
    ("statefulset", {"updateStrategy": {"type": "RollingUpdate"}}, SETTLED | REVISIONS | {"updateRevision": "web-b"}),
    ("statefulset", {"updateStrategy": {"type": "RollingUpdate"}}, SETTLED | REVISIONS),
    ("statefulset", {"updateStrategy": {"type": "OnDelete"}}, SETTLED | REVISIONS),
    ("statefulset", {"updateStrategy": ROLLING}, SETTLED | REVISIONS | {"observedGeneration": 0}),
    ("daemonset", {}, NODES),
    ("daemonset", {}, NODES | {"observedGeneration": 1}),
    ("daemonset", {}, NODES | {"updatedNumberScheduled": 2}),
    ("daemonset", {}, NODES | {"numberAvailable": 2}),
    ("daemonset", {"updateStrategy": {"type": "OnDelete"}}, NODES),
]


async def test_in_every_state(server, tmp_path):
    config = server.kubeconfig(tmp_path)
    for number, (kind, spec, status) in enumerate(STATES):
        name = f"web-{number}"
        more = spec if kind == "daemonset" else {"replicas": 3, **spec}
        document = server.world.workload(kind, name, **more)
        document = {**document, "status": status, "metadata": document["metadata"] | {"generation": 2}}
        server.world.put(f"{kind}s", document)
    names = [(number, kind) for number, (kind, _, _) in enumerate(STATES)]
    said = await asyncio.gather(*(kubectl(config, tmp_path, kind, f"web-{number}") for number, kind in names))
    for (kind, spec, status), (number, _), (code, words) in zip(STATES, names, said, strict=True):
        ours = completion(server.world.objects[f"{kind}s", "shop", f"web-{number}"])
        complete = any(part in words for part in ("successfully rolled out", "roll out complete", "update complete"))
        theirs = "failed" if code else "complete" if complete else "waiting"
        mine = "failed" if ours.failed else "complete" if ours.complete else "waiting"
        assert mine == theirs, (kind, spec, status, words, ours.reason)


LIMIT = asyncio.Semaphore(2)


async def kubectl(config, folder, kind, name):
    async with LIMIT:
        process = await asyncio.create_subprocess_exec(
            "kubectl", "--kubeconfig", str(config), "--cache-dir", str(folder / "cache"), "-n", "shop",
            "rollout", "status", f"{kind}/{name}", "--watch=false",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, "HOME": str(folder)},
        )  # fmt: skip
        said, complaints = await process.communicate()
        return process.returncode, (said + complaints).decode()
