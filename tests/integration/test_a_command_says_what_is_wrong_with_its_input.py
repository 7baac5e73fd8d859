"""What a person typed is never answered with a traceback: exit code 1 or 2, and what is wrong is named."""

import subprocess
import sys

import pytest
from fakes.forking import run

LONG = "x" * 300
RULES = """\
rules: [{name: a, match: alertname = "A", guide: g}]
guides: {g: {summary: s, target: http/shop}}
"""
AT = ["--url", "http://127.0.0.1:9"]
AS = ["--user", "me", "--password-file"]


@pytest.fixture
def home(tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "remediator.yml").write_text("rules: [rules.yaml]\nstore: {path: store.db}\n")
    (tmp_path / "store.db").touch()
    (tmp_path / "latin").write_bytes(b"w\xf6rd\n")
    (tmp_path / "two").write_text("one\ntwo\n")
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["runs", "list", *AT, *AS, "none"], 1, "none: error: cannot be read: No such file"),
        (["runs", "list", *AT, *AS, "folder"], 1, "folder: error: cannot be read: Is a directory"),
        (["runs", "list", *AT, *AS, "latin"], 1, "latin: error: is not text"),
        (["runs", "list", *AT, *AS, "two"], 1, "two: error: must hold one line"),
        (["runs", "list", *AT, *AS, "/dev/zero"], 1, "/dev/zero: error: is larger than"),
        (["runs", "list", *AT, *AS, LONG], 1, "File name too long"),
        (["send", *AT, "--file", "none"], 1, "none: No such file"),
        (["send", *AT, "--file", "folder"], 1, "folder: Is a directory"),
        (["send", *AT, "--file", LONG], 1, "File name too long"),
        (["send", *AT, "--file", "/dev/zero"], 1, "/dev/zero: is larger than"),
        (["send", *AT, "a=b", "--http.config.file", "/dev/zero"], 1, "/dev/zero: error: is larger than"),
        (["audit", *AT, "--since", "junk"], 2, "--since"),
        (["rules", "stats", *AT, "--since", "junk"], 2, "--since"),
    ],
)
def test_options_of_those_that_ask_a_daemon(home, words, code, said):
    expect(run(*words, cwd=home), code, said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", LONG], "File name too long"),
        (["rbac", LONG], "File name too long"),
        (["test", LONG], "File name too long"),
        (["backtest", LONG, "--file", "x"], "File name too long"),
        (["backtest", "rules.yaml", "--file", LONG], "File name too long"),
        (["backtest", "rules.yaml", "--store", LONG], "File name too long"),
        (["explain", "a=b", "--rules", LONG], "File name too long"),
        (["explain", "a=b", "--rules", "rules.yaml", "--store", LONG], "File name too long"),
        (["explain", "--payload", LONG], "File name too long"),
        (["policy", "explain", LONG], "File name too long"),
        (["check", "--config.file", LONG], "File name too long"),
        (["packs", "copy", "service-platform", LONG], "File name too long"),
        (["packs", "copy", "service-platform", "rules.yaml/x"], "error: cannot be written: "),
        (["backup", LONG], "File name too long"),
        (["backup", "rules.yaml/x"], "cannot write rules.yaml/x: "),
        (["backup", "none/x"], "cannot write none/x: "),
    ],
    ids=lambda value: " ".join(value).replace(LONG, "LONG") if isinstance(value, list) else "",
)
def test_names_of_files(home, words, said):
    expect(run(*words, cwd=home), 1, said)


@pytest.mark.parametrize("pattern", ["a**x", "**.yaml/x", ".", ""])
def test_patterns_of_files(home, pattern):
    for words in (["check", pattern], ["policy", "explain", pattern], ["backtest", pattern, "--file", "x"]):
        done = run(*words, cwd=home)
        assert done.returncode in (0, 1, 3), done
        assert "Traceback" not in done.stderr
        assert "defect" not in done.stderr
    expect(run("check", "a**x", cwd=home), 1, 'no files can be found by "a**x"')


def test_an_included_file_whose_name_no_file_has(home):
    (home / "a.yaml").write_text('include: ["x\\0y.yaml"]\n')
    expect(run("check", "a.yaml", cwd=home), 1, "a.yaml:1:13: error: a file's name has no NUL character")


@pytest.mark.parametrize(
    "words",
    [
        ["runs", "show", "\udcff"],
        ["runs", "list", "--rule", "\udcff"],
        ["runs", "list", "--user", "\udcff"],
        ["runs", "pause", "1234", "--reason", "\udcff"],
        ["explain", "a=\udcff"],
        ["explain", "--run", "\udcff"],
        ["breakers", "reset", "\udcff"],
        ["pause", "\udcff", "--reason", "r"],
        ["send", "a=\udcff"],
    ],
    ids=lambda words: ascii(" ".join(words)),
)
def test_bytes_that_are_no_text(home, words):
    done = run(*words, *AT, cwd=home)
    expect(done, done.returncode, "\\udcff")
    assert done.returncode in (1, 2)


@pytest.mark.parametrize("url", ["http://[", "http://", "http://h:99999", "http://h:x", "ftp://h", "http://h/a b", "http://h\udcff"])
def test_a_url_that_is_none(home, url):
    expect(run("runs", "list", "--url", url, cwd=home), 1, "--url takes http://host:port, not ")


def test_a_current_folder_that_is_gone(home):
    line = f"cd folder && rmdir ../folder && exec {sys.executable} -m remediator check a.yaml"
    done = subprocess.run(["sh", "-c", line], cwd=home, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, "remediator: the current folder is gone\n")


def test_labels_that_no_alert_has(home):
    expect(run("explain", "a=" + "x" * 20_000, "--rules", "rules.yaml", cwd=home), 2, "a: ")
    expect(run("explain", "--run", "x" * 65, *AT, cwd=home), 2, "--run")
    (home / "old.json").write_text(
        '{"alerts": [{"status": "firing", "labels": {"alertname": "A"}, "startsAt": "1950-01-01T00:00:00Z"}]}'
    )
    expect(run("explain", "--payload", "old.json", *AT, cwd=home), 2, "startsAt: ")
    many = [f"a{number}=x" for number in range(129)]
    expect(run("explain", *many, "--rules", "rules.yaml", cwd=home), 2, "128")


def expect(done, code, said):
    assert (done.returncode, done.stdout) == (code, ""), done
    assert said in " ".join(done.stderr.replace("│", " ").split()), done.stderr
    assert "Traceback" not in done.stderr
    assert "defect" not in done.stderr
