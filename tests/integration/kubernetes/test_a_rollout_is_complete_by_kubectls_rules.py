import pytest

from remediator.actions.kubernetes.completion import completion


def workload(kind, spec=None, status=None, generation=2):
    status = {"observedGeneration": generation, **(status or {})}
    return {"kind": kind, "metadata": {"generation": generation}, "spec": spec or {}, "status": status}


def deployment(spec=None, **status):
    return workload("Deployment", {"replicas": 4, **(spec or {})}, status)


def statefulset(strategy=None, **status):
    return workload("StatefulSet", {"replicas": 4, "updateStrategy": strategy or {"type": "RollingUpdate"}}, status)


ALL = {"replicas": 4, "updatedReplicas": 4, "availableReplicas": 4, "readyReplicas": 4}
ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
NODES = {"desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 3}
LATE = {"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}


@pytest.mark.parametrize(
    ("found", "complete", "words"),
    [
        (deployment(**ALL), True, "all 4 replicas"),
        (deployment(**ALL, observedGeneration=1), False, "not observed"),
        (deployment(**ALL, observedGeneration=1, **LATE), False, "not observed"),
        (deployment(**ALL, **LATE), False, "deadline is exceeded"),
        (deployment(**ALL | {"updatedReplicas": 3}), False, "3 of 4 new replicas"),
        (deployment(**ALL | {"replicas": 6}), False, "2 old replicas are pending termination"),
        (deployment(**ALL | {"availableReplicas": 1}), False, "1 of 4 updated replicas are available"),
        (deployment({"paused": True}, replicas=4), False, "0 of 4 new replicas are updated (it is paused)"),
        (deployment({"replicas": 0}), True, "all 0 replicas"),
        (statefulset(ROLLING, **ALL), True, "partition 0"),
        (statefulset(ROLLING, **ALL | {"readyReplicas": 3}), False, "3 of 4 pods are ready"),
        (statefulset(ROLLING, **ALL | {"updatedReplicas": 3}), False, "3 of 4 pods above the partition"),
        (statefulset({"rollingUpdate": {"partition": 3}}, **ALL | {"updatedReplicas": 1}), True, "partition 3"),
        (statefulset({"rollingUpdate": {"partition": 3}}, readyReplicas=4), False, "0 of 1 pods above"),
        (statefulset({"rollingUpdate": {"partition": 9}}, readyReplicas=4), True, "0 of 4"),
        (statefulset(None, **ALL, updateRevision="b", currentRevision="a"), False, "newest revision"),
        (statefulset(None, **ALL, updateRevision="b", currentRevision="b"), True, "newest revision"),
        (statefulset({"type": "OnDelete"}, **ALL), False, "OnDelete"),
        (workload("DaemonSet", {}, NODES), True, "all 3 pods"),
        (workload("DaemonSet", {}, NODES | {"updatedNumberScheduled": 1}), False, "1 of 3 pods are updated"),
        (workload("DaemonSet", {}, NODES | {"numberAvailable": 2}), False, "2 of 3 updated pods are available"),
        (workload("DaemonSet", {"updateStrategy": {"type": "OnDelete"}}, NODES), False, "OnDelete"),
        # What no API server would say is not complete either.
        (workload("Deployment", {}, {"observedGeneration": 0}), False, "not observed"),
        ({"kind": "Deployment"}, False, "not observed"),
        ({"kind": "Deployment", "status": [], "metadata": "x", "spec": 3}, False, "not observed"),
        ({"kind": "Pod"}, False, "not a workload"),
        ({"kind": ["Pod"]}, False, "not a workload"),
    ],
)
def test_each_rule(found, complete, words):
    said = completion(found)
    assert said.complete is complete
    assert words in said.reason


def test_only_what_will_not_complete_by_itself_has_failed():
    assert completion(deployment(**ALL, **LATE)).failed
    assert completion(statefulset({"type": "OnDelete"}, **ALL)).failed
    assert not completion(deployment(**ALL | {"availableReplicas": 1})).failed
    assert not completion(deployment(**ALL, **LATE, observedGeneration=1)).failed
