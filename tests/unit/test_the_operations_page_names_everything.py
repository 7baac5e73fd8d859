import re
from pathlib import Path

from typer.main import get_command

from remediator.cli import application
from remediator.core.transitions import FINAL
from remediator.interfaces.web.server import PROBES, WEBHOOK

PAGE = (Path(__file__).parents[2] / "docs/operations.md").read_text()


def test_every_final_status_says_what_a_person_does():
    _, _, after = PAGE.partition("## When a run has ended")
    told = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", after.partition("\n## ")[0], re.MULTILINE)
    assert sorted(told) == sorted(FINAL)


def test_every_flag_of_the_daemon_has_its_default():
    serve = get_command(application).commands["serve"]
    flags = {each.opts[0]: str(each.default or "none") for each in serve.params if each.name != "help"}
    told = dict(re.findall(r"^\| `(--[a-z.-]+)` \| `?([^|`]+?)`? \|", PAGE, re.MULTILINE))
    assert told == flags


def test_every_path_that_asks_for_no_operator_is_named():
    assert [path for path in (*PROBES, *WEBHOOK) if f"{path}`" not in PAGE] == []
