"""``--update`` writes nothing where two tests share by an alias what they expect: one would get the other's."""

from pathlib import Path

import pytest

from remediator.rehearsal.session import Session

PACK = (Path(__file__).parent / "golden_rule_tests" / "pack.yaml").read_text()
TEXT = """
rule_files: [pack.yaml]
answers: {health: {outputs: {holds: false}}, restart: {outputs: {status: 200}}, check1: {outputs: {holds: false}}}
tests:
  - name: one
    alerts: [labels: {alertname: Down, service: w}]
    expect: FIRST
  - name: two
    alerts: [labels: {alertname: Nobody}]
    expect: SECOND
"""


@pytest.mark.parametrize(
    ("first", "second"),
    [("&e {nothing: true}", "*e"), ("{runs: &r [{rule: restart}]}", "{runs: *r}")],
)
def test_nothing_is_written(tmp_path, first, second):
    (tmp_path / "pack.yaml").write_text(PACK)
    path = tmp_path / "shared_test.yaml"
    path.write_text(TEXT.replace("FIRST", first.replace("restart", "restart, status: held")).replace("SECOND", second))
    before, said = path.read_text(), []
    session = Session(update=True)
    session.run([path], said.append)
    assert path.read_text() == before
    assert "shared by an alias" in said[0]
    assert f"{path}:7:" in said[0]
    assert session.failed
