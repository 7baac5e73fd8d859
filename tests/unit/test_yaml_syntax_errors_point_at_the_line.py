import pytest
from yaml import YAMLError

from remediator.errors import ConfigurationError
from remediator.interfaces.documents import read_document
from remediator.interfaces.places import split_lines
from remediator.interfaces.yaml_errors import syntax_problem
from remediator.interfaces.yaml_nodes import PythonComposing

CASES = [
    ("a: b: c", 1, 5, 'a ":" is not allowed here', "put the value in quotes if it contains"),
    ("key\nb: 1", 2, 2, 'a ":" is not allowed here', 'a missing ":" above'),
    ("a:\n\t- b", 2, 1, "a tab cannot be used for indentation", "use spaces"),
    ("a: %b", 1, 4, 'a value cannot begin with "%"', "put the value in quotes"),
    ("a: @b", 1, 4, 'a value cannot begin with "@"', "put the value in quotes"),
    ("a:\n  b: 1\n c: 2", 3, 2, "this does not fit the lines above it", "check its indentation"),
    ("a:\n  - b\n  c: 1", 3, 3, "this does not fit the lines above it", "check its indentation"),
    ("a: 'x' y", 1, 8, "this does not fit the lines above it", "quotes"),
    ("a: - b", 1, 4, 'a "-" is not allowed here', "begin a list on its own line"),
    ("a: [1, 2\nb: 3", 1, 4, 'a "," or a "]" is missing for what begins here', ""),
    ("a: {x: 1\nb: 2", 1, 4, 'a "," or a "}" is missing for what begins here', ""),
    ("a: [1,\n\n", 1, 7, "a value or a closing bracket is missing here", ""),
    ('a: "foo\nb: 1\n', 1, 4, "this quote is never closed", ""),
    ("a: *x", 1, 4, "no anchor of this name stands above", "begin with *"),
    ("a: &x 1\nb: &x 2", 2, 4, "this anchor's name is taken already", ""),
    ("a: !x!y z", 1, 4, "this tag is not known here", "begin with !"),
    ("a: >\n x\ny", 3, 1, 'a ":" is missing after this key', ""),
    ("a: 1\n---\nb: 2", 2, 1, "a second document begins here", "a file holds one document"),
    ("a: {{ x }}/y # c", 1, 4, "a value that begins with {{ must be in quotes", 'write "{{ x }}/y"'),
    ('a: {{ x["y"] }}/z', 1, 4, "a value that begins with {{ must be in quotes", "write '{{ x[\"y\"] }}/z'"),
]


@pytest.mark.parametrize(("text", "line", "column", "message", "hint"), CASES)
def test_in_plain_words(text, line, column, message, hint):
    with pytest.raises(ConfigurationError) as caught:
        read_document(text, "a.yaml")
    (problem,) = caught.value.problems
    assert (problem.line, problem.column, problem.message) == (line, column, message)
    assert problem.source == text.split("\n")[line - 1]
    assert hint in problem.hint
    assert bool(hint) == bool(problem.hint)


@pytest.mark.parametrize(("text", "line", "column", "message", "hint"), CASES)
def test_the_parser_in_python_is_told_alike(text, line, column, message, hint):
    with pytest.raises(YAMLError) as caught:
        PythonComposing(text).get_single_node()
    problem = syntax_problem(caught.value, "a.yaml", split_lines(text))
    assert (problem.line, problem.column, problem.message) == (line, column, message)
    assert hint in problem.hint


def test_a_backslash_in_double_quotes():
    with pytest.raises(ConfigurationError) as caught:
        read_document('match:\n  - "instance=~\\d+"\n', "a.yaml")
    problem = caught.value.problems[0]
    assert (problem.line, problem.message) == (2, "a backslash inside double quotes begins an escape")
    assert problem.hint == r"write \\, or use ' quotes"


def test_a_character_that_yaml_does_not_know():
    with pytest.raises(ConfigurationError) as caught:
        read_document("a: 1\nbc: \x07", "a.yaml")
    assert str(caught.value) == (
        "a.yaml:2:5: error: the character U+0007 cannot stand in YAML\n    bc: \N{REPLACEMENT CHARACTER}\n        ^"
    )
