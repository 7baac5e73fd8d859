from pathlib import Path

import pytest

from remediator.cli.reference import pages

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", pages())
def test_the_page_says_what_the_models_say(name):
    assert (DOCS / name).read_text("utf-8") == pages()[name], "run: make docs"


def test_no_page_stands_for_an_action_that_is_gone():
    there = {f"actions/{path.name}" for path in (DOCS / "actions").glob("*.md")}
    assert there == {name for name in pages() if name.startswith("actions/")}
