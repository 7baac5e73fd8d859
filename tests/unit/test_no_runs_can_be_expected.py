"""``runs: []`` says that there are none; only where nothing is written yet is ``--update`` offered."""

from pathlib import Path

import pytest

from remediator.rehearsal.session import Session

PACK = (Path(__file__).parent / "golden_rule_tests/pack.yaml").read_text()
FILE = """\
rule_files: [pack.yaml]
answers:
  health: {outputs: {holds: true}}
  check1: {outputs: {holds: true}}
tests:
  - name: a
    alerts: [{labels: {alertname: NAME, service: web}}]
    expect: EXPECT
"""


@pytest.fixture
def play(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pack.yaml").write_text(PACK)

    def played(name, expect):
        Path("a_test.yaml").write_text(FILE.replace("NAME", name).replace("EXPECT", expect))
        said, session = [], Session()
        session.run([Path("a_test.yaml")], said.append)
        return session.failed, "\n".join(said)

    return played


def test_none_are_expected_and_none_come(play):
    assert play("Nothing", "{runs: []}") == (False, "")


def test_none_are_expected_and_one_comes(play):
    failed, said = play("Down", "{runs: []}")
    assert failed
    assert "    a_test.yaml:8: runs\n      - (none)\n      + restart on host/web at 0s" in said
    assert "--update" not in said


def test_nothing_is_written_yet(play):
    failed, said = play("Nothing", "{}")
    assert failed
    assert "nothing is expected yet; --update writes what happens" in said
