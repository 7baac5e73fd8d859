"""``remediator packs``: what is shipped, what a row does, a copy that passes its own tests."""

import pytest
from typer.testing import CliRunner

from remediator.cli import application
from remediator.errors import ConfigurationError
from remediator.interfaces.packs import packs_folder, shipped
from remediator.interfaces.packs_page import guides_page, read_scenarios


@pytest.fixture
def packs():
    def packs(*arguments):
        return CliRunner().invoke(application, ["packs", *map(str, arguments)])

    return packs


def test_all_are_listed(packs):
    said = packs("list").output
    assert [line.split()[0] for line in said.splitlines()] == [pack.name for pack in shipped()]
    assert "z2-platform               19 rows  22 rules  The Z2 platform: an API" in said


def test_a_row_is_shown_with_its_modes(packs):
    said = packs("show", "z2-platform", "z2-3").output
    assert '  alert      alertname = "Z2PoolExhausted", platform = "z2"' in said
    assert "  1. auto: end idle connections" in said
    assert "idle_seconds: 600" in said
    assert "  3. ask: raise the pool by environment variables - pods restart" in said
    assert "verified   postgres.check, kubernetes.rollout_status within 5m" in said


def test_a_pack_is_shown_a_line_a_rule(packs):
    said = packs("show", "z2-platform").output
    assert "Z2-8 login failures                  only evidence" in said


def test_what_is_not_there_is_refused(packs):
    assert 'there is no pack "z2-platfrom"' in str(packs("show", "z2-platfrom").exception)
    assert 'has no row "Z2-99"' in str(packs("show", "z2-platform", "Z2-99").exception)


def test_a_copy_is_whole_and_never_written_over(packs, tmp_path):
    assert packs("copy", "z2-platform", tmp_path / "rules").exit_code == 0
    copied = tmp_path / "rules"
    assert (copied / "common/postgres.yaml").read_bytes() == (packs_folder() / "common/postgres.yaml").read_bytes()
    assert CliRunner().invoke(application, ["check", str(copied / "z2-platform.yaml")]).exit_code == 0
    assert packs("copy", "z2-platform", copied).exit_code == 0  # the same again
    (copied / "z2-platform.yaml").write_text("rules: []\n")
    again = packs("copy", "z2-platform", copied)
    assert isinstance(again.exception, ConfigurationError)
    assert (copied / "z2-platform.yaml").read_text() == "rules: []\n"


def test_scenarios_are_read_and_not_run(tmp_path):
    (tmp_path / "test_z2_3.py").write_text('raise SystemExit\nROWS = ("Z2-3",)\nBACKENDS = {"postgres": "real", "kubernetes": "fake"}\n')
    (tmp_path / "test_other.py").write_text("X = 1\n")
    page = guides_page(shipped(), read_scenarios(tmp_path))
    assert "1 of them played by 1 modules" in page
    assert "[test_z2_3](../tests/guides/test_z2_3.py) | kubernetes fake, postgres real |" in page
