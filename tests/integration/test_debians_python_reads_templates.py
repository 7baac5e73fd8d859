"""Debian 12's Python 3.11.2 finds no match where a possessive repeat holds a look-ahead: no template could be read."""

import os
import site
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEBIANS = Path("/usr/bin/python3.11")
CHECK = """
from remediator.core.templates import compile_template
text = compile_template("{{ labels.job }}/{{ labels.a ~ '}}' }} {{ labels.job }}")
print(text.render({"labels": {"job": "api", "a": "}"}}))
"""


@pytest.mark.skipif(
    not DEBIANS.exists() or sys.version_info[:2] != (3, 11), reason=f"needs {DEBIANS}, beside these libraries for 3.11"
)
def test_a_template_means_the_same_there():
    where = os.pathsep.join([str(ROOT), *site.getsitepackages()])
    done = subprocess.run(
        [DEBIANS, "-c", CHECK], env={"PYTHONPATH": where}, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.stderr) == ("api/}}} api\n", "")
