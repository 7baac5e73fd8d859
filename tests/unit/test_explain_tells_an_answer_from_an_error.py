"""0: a rule takes it; 3: none does, which is an answer too; 1: nothing could be said; 2: wrong usage."""

import json
from pathlib import Path

import pytest
from fakes.forking import run

PACK = str(Path(__file__).parent / "golden_rule_tests/pack.yaml")
NOWHERE = ["--url", "http://127.0.0.1:9"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--rules", PACK, "alertname=Down", "service=web"], 0, ""),
        (["--rules", PACK, "alertname=Nothing"], 3, ""),
        (["--rules", PACK, "alertname=Nothing", "--json"], 3, ""),
        (["--rules", "wrong.yaml", "alertname=Down"], 1, "wrong.yaml:1"),
        (["alertname=Down", *NOWHERE], 1, "cannot reach the daemon"),
        (["--rules", PACK, "--payload", "none.json"], 1, "none.json"),
        (["--rules", PACK, "alertname"], 2, "is no label"),
        (["--rules", PACK], 2, "give one of"),
    ],
)
def test_its_exit_code(tmp_path, words, code, said):
    (tmp_path / "wrong.yaml").write_text("rules: 1\n")
    done = run("explain", *words, cwd=tmp_path, env={"NO_PROXY": "*"})
    assert (done.returncode, said in done.stderr) == (code, True), done


@pytest.mark.parametrize(("names", "code"), [(("Down", "Nothing"), 0), (("Nothing", "Else"), 3)])
def test_of_several_alerts_one_that_is_taken_is_enough(tmp_path, names, code):
    alerts = [{"status": "firing", "labels": {"alertname": name, "service": "web"}} for name in names]
    (tmp_path / "body.json").write_text(json.dumps({"alerts": alerts}))
    assert run("explain", "--rules", PACK, "--payload", "body.json", cwd=tmp_path).returncode == code
