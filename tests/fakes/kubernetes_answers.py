"""Requests and what a real API server answers to them: recorded from kube-apiserver 1.36.2.

The pretended server and a real one (``pytest -m cluster``) are both asked all of them, in this order. A step
that begins with ``+`` or ``-`` is done by the asker: see ``Asked``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

STRATEGIC, MERGE, JSON = (f"application/{kind}+json" for kind in ("strategic-merge-patch", "merge-patch", "json-patch"))
APPLY, PLAIN = "application/apply-patch+yaml", "application/json"
BY_US = {"fieldManager": "remediator"}

WEB = "/apis/apps/v1/namespaces/{ns}/deployments/web"
DEPLOYMENTS = "/apis/apps/v1/namespaces/{ns}/deployments"
CONFIGS = "/api/v1/namespaces/{ns}/configmaps"
FLAGS = f"{CONFIGS}/flags"
PODS = "/api/v1/namespaces/{ns}/pods"
EVICT = f"{PODS}/{{pod}}/eviction"
JOBS = "/apis/batch/v1/namespaces/{ns}/jobs"
HPA = "/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers/other"


@dataclass(frozen=True)
class Asked:
    """A request and its answer. ``{ns}`` and ``{pod}`` stand for a namespace and a running pod of ``web``."""

    title: str
    method: str = ""
    path: str = ""
    body: Any = None
    media: str = ""
    query: tuple[tuple[str, str], ...] = ()
    accept: str = PLAIN
    status: int = 200
    reason: str | None = None  #: of the Status; None where the answer is none, or gives none
    says: str = ""  #: a part of its message

    def content(self, **names: str) -> str | None:
        """Return the body to send."""
        if self.body is None:
            return None
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        for name, value in names.items():
            text = text.replace(f"{{{name}}}", value)
        return text


def deployment(name: str = "web") -> dict[str, Any]:
    """Return the deployment that all of this is about."""
    labels = {"app": name}
    container = {"name": "app", "image": "registry.k8s.io/pause:3.9"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 0}}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": labels},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
    }  # fmt: skip


def _app(**fields: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": "app", **fields}]}}}}


def _flags(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "flags"}, "data": data}


def _job(**spec: Any) -> dict[str, Any]:
    pod = {"containers": [{"name": "app", "image": "registry.k8s.io/pause:3.9"}], **spec}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}, "spec": {"template": {"spec": pod}}}


def _eviction(**more: Any) -> dict[str, Any]:
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "{pod}", "namespace": "{ns}"}, **more}


def _refused(title: str, patch: Any, status: int, reason: str | None, says: str = "", **more: Any) -> Asked:
    """Return a patch of the deployment that is refused; a strategic one, unless it says otherwise."""
    values = {"path": WEB, "media": STRATEGIC, **more}
    return Asked(title, "PATCH", body=patch, status=status, reason=reason, says=says, **values)


def _applied(title: str, body: Any, status: int = 200, reason: str | None = None, says: str = "", **more: Any) -> Asked:
    query = tuple({**BY_US, **more}.items())
    return Asked(title, "PATCH", FLAGS, body, APPLY, query, status=status, reason=reason, says=says)


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
REJECTED = "the server rejected our request due to an error in our request"
UNDECODED = ' "" is invalid: patch: Invalid value: "'

READS = (
    Asked("an object that is not there", "GET", WEB.replace("web", "nope"), status=404, reason="NotFound",
          says='deployments.apps "nope" not found'),
    Asked("a group that is not served", "GET", "/apis/nobody.example/v1/namespaces/{ns}/things/web", status=404),
    Asked("a resource that is not served", "GET", WEB.replace("deployments", "things"), status=404, reason="NotFound",
          says="the server could not find the requested resource"),
    Asked("a subresource that is not served", "GET", f"{WEB}/nope", status=404, reason="NotFound"),
    Asked("a selector that is none", "GET", DEPLOYMENTS, query=(("labelSelector", "a=(b"),), status=400,
          reason="BadRequest", says="found '(', expected: identifier"),
    Asked("a field that cannot be selected by", "GET", PODS, query=(("fieldSelector", "spec.nope=1"),), status=400,
          reason="BadRequest", says="field label not supported: spec.nope"),
    Asked("a page that is none", "GET", PODS, query=(("limit", "1"), ("continue", "xx")), status=400,
          reason="BadRequest", says="invalid continue token"),
    Asked("an empty list of an absent namespace", "GET", "/api/v1/namespaces/remediator-nowhere/pods"),
)  # fmt: skip

SCALES = (
    Asked("scaling", "PATCH", f"{WEB}/scale", {"spec": {"replicas": 3}}, MERGE),
    Asked("scaling by a strategic patch", "PATCH", f"{WEB}/scale", {"spec": {"replicas": 3}}, STRATEGIC),
    Asked("scaling by a JSON patch", "PATCH", f"{WEB}/scale",
          [{"op": "replace", "path": "/spec/replicas", "value": 2}], JSON),
    Asked("scaling to nothing, as a dry run", "PATCH", f"{WEB}/scale", {"spec": {"replicas": 0}}, MERGE,
          (("dryRun", "All"),)),
    _refused("scaling from a stale version", {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 3}}, 409,
             "Conflict", f'deployments.apps "web": {MODIFIED}', path=f"{WEB}/scale", media=MERGE),
    _refused("scaling below nothing", {"spec": {"replicas": -1}}, 422, "Invalid",
             'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
             path=f"{WEB}/scale", media=MERGE),
    _refused("scaling to a word", {"spec": {"replicas": "x"}}, 422, "Invalid", UNDECODED, path=f"{WEB}/scale",
             media=MERGE),
    _refused("scaling by no patch", {"spec": {"replicas": 3}}, 415, "UnsupportedMediaType", path=f"{WEB}/scale",
             media=PLAIN),
    _refused("scaling what is not there", {"spec": {"replicas": 3}}, 404, "NotFound",
             path=f"{WEB.replace('web', 'nope')}/scale", media=MERGE),
)  # fmt: skip

PATCHES = (
    _refused("a stale version", {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 3}}, 409, "Conflict",
             f'Operation cannot be fulfilled on deployments.apps "web": {MODIFIED}'),
    _refused("a version that is none", {"metadata": {"resourceVersion": "abc"}}, 500, None, "invalid syntax"),
    _refused("another uid", {"metadata": {"uid": "other"}}, 422, "Invalid",
             'metadata.uid: Invalid value: "other": field is immutable', media=MERGE),
    _refused("another name", {"metadata": {"name": "other"}}, 400, "BadRequest",
             "the name of the object (other) does not match the name on the URL (web)", media=MERGE),
    _refused("no JSON", "{nope", 400, "BadRequest", "error decoding patch: ", media=MERGE),
    _refused("a list as a merge patch", [1], 400, "BadRequest",
             "cannot unmarshal array into Go value of type map[string]interface {}", media=MERGE),
    _refused("a list as a strategic patch", [1], 400, "BadRequest",
             "cannot unmarshal array into Go value of type map[string]interface {}"),
    _refused("an object as a JSON patch", {"a": 1}, 400, "BadRequest",
             "error decoding patch: json: cannot unmarshal object into Go value", media=JSON),
    _refused("a path that is not there", [{"op": "replace", "path": "/spec/nope/x", "value": 1}], 422, "Invalid",
             REJECTED, media=JSON),
    _refused("a test that fails", [{"op": "test", "path": "/metadata/name", "value": "x"}], 422, "Invalid", REJECTED,
             media=JSON),
    _refused("removing what is not there", [{"op": "remove", "path": "/metadata/annotations/nope"}], 422, "Invalid",
             REJECTED, media=JSON),
    _refused("an unknown operation", [{"op": "nope", "path": "/metadata/name", "value": "x"}], 422, "Invalid",
             REJECTED, media=JSON),
    _refused("an item without its key", {"spec": {"template": {"spec": {"containers": [{"image": "x"}]}}}}, 500, None,
             "does not contain declared merge key: name"),
    _refused("no image", _app(image=""), 422, "Invalid",
             'Deployment.apps "web" is invalid: spec.template.spec.containers[0].image: Required value'),
    _refused("a request above the limit", _app(resources={"limits": {"memory": "1Gi"}, "requests": {"memory": "2Gi"}}),
             422, "Invalid", 'resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi'),
    _refused("a quantity that is none", _app(resources={"limits": {"memory": "1 GiB"}}), 422, "Invalid",
             "quantities must match the regular expression"),
    _refused("another selector", {"spec": {"selector": {"matchLabels": {"app": "other"}}}}, 422, "Invalid",
             'spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable', media=MERGE),
    _refused("labels that the selector does not find", {"spec": {"template": {"metadata": {"labels": {"app": "other"}}}}},
             422, "Invalid", '{"app":"other"}: `selector` does not match template `labels`', media=MERGE),
    _refused("a label's name that is none", {"metadata": {"labels": {"a b": "c"}}}, 422, "Invalid",
             'metadata.labels: Invalid value: "a b": name part must consist of alphanumeric characters', media=MERGE),
    _refused("a label's value that is none", {"metadata": {"labels": {"a": "c d"}}}, 422, "Invalid",
             'metadata.labels: Invalid value: "c d": a valid label must be an empty string or consist of', media=MERGE),
    _refused("a label that is a number", {"metadata": {"labels": {"a": 1}}}, 422, "Invalid", UNDECODED, media=MERGE),
    _refused("a variable that is a number", _app(env=[{"name": "A", "value": 1}]), 422, "Invalid", UNDECODED),
    _refused("a variable's name that is none", _app(env=[{"name": "A=B", "value": "1"}]), 422, "Invalid",
             'env[0].name: Invalid value: "A=B": a valid environment variable name must consist only of printable'),
    _refused("a probe of nothing", _app(readinessProbe={"timeoutSeconds": 3}), 422, "Invalid",
             "readinessProbe: Required value: must specify a handler type"),
    _refused("two successes of a liveness probe",
             _app(livenessProbe={"exec": {"command": ["x"]}, "successThreshold": 3}), 422, "Invalid",
             "livenessProbe.successThreshold: Invalid value: 3: must be 1"),
    _refused("half a dry run", {"spec": {"replicas": 3}}, 422, "Invalid",
             'PatchOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
             query=(("dryRun", "Some"),)),
    _refused("no patch", {"spec": {"replicas": 3}}, 415, "UnsupportedMediaType", media=PLAIN),
    _refused("a misspelt field, strictly", {"spec": {"nope": 1}}, 422, "Invalid", 'unknown field "spec.nope"',
             query=(("fieldValidation", "Strict"),)),
    Asked("a misspelt field is dropped", "PATCH", WEB, {"spec": {"nope": 1}}, STRATEGIC),
    Asked("a dry run", "PATCH", WEB, {"spec": {"replicas": 1}}, MERGE, (("dryRun", "All"),)),
    Asked("an autoscaler whose bounds have crossed", "PATCH", HPA, {"spec": {"minReplicas": 9, "maxReplicas": 3}}, MERGE,
          status=422, reason="Invalid",
          says="spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`"),
)  # fmt: skip

OBJECTS = (
    Asked("what is there already", "POST", DEPLOYMENTS, deployment(), PLAIN, status=409, reason="AlreadyExists",
          says='deployments.apps "web" already exists'),
    Asked("the same as a dry run", "POST", DEPLOYMENTS, deployment(), PLAIN, (("dryRun", "All"),), status=409,
          reason="AlreadyExists"),
    Asked("another kind", "POST", CONFIGS, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}, PLAIN,
          status=400, reason="BadRequest", says='Secret in version "v1" cannot be handled as a ConfigMap'),
    Asked("no name", "POST", CONFIGS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}, PLAIN, status=422,
          reason="Invalid", says="metadata.name: Required value: name or generateName is required"),
    Asked("a name that is none", "POST", CONFIGS,
          {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "A_B"}}, PLAIN, status=422, reason="Invalid",
          says='metadata.name: Invalid value: "A_B": a lowercase RFC 1123 subdomain must consist of'),
    Asked("another namespace", "POST", CONFIGS,
          {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "y"}}, PLAIN, status=400,
          reason="BadRequest", says="the namespace of the provided object does not match the namespace sent"),
    Asked("no JSON at all", "POST", CONFIGS, _flags(), "text/plain", status=415, reason="UnsupportedMediaType"),
    Asked("creating at a name", "POST", FLAGS, _flags(), PLAIN, status=405, reason="MethodNotAllowed"),
    _applied("applying, as a dry run", _flags(a="1"), 201, dryRun="All"),
    Asked("which made nothing", "GET", FLAGS, status=404, reason="NotFound"),
    Asked("applying by nobody", "PATCH", FLAGS, _flags(a="1"), APPLY, status=422, reason="Invalid",
          says="fieldManager: Required value: is required for apply patch"),
    _applied("applying another kind", {**_flags(), "kind": "Secret"}, 400, "BadRequest",
             "invalid object type: /v1, Kind=Secret"),
    _applied("applying another group", {**_flags(), "apiVersion": "apps/v1"}, 400, "BadRequest",
             "invalid object type: apps/v1, Kind=ConfigMap"),
    _applied("applying another name", {**_flags(), "metadata": {"name": "other"}}, 400, "BadRequest",
             "the name of the object (other) does not match the name on the URL (flags)"),
    Asked("somebody makes it", "POST", CONFIGS, _flags(alpha="on", beta="on"), PLAIN, (("fieldManager", "somebody"),),
          status=201),
    _applied("a field that somebody owns", _flags(alpha="off"), 409, "Conflict",
             'Apply failed with 1 conflict: conflict with "somebody" using v1: .data.alpha'),
    _applied("two fields that somebody owns", _flags(alpha="off", beta="off"), 409, "Conflict",
             'Apply failed with 2 conflicts: conflicts with "somebody" using v1:\n- .data.alpha\n- .data.beta'),
    _applied("the same value as somebody's", _flags(alpha="on", gamma="1")),
    _applied("giving up what is somebody's, too", _flags(gamma="1")),
    _applied("taking it by force", _flags(alpha="off", gamma="1"), force="true"),
    _applied("a misspelt field", {**_flags(), "dta": {"a": "b"}}, 500, None, ".dta: field not declared in schema"),
    _applied("applying to a stale version", {**_flags(gamma="1"), "metadata": {"name": "flags", "resourceVersion": "1"}},
             409, "Conflict", MODIFIED),
    _applied("applying field managers", {**_flags(), "metadata": {"name": "flags", "managedFields": [{"manager": "a"}]}},
             400, "BadRequest", "metadata.managedFields must be nil"),
    Asked("what came of it", "GET", FLAGS),
    Asked("its metadata alone", "GET", FLAGS, accept=f"{PLAIN};as=PartialObjectMetadata;g=meta.k8s.io;v=v1"),
    Asked("deleting another one", "DELETE", FLAGS,
          {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "other"}}, PLAIN, status=409,
          reason="Conflict", says='ConfigMap "flags": the UID in the precondition (other) does not match the UID in record'),
    Asked("deleting another version", "DELETE", FLAGS,
          {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"resourceVersion": "1"}}, PLAIN, status=409,
          reason="Conflict", says="the ResourceVersion in the precondition (1) does not match the ResourceVersion in record"),
    Asked("deleting, as a dry run", "DELETE", FLAGS, query=(("dryRun", "All"),)),
    Asked("deleting", "DELETE", FLAGS),
    Asked("deleting what is not there", "DELETE", FLAGS, status=404, reason="NotFound",
          says='configmaps "flags" not found'),
    Asked("patching what is not there", "PATCH", FLAGS, {"data": {"a": "b"}}, MERGE, status=404, reason="NotFound"),
    _applied("applying what was another one", {**_flags(), "metadata": {"name": "flags", "uid": "u-1"}}, 409, "Conflict",
             "uid mismatch: the provided object specified uid u-1, and no existing object was found"),
    Asked("a job whose pods would run for ever", "POST", JOBS, _job(), PLAIN, status=422, reason="Invalid",
          says='spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'),
    Asked("a job", "POST", JOBS, _job(restartPolicy="Never"), PLAIN, status=201),
    Asked("the same job", "POST", JOBS, _job(restartPolicy="Never"), PLAIN, status=409, reason="AlreadyExists",
          says='jobs.batch "once" already exists'),
)  # fmt: skip

EVICTIONS = (
    Asked("a pod that is not there", "POST", EVICT.replace("{pod}", "nope"),
          {**_eviction(), "metadata": {"name": "nope"}}, PLAIN, status=404, reason="NotFound", says='pods "nope" not found'),
    Asked("another pod of that name", "POST", EVICT, _eviction(deleteOptions={"preconditions": {"uid": "other"}}), PLAIN,
          status=409, reason="Conflict", says="the UID in the precondition (other) does not match the UID in record"),
    Asked("no eviction", "POST", EVICT, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "{pod}"}}, PLAIN,
          status=400, reason="BadRequest", says='Pod in version "v1" cannot be handled as a Eviction'),
    Asked("an eviction of another", "POST", EVICT, {**_eviction(), "metadata": {"name": "other"}}, PLAIN, status=400,
          reason="BadRequest", says="name in URL does not match name in Eviction object"),
    Asked("an eviction, as a dry run", "POST", EVICT, _eviction(), PLAIN, (("dryRun", "All"),), status=201),
    Asked("+budget one"),
    Asked("a pod that a budget keeps", "POST", EVICT, _eviction(), PLAIN, status=429, reason="TooManyRequests",
          says="Cannot evict pod as it would violate the pod's disruption budget."),
    Asked("the same as a dry run", "POST", EVICT, _eviction(), PLAIN, (("dryRun", "All"),), status=429,
          reason="TooManyRequests"),
    Asked("+budget two"),
    Asked("a pod that two budgets keep", "POST", EVICT, _eviction(), PLAIN, status=500,
          says="This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."),
    Asked("-budgets"),
    Asked("an eviction", "POST", EVICT, _eviction(), PLAIN, status=201),
)  # fmt: skip

TABLES = {"reads": READS, "scales": SCALES, "patches": PATCHES, "objects": OBJECTS, "evictions": EVICTIONS}
