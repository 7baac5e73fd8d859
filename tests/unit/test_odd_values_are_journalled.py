"""What JSON cannot say is described in the journal: an answer that is odd loses nothing of what happened."""

from typing import Any

import pytest

from remediator.core.action import Outputs
from remediator.core.guide import ParameterText
from remediator.core.plan import coerce
from remediator.engine.perform import _kept
from remediator.errors import RenderError
from remediator.store.journal import decode, encode


class Found(Outputs):
    """What an action found."""

    found: Any = None
    status: int = 200


def deep(levels):
    made: Any = "the innermost"
    for _ in range(levels):
        made = [made]
    return made


ODD = {
    "a huge integer": 10**30,
    "one too long to be written": 10**5000,
    "half a surrogate pair": "before \ud800 after",
    "such a key": {"\ud800": 1},
    "bytes": b"\xff\xfe",
    "not a number": float("nan"),
    "deep nesting": deep(400),
    "keys that are no text": {2: "x", None: "y", True: "z", (1, 2): "t"},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_outputs_odd_value_leaves_the_others(odd):
    stored = decode(encode(_kept(Found(found=odd))))
    assert stored["status"] == 200
    assert set(stored) == {"found", "status"}


@pytest.mark.parametrize("odd", [10**30, -(10**30), "\ud800", deep(400)])
def test_odd_arguments_and_what_was_there_before_are_stored(odd):
    assert decode(encode({"replicas": 3, "odd": odd}))["replicas"] == 3


def test_a_secret_beside_an_odd_value_stays_hidden():
    stored = encode(_kept(Found(found={"password": "hunter2hunter2", "count": 10**30})))
    assert "hunter2" not in stored
    assert "bits" in stored


@pytest.mark.parametrize(("kind", "value"), [("integer", 10**30), ("integer", -(10**30)), ("number", 10**400)])
def test_a_parameter_beyond_what_can_be_stored_is_refused(kind, value):
    with pytest.raises(RenderError, match="the parameter"):
        coerce("replicas", ParameterText(type=kind), value)


def test_a_parameter_of_64_bits_stays_as_it_is():
    assert coerce("replicas", ParameterText(type="integer"), 2**63 - 1) == 2**63 - 1
