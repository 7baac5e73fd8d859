"""Every guard, and what people do, in a test of rules; and files that are no tests are told, never a crash."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from remediator.core.problems import Problem
from remediator.errors import ConfigurationError
from remediator.rehearsal.read import read_tests
from remediator.rehearsal.session import Session

HERE = Path(__file__).parent / "rule_tests"
TESTS = yaml.safe_load((HERE / "guards_test.yaml").read_text("utf-8"))["tests"]


@pytest.mark.parametrize("name", [test["name"] for test in TESTS])
def test_it_comes_as_expected(name):
    said = []
    session = Session(only=name)
    session.run([HERE / "guards_test.yaml"], said.append)
    assert "\n".join(said) == ""
    assert len(session.outcomes) == 1


words = st.sampled_from(
    ["tests", "name", "alerts", "at", "labels", "expect", "runs", "steps", "answers", "restart", "outputs", "rule_files",
     "pack.yaml", "every", "copies", "until", "0s", "5m", "http.request", "nothing", "holds"]
)  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 99) | words | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=25,
)


def problems_of(path):
    try:
        read_tests(path)
    except ConfigurationError as error:
        return error.problems
    return ()


@settings(deadline=None)  # each reads a file
@given(tests=values, answers=values, more=st.dictionaries(words, values, max_size=3))
def test_what_is_no_test_is_a_problem_with_a_place(tmp_path_factory, tests, answers, more):
    folder = tmp_path_factory.getbasetemp()
    (folder / "pack.yaml").write_text((HERE / "pack.yaml").read_text("utf-8"))
    path = folder / "any_test.yaml"
    document = {"rule_files": ["pack.yaml"], "tests": tests, "answers": answers, **more}
    path.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    assert all(isinstance(problem, Problem) and problem.file for problem in problems_of(path))
