import json
import shutil
import subprocess

import pytest

from remediator.core.action import Lands
from remediator.core.templates import compile_template

NASTY = [
    'x"} or vector(1) #', "it's", "back\\slash", "\\", '"', "'", "`", "line\nbreak\r\t", "\0\x01\x1b\x7f", "ü€😀\u2028",
    "a.b|.*", "[", "]", "{", "}", "(?i)", "\\Q", "\\E", "$1", "{{ x }}", "", " ", "#", "\\x41", "\\u0041", "-", "^$",
]  # fmt: skip

SOURCES = [
    'x{a="{{ labels.v }}"} > 1',
    "x{a='{{ labels.v }}'} > 1",
    'x{a=~"pre-{{ labels.v }}-.*"} > 1',
    "x{a!~'({{ labels.v }})+'} > 1",
    'label_replace(x, "d", "$1{{ labels.v }}", "s", "{{ labels.v }}(.*)")',
]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_it_parses(tmp_path):
    templates = [compile_template(each, Lands.PROMQL) for each in SOURCES]
    rendered = [template.render({"labels": {"v": value}}) for template in templates for value in NASTY]
    bare = compile_template("{{ params.n }}^2 > {{ params.n }} + rate(x[{{ params.d }}])", Lands.PROMQL)
    rendered += [bare.render({"params": {"n": n, "d": "1h30m"}}) for n in (0, -5, 1e-05, 1e300, -0.5)]
    rules = [{"record": f"r{index}", "expr": each} for index, each in enumerate(rendered)]
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}, ensure_ascii=False))
    done = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout
