"""What stands before every path is a path itself: no pattern, and nothing that never reaches a path."""

import pytest

from remediator.app.doors import route_prefix
from remediator.errors import ConfigurationError


@pytest.mark.parametrize("prefix", ["/{x", "/{run}", "}", "/a?b", "/a#b", "/a b", "/a\n", "/a\x9b", "/a\\b"])
def test_any_other_is_refused(prefix):
    with pytest.raises(ConfigurationError) as refused:
        route_prefix(prefix)
    (problem,) = refused.value.problems
    said = str(problem)
    assert said.startswith("error: --web.route-prefix takes a path such as /remediator, not ")
    assert said.isprintable()


@pytest.mark.parametrize("prefix", ["", "/", "/remediator", "remediator/", "/a/b.c-d_e~f", "/größe", "/a%20b", "/a@b:c"])
def test_a_path_is_taken(prefix):
    assert route_prefix(prefix) == prefix
