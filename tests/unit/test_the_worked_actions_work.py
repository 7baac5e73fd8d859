"""docs/adding-an-action.md: its tests pass, the linter is silent, its actions have pages, its examples load."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/adding-an-action.md").read_text("utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))
EXAMPLES = re.findall(r"<!-- with the worked actions -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)

CONFTEST = """
from pathlib import Path
import remediator.actions
remediator.actions.__path__.append(str(Path(__file__).parents[3] / "remediator/actions"))
"""
#: What the rest of the tests asks of every action and of every example.
ALSO = """
from pathlib import Path
from unit.test_every_field_is_described import undescribed
from remediator.actions import registry
from remediator.interfaces.configuration import read_settings
from remediator.interfaces.reference import action_page
from remediator.interfaces.rule_files import load_rules

HERE = Path(__file__).parent

def test_the_rest():
    for name in ("tcp.connect", "memcached.flush"):
        action = registry.find(name)
        assert action.name in action_page(action)
        assert not [*undescribed(action.parameters), *undescribed(action.outputs)]
    assert load_rules(["0.yaml"], HERE).table.rules
    settings, connections = read_settings(HERE / "1.yaml")
    assert connections["memcached"]["sessions"].port == 11211
"""


@pytest.fixture
def written(tmp_path):
    """A folder with the page's files, and what makes them part of remediator."""
    tests = tmp_path / "tests/integration/actions"
    tests.mkdir(parents=True)
    (tests / "conftest.py").write_text((ROOT / "tests/integration/actions/conftest.py").read_text() + CONFTEST)
    (tests / "test_also.py").write_text(ALSO)
    for number, text in enumerate(EXAMPLES):
        (tests / f"{number}.yaml").write_text(text)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def run(*arguments, cwd=ROOT, text=None):
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=cwd, input=text, capture_output=True, text=True, timeout=60,
        check=False, env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_their_tests_pass(written):
    options = ("-q", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), "--rootdir", ".")
    code, said = run("pytest", *options, "tests", cwd=written)
    assert code == 0, said
    assert "." * 8 in said, said  # three, four, and the rest


def test_there_is_nothing_else():
    assert len(FILES) == PAGE.count("```python") == 4
    assert len(EXAMPLES) == PAGE.count("```yaml") == 2


@pytest.mark.parametrize("name", FILES)
def test_the_linter_is_silent(name):
    code, said = run("ruff", "check", "--stdin-filename", name, "-", text=FILES[name])
    assert code == 0, said
    if name.startswith("remediator/"):
        code, said = run("ruff", "format", "--check", "--stdin-filename", name, "-", text=FILES[name])
        assert code == 0, said
