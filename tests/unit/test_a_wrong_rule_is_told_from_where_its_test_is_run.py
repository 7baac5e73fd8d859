"""Who runs ``remediator test x`` is told of ``x/web.yaml``, as of ``x/web_test.yaml``: an editor opens what is printed."""

from fakes.forking import run

WRONG = 'rules: [{name: a, match: alertname = "A", guide: g}]\n'
TEST = "rule_files: [FILE]\ntests: [{name: a, alerts: [{labels: {alertname: A}}], expect: {nothing: true}}]\n"


def told(folder, file, *words):
    (folder / "x").mkdir(exist_ok=True)
    (folder / "x/web_test.yaml").write_text(TEST.replace("FILE", file))
    return run("test", *words, cwd=folder).stdout


def test_beside_the_test_and_above_it(tmp_path):
    for file in ("x/web.yaml", "web.yaml"):
        (tmp_path / "x").mkdir(exist_ok=True)
        (tmp_path / file).write_text(WRONG)
    assert told(tmp_path, "web.yaml", "x").startswith("x/web.yaml:1:")
    assert told(tmp_path, "../web.yaml", "x").startswith("web.yaml:1:")
    assert told(tmp_path, "web.yaml", str(tmp_path / "x")).startswith(f"{tmp_path}/x/web.yaml:1:")
