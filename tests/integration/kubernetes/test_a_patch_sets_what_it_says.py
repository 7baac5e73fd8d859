import copy

import pytest
from fakes.kubernetes_patches import apply
from hypothesis import given
from hypothesis import strategies as st

from remediator.actions.kubernetes.api import MERGE_PATCH, STRATEGIC_PATCH
from remediator.actions.kubernetes.places import patch_for, same, value_at

NAMES = st.sampled_from(["a", "b", "c"])
TEXTS = st.text(max_size=5)
CONTAINER = ("spec", "template", "spec", "containers")
VARIABLES = st.dictionaries(
    st.tuples(NAMES, NAMES), st.none() | st.fixed_dictionaries({"value": TEXTS}), min_size=1, max_size=6
)


@given(there=VARIABLES, wanted=VARIABLES)
def test_variables_of_containers_by_their_names(there, wanted):
    containers = {}
    for (container, name), value in there.items():
        env = containers.setdefault(container, {"name": container, "env": []})["env"]
        env += [] if value is None else [{"name": name, **value}]
    for container, _ in wanted:
        containers.setdefault(container, {"name": container, "env": []})
    before = {"spec": {"template": {"spec": {"containers": list(containers.values())}}}}
    fields = {(*CONTAINER, f"[{container}]", "env", f"[{name}]"): value for (container, name), value in wanted.items()}
    kept = copy.deepcopy(before)
    after = apply(STRATEGIC_PATCH, before, patch_for(fields))
    assert before == kept
    for place, value in fields.items():
        assert value_at(after, place) == value
    for (container, name), value in there.items():
        if (container, name) not in wanted:
            assert value_at(after, (*CONTAINER, f"[{container}]", "env", f"[{name}]")) == value
    undone = apply(STRATEGIC_PATCH, after, patch_for({place: value_at(before, place) for place in fields}))
    for place in fields:
        assert value_at(undone, place) == value_at(before, place)


KEYS = TEXTS.filter(lambda key: not key.startswith("["))


@given(there=st.dictionaries(TEXTS, TEXTS), wanted=st.dictionaries(KEYS, st.none() | TEXTS, min_size=1))
def test_labels_by_their_keys(there, wanted):
    before = {"metadata": {"labels": there}}
    fields = {("metadata", "labels", key): value for key, value in wanted.items()}
    after = apply(MERGE_PATCH, before, patch_for(fields))
    expected = {key: value for key, value in {**there, **wanted}.items() if value is not None}
    assert after["metadata"]["labels"] == expected


CPU = (*CONTAINER, "[app]", "resources", "limits", "cpu")
PROBE = (*CONTAINER, "[app]", "livenessProbe")
ENV = (*CONTAINER, "[app]", "env", "[A]")


@pytest.mark.parametrize(
    ("place", "one", "other", "equal"),
    [
        (CPU, "1", "1000m", True), (CPU, "1", "2", False), (CPU, None, "1", False), (CPU, None, None, True),
        (CPU, "odd", "odd", True), (CPU, 1, "1", False),
        (ENV, {}, {"value": ""}, True), (ENV, {"value": "a"}, {"value": ""}, False), (ENV, None, {"value": ""}, False),
        (ENV, {"valueFrom": {}}, {"value": ""}, False),
        ((*PROBE, "initialDelaySeconds"), None, 0, True), ((*PROBE, "timeoutSeconds"), None, 0, False),
        (("spec", "paused"), None, False, True), (("spec", "paused"), None, True, False),
        (("metadata", "annotations", "paused"), None, "", False), (("metadata", "labels", "a"), "", None, False),
    ],
)  # fmt: skip
def test_what_means_the_same(place, one, other, equal):
    assert same(place, one, other) is equal
    assert same(place, other, one) is equal
