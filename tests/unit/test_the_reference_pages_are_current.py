from pathlib import Path

from remediator.cli.reference import pages

DOCS = Path(__file__).parents[2] / "docs"


def test_the_pages_say_what_the_models_say():
    now = pages()
    stale = [name for name, text in now.items() if not (DOCS / name).exists() or (DOCS / name).read_text("utf-8") != text]
    assert stale == [], "run: make docs"
    there = {f"actions/{path.name}" for path in (DOCS / "actions").glob("*.md")}
    assert there == {name for name in now if name.startswith("actions/")}, "a page stands for an action that is gone"
