from typing import Any

import pytest
from pydantic import BaseModel

from remediator.core.action import Outputs
from remediator.core.templates import Known, check_names, compile_template


class Row(BaseModel):
    pid: int
    tags: dict[str, list[str]]


class Pool(Outputs):
    used_share: float
    rows: list[Row] | None = None
    first: Row | None = None
    by_name: dict[str, Row] | None = None
    raw: Any = None
    pair: tuple[int, Row] | None = None


KNOWN = Known(params=frozenset({"namespace", "deployment"}), steps={"pool": Pool, "workload": Outputs})


@pytest.mark.parametrize(
    "expression",
    [
        "labels.anything", "labels['a-b']", "labels", "annotations.summary", "'x' in labels",
        "labels[params.namespace]",
        "params.namespace", "params.deployment.deeper", "params[labels.x]",
        "steps.pool.used_share", "steps.pool.ok", "steps.pool.error", "steps.workload.ok",
        "steps.pool.rows", "steps.pool.rows[0].pid", "steps.pool.rows[-1].tags.any[0]", "steps.pool.first.pid",
        "steps.pool.by_name.anything.pid", "steps.pool.raw.a[0].b", "steps.pool.pair[1].pid",
        "steps.pool.rows | length",
        "alert.name", "alert.fingerprint", "alert.starts_at", "rule", "guide",
    ],
)  # fmt: skip
def test_what_exists_may_be_asked(expression):
    assert check_names(compile_template("{{ " + expression + " }}").names, KNOWN) == []


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        ("label.x", 'there is no "label"', 'did you mean "labels"?'),
        ("env", 'there is no "env"', "known here: alert, annotations, guide, labels, params, rule, steps"),
        ("params.namspace", 'the guide has no parameter "namspace"', 'did you mean "namespace"?'),
        ("steps.pol.ok", 'there is no step "pol" before this', 'did you mean "pool"?'),
        ("steps.pool.used_shar", 'steps.pool has no "used_shar"', 'did you mean "used_share"?'),
        ("steps.workload.x", 'steps.workload has no "x"', "known here: error, ok"),
        ("steps.pool.ok.x", "steps.pool.ok has no parts", ""),
        ("steps.pool.used_share.x", "steps.pool.used_share has no parts", ""),
        ("steps.pool.rows.pid", 'steps.pool.rows is a list; "pid" is no index', "write steps.pool.rows[0]"),
        ("steps.pool.rows[0].pdi", 'steps.pool.rows[0] has no "pdi"', 'did you mean "pid"?'),
        ("steps.pool.first.pidd", 'steps.pool.first has no "pidd"', 'did you mean "pid"?'),
        ("steps.pool.by_name.x.nope", 'steps.pool.by_name.x has no "nope"', "known here: pid, tags"),
        ("steps.pool", "say what of the step pool", None),
        ("steps.pool[params.namespace]", "say what of the step pool", None),
        ("steps[params.namespace].ok", "say which step, by its literal id", "known here: pool, workload"),
        ("labels.a.b", "labels.a is text; it has no parts", ""),
        ("alert.labels.x", 'the alert has no "labels" here', "labels and annotations stand alone: labels.team"),
        ("alert.nam", 'the alert has no "nam" here', 'did you mean "name"?'),
        ("alert", "say what of the alert", None),
        ("alert.name.x", "alert.name has no parts", ""),
        ("rule.name", "rule is a name; it has no parts", "write {{ rule }}"),
    ],
)
def test_what_does_not_exist_is_told_with_a_hint(expression, message, hint):
    ((chain, told, meant),) = (
        finding
        for finding in check_names(compile_template("{{ " + expression + " }}").names, KNOWN)
        if finding[0][-1:] != ("namespace",)
    )
    assert told == message
    assert hint is None or meant == hint
    assert chain[0] in expression


def test_places_may_know_less():
    with_ = Known(roots=frozenset({"labels", "annotations", "alert", "rule", "guide"}))
    ((_, message, hint),) = check_names([("params", "x"), ("labels", "x")], with_)
    assert message == '"params" is not known here'
    assert hint.startswith("known here: alert, annotations")
