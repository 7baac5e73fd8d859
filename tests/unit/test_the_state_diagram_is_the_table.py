"""docs/concepts.md: the diagram's arrows are core.transitions, its table names every status once."""

import re
from pathlib import Path

from remediator.core.transitions import FINAL, TRANSITIONS, Status

PAGE = (Path(__file__).parents[2] / "docs/concepts.md").read_text("utf-8")
DIAGRAM = re.search(r"```mermaid\nstateDiagram-v2\n(.*?)```", PAGE, re.DOTALL)[1]
#: A box with several names stands for each of them.
BOXES = {name: shown.split(", ") for shown, name in re.findall(r'state "([^"]+)" as (\w+)', DIAGRAM)}
ARROWS = re.findall(r"^\s*(\S+) --> (\S+)$", DIAGRAM, re.MULTILINE)


def test_every_arrow_is_legal_and_every_legal_move_is_an_arrow():
    drawn = [(old, new) for old, box in ARROWS if old != "[*]" for new in BOXES.get(box, [box])]
    legal = {(old.value, new.value) for old, news in TRANSITIONS.items() for new in news}
    assert set(drawn) == legal
    assert len(drawn) == len(legal)


def test_it_begins_where_runs_begin():
    assert [new for old, new in ARROWS if old == "[*]"] == [Status.QUEUED]


def test_every_line_was_read():
    lines = [line for line in DIAGRAM.splitlines() if line.strip()]
    assert len(lines) == len(ARROWS) + len(BOXES)


def test_the_table_names_every_status():
    table = PAGE.partition("| Status | Means |")[2].partition("\n\n")[0]
    named = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert named == [status.value for status in Status if status not in FINAL] + [
        name for name in named if Status(name) in FINAL
    ]
    assert sorted(named) == sorted(Status)
