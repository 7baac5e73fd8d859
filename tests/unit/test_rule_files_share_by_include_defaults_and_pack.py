import pytest

from remediator.core.transitions import Mode
from remediator.errors import ConfigurationError
from remediator.interfaces.rule_files import load_rules

GUIDE = "{summary: s, target: http/a, parameters: {place: {type: string, default: here}}}"


def written(folder, **files):
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".yaml")
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
    return folder


def rule(name, guide, more=""):
    return f"{{name: {name}, match: 'alertname={name}', guide: {guide}{more}}}"


def wrong(folder, *patterns):
    with pytest.raises(ConfigurationError) as caught:
        load_rules(patterns or ["*.yaml"], folder)
    return [str(problem) for problem in caught.value.problems]


def test_included_rules_come_after_the_files_own_and_each_file_is_read_once(tmp_path):
    written(
        tmp_path,
        a=f"include: [sub/b.yaml, c.yaml]\nrules: [{rule('a', 'g')}]",
        c=f"include: [a.yaml]\nrules: [{rule('c', 'g')}]",  # in a circle, too
        sub__b=f"rules: [{rule('b', 'g')}]\nguides: {{g: {GUIDE}}}",
    )
    loaded = load_rules(["*.yaml"], tmp_path)
    assert [one.name for one in loaded.table.rules] == ["a", "b", "c"]
    assert {path.name for path in loaded.files} == {"a.yaml", "b.yaml", "c.yaml"}
    assert loaded.table.rules[1].file == "sub/b.yaml"


def test_an_included_file_that_is_not_there_is_told_where_it_is_named(tmp_path):
    written(tmp_path, a="include:\n  - gone.yaml\n  - /etc/passwd\n")
    said = wrong(tmp_path)
    assert said[0].startswith("a.yaml:2:5: error: the file gone.yaml cannot be read")
    assert said[1].startswith("a.yaml:3:5: error: an included file is named relative to this one")


def test_defaults_fill_what_a_rule_leaves_open(tmp_path):
    head = """
defaults:
  mode: ask
  limits: {cooldown: 5m, throttle: {max: 2, per: 1h}}
  runbook_url: https://example.com/r
  with: {place: there, unknown-to-the-guide: x}
"""
    own = ", mode: observe, limits: {cooldown: 1m}, runbook_url: '', with: {place: own}"
    written(
        tmp_path,
        a=f"{head}include: [b.yaml]\nrules: [{rule('first', 'g')}, {rule('second', 'g', own)}]",
        b=f"rules: [{rule('third', 'g')}]\nguides: {{g: {GUIDE}}}",
    )
    first, second, third = (one.text for one in load_rules(["a.yaml"], tmp_path).table.rules)
    assert (first.mode, first.limits.cooldown, first.limits.throttle.max) == (Mode.ASK, 300, 2)
    assert (first.runbook_url, first.with_) == ("https://example.com/r", {"place": "there"})
    assert (second.mode, second.limits.cooldown, second.limits.throttle.max) == (Mode.OBSERVE, 60, 2)
    assert (second.runbook_url, second.with_) == ("", {"place": "own"})
    assert (third.mode, third.limits.cooldown, third.with_) == (Mode.OBSERVE, 0, {})  # not another file's


def test_a_wrong_default_is_told_where_it_stands(tmp_path):
    written(tmp_path, a=f"defaults:\n  with:\n    place: '{{{{ lables.x }}}}'\nrules: [{rule('r', 'g')}]\nguides: {{g: {GUIDE}}}")
    assert wrong(tmp_path)[0].startswith("a.yaml:3:12: error:")


def test_a_packs_names_have_its_name_before_them(tmp_path):
    written(
        tmp_path,
        a=f"pack: web\nrules: [{rule('r', 'g')}]\nguides: {{g: {GUIDE}}}",
        b=f"pack: db\nrules: [{rule('r', 'g')}, {rule('s', 'web/g')}]\nguides: {{g: {GUIDE}}}",
        c=f"rules: [{rule('r', 'db/g')}]",
    )
    table = load_rules(["*.yaml"], tmp_path).table
    assert [(one.name, one.guide.name) for one in table.rules] == [
        ("web/r", "web/g"), ("db/r", "db/g"), ("db/s", "web/g"), ("r", "db/g"),
    ]  # fmt: skip
    assert table.rule("db/r").file == "b.yaml"


def test_in_a_pack_a_plain_name_is_the_packs_own(tmp_path):
    written(tmp_path, a=f"pack: web\nrules: [{rule('r', 'g')}]", b=f"guides: {{g: {GUIDE}}}")
    assert 'there is no guide "web/g"' in wrong(tmp_path)[0]


def test_names_with_a_slash_cannot_be_declared_in_a_pack(tmp_path):
    written(tmp_path, a=f"pack: web\nguides: {{x/g: {GUIDE}}}")
    assert 'has no "/"' in wrong(tmp_path)[0]


def test_what_stands_twice_shows_both_places(tmp_path):
    written(
        tmp_path,
        a=f"pack: web\nrules:\n  - {rule('r', 'g')}\nguides:\n  g: {GUIDE}",
        b=f"pack: web\nrules:\n  - {rule('r', 'g')}\nguides:\n  g: {GUIDE}",
        c=f"rules:\n  - {rule('web/r', 'web/g')}",
    )
    said = wrong(tmp_path)
    assert [line.partition("\n")[0] for line in said] == [
        'b.yaml:3:12: error: the rule "web/r" stands at a.yaml:3:12 already',
        'b.yaml:5:3: error: the guide "web/g" stands at a.yaml:5:3 already',
        'c.yaml:2:12: error: the rule "web/r" stands at a.yaml:3:12 already',
    ]


def test_the_versions_of_a_mounted_configmap_are_not_read_twice(tmp_path):
    version = tmp_path / "..2024_05_01"
    written(version, a=f"guides: {{g: {GUIDE}}}")
    (tmp_path / "..data").symlink_to(version.name)
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    assert [path.name for path in load_rules(["**/*.yaml"], tmp_path).files] == ["a.yaml"]
    assert load_rules([str(tmp_path / "..data/*.yaml")], tmp_path).files
