"""Files whose names end alike, files that changed meanwhile, modes that come from elsewhere: no other rule is raised."""

import sqlite3

import pytest
from fakes.evidence import observed
from typer.testing import CliRunner

from remediator.cli import application
from remediator.core.transitions import Mode
from remediator.errors import ConfigurationError
from remediator.interfaces.rule_files.promoting import with_mode

RULE = "rules:\n  - name: {name}\n    match: alertname = {name}\n    guide: {name}\n    mode: {mode}\n"
GUIDE = "guides:\n  {name}: {{summary: s, target: http/web, remedies: [{{name: r, steps: [{{http.request: {{url: 'http://h/x', method: PUT}}}}]}}]}}\n"


def file(folder, name, rule, mode, head=""):
    text = head + (RULE + GUIDE).format(name=rule, mode=mode)
    (folder / name).write_text(text)
    return text


def promoted(folder, rule, *files):
    db = sqlite3.connect(folder / "store.db", isolation_level=None)
    observed(db, rule, count=12)
    db.close()
    named = [word for name in files for word in ("--rules", str(folder / name))]
    return CliRunner().invoke(application, ["promote", rule, *named, "--store", str(folder / "store.db"), "--write"])


def test_of_two_files_that_end_alike(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    other, mine = file(tmp_path, "my-web.yaml", "failover", "ask"), file(tmp_path, "web.yaml", "down", "observe")
    came = promoted(tmp_path, "down", "my-web.yaml", "web.yaml")
    assert came.exit_code == 0, came.output
    assert (tmp_path / "my-web.yaml").read_text() == other
    assert (tmp_path / "web.yaml").read_text() == mine.replace("observe", "ask")


def test_of_a_pack(tmp_path):
    mine = file(tmp_path, "web.yaml", "down", "observe", "pack: web\n")
    came = promoted(tmp_path, "web/down", "web.yaml")
    assert came.exit_code == 0, came.output
    assert (tmp_path / "web.yaml").read_text() == mine.replace("observe", "ask")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("rules:\n  - {name: b, mode: observe, guide: g}\n", "a"),
        ("rules: []\n", "a"),
        ("other: 1\n", "a"),
        ("pack: p\nrules:\n  - {name: a, mode: observe, guide: g}\n", "a"),
        ("rules:\n  - {name: a, mode: observe, guide: g}\n", "p/a"),
    ],
)
def test_what_stands_there_now_is_another_rule(text, rule):
    with pytest.raises(ConfigurationError, match="is not there"):
        with_mode(text, rule, 0, Mode.ASK, "f")


def test_a_mode_that_is_merged_in_is_left_to_people():
    with pytest.raises(ConfigurationError, match="by hand"):
        with_mode("x: &b {mode: observe}\nrules:\n  - {<<: *b, name: a, guide: g}\n", "a", 0, Mode.ASK, "f")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  - <<: *b\n    name: a\n", "  - <<: *b\n    mode: ask\n    name: a\n"),
        ("  - name: a\n    <<: *b\n", "  - mode: ask\n    name: a\n    <<: *b\n"),
    ],
)
def test_a_guide_that_is_merged_in_stays(before, after):
    head = "x: &b {guide: g}\nrules:\n"
    assert with_mode(head + before, "a", 0, Mode.ASK, "f") == head + after


def test_line_ends_stay(tmp_path):
    mine = file(tmp_path, "web.yaml", "down", "observe").replace("    mode: observe\n", "").replace("\n", "\r\n")
    (tmp_path / "web.yaml").write_bytes(mine.encode())
    came = promoted(tmp_path, "down", "web.yaml")
    assert came.exit_code == 0, came.output
    written = (tmp_path / "web.yaml").read_bytes().decode()
    assert written == mine.replace("    guide: down\r\n", "    mode: ask\r\n    guide: down\r\n")
