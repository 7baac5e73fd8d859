import pytest

from remediator.interfaces.rule_files import load_rules
from remediator.interfaces.rule_files.linting import lint, subject_of

FILE = """\
{top}
rules:{head}
  {above}
  - name: first {at}
    match: alertname = "A"
    guide: look
    mode: auto {mode}
  - name: second
    match: alertname = "A"
    guide: look
    runbook_url: https://example.com
guides:
  look:
    summary: Something is wrong
    target: http/shop
    notes: |
      # remediator disable missing-runbook-url: this is a text, no comment
    remedies:
      - name: r
        steps:
          - http.request: {{connection: shop, path: /restart, body: "x # remediator disable-file auto-without-verify: a text, too"}}
"""
ALL = ["missing-runbook-url", "auto-without-verify", "auto-without-cooldown", "shadowed-rule"]


def found(tmp_path, top="", above="", at="", mode="", head=""):
    (tmp_path / "a.yaml").write_text(FILE.format(top=top, above=above, at=at, mode=mode, head=head))
    loaded = load_rules(["a.yaml"], tmp_path)
    return [problem.name for problem in lint(loaded, subject_of(loaded))]


def test_nothing_is_off_by_itself(tmp_path):
    assert sorted(found(tmp_path)) == sorted(ALL)


@pytest.mark.parametrize(
    ("where", "comment", "off"),
    [
        ("top", "# remediator disable-file missing-runbook-url: why", {"missing-runbook-url"}),
        ("top", "# remediator disable missing-runbook-url: why", set()),  # about the line after it only
        ("above", "# remediator disable auto-without-verify: why", {"auto-without-verify"}),
        ("above", "# remediator disable auto-without-verify, auto-without-cooldown: why", {"auto-without-verify", "auto-without-cooldown"}),
        ("above", "# remediator disable shadowed-rule: why", set()),  # that is the other rule's
        ("at", "# remediator disable missing-runbook-url: why", {"missing-runbook-url"}),
        ("mode", "# remediator disable auto-without-cooldown: why", {"auto-without-cooldown"}),
        ("mode", "# remediator disable missing-runbook-url: why", set()),
        ("mode", "# see the wiki  # remediator disable auto-without-cooldown: why: this", {"auto-without-cooldown"}),
        ("head", "  # remediator disable missing-runbook-url: why", set()),
    ],
)
def test_what_it_is_about(tmp_path, where, comment, off):
    assert sorted(found(tmp_path, **{where: comment})) == sorted(set(ALL) - off)


@pytest.mark.parametrize("reason", ["", ":", ": "])
def test_without_a_reason_it_stays_on(tmp_path, reason):
    names = found(tmp_path, above=f"# remediator disable auto-without-verify{reason}")
    assert sorted(names) == sorted([*ALL, "disable-without-reason"])


def test_an_unknown_name_shows_the_nearest(tmp_path):
    (tmp_path / "a.yaml").write_text("# remediator disable-file unused-gide: a pack\nguides: {g: {summary: s, target: http/a}}\n")
    loaded = load_rules(["a.yaml"], tmp_path)
    told = [str(problem) for problem in lint(loaded, subject_of(loaded))]
    assert 'there is no check "unused-gide" (unknown-check)' in told[0]
    assert 'did you mean "unused-guide"?' in told[0]
    assert "unused-guide" in told[1]


def test_what_the_loader_warns_of_can_be_switched_off_too(tmp_path):
    text = "defaults: {runbook_url: x}\nrules:\n  - name: a\n    match: foo=bar\\\\n  # remediator disable %s: why\n    guide: g\nguides: {g: {summary: s, target: http/a}}\n"
    for name, count in (("matcher-grammar", 0), ("weak-verify", 1)):
        (tmp_path / "a.yaml").write_text(text % name)
        loaded = load_rules(["a.yaml"], tmp_path)
        assert len(loaded.warnings) == 1
        assert len(lint(loaded, subject_of(loaded))) == count
