import yaml

from remediator.core.rule_changes import edits, rule_changes
from remediator.interfaces.rule_files import load_rules


def table(tmp_path, *rules, **guide):
    text = {"rules": [{"name": name, "match": f"alertname={name}", "guide": "g"} | more for name, more in rules],
            "guides": {"g": {"summary": "s", "target": "http/a", "parameters": {"n": {"default": "1"}}} | guide}}  # fmt: skip
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(text))
    return load_rules(["a.yaml"], tmp_path).table


def test_fields(tmp_path):
    old = table(tmp_path, ("a", {}), ("b", {"limits": {"cooldown": "1m"}}), ("c", {}), ("gone", {}))
    new = table(tmp_path, ("a", {}), ("c", {"with": {"n": "2"}, "mode": "ask"}), ("b", {"limits": {"cooldown": "2m"}, "continue": True}), ("new", {}))
    changes = rule_changes(old, new)
    assert (changes.added, changes.removed, changes.reordered) == (("new",), ("gone",), True)
    assert {name: set(fields) for name, fields in changes.changed.items()} == {
        "b": {"limits.cooldown", "continue"}, "c": {"with.n", "mode"},
    }  # fmt: skip
    assert str(changes) == "1 added, 1 removed, 2 changed, order changed"


def test_a_guides_change_is_a_change_of_its_rules(tmp_path):
    changes = rule_changes(table(tmp_path, ("a", {})), table(tmp_path, ("a", {}), notes="more", escalate="sev-1"))
    assert changes.changed == {"a": ("guide.escalate", "guide.notes")}


def test_nothing_changed(tmp_path):
    assert str(rule_changes(table(tmp_path, ("a", {})), table(tmp_path, ("a", {})))) == "0 added, 0 removed, 0 changed"


def test_values_before_and_after(tmp_path):
    old = table(tmp_path, ("a", {"mode": "ask", "limits": {"cooldown": "1m"}, "with": {"n": "1"}}), ("gone", {}))
    new = table(tmp_path, ("a", {"mode": "auto", "limits": {"cooldown": "2m"}, "with": {"n": "2"}}), ("new", {}), notes="more")
    removed, changed, added = edits(old, new)
    assert (removed.what, removed.rule, removed.before["guide"], removed.after) == ("rule removed", "gone", "g", None)
    assert (changed.what, changed.rule) == ("rule changed", "a")
    assert changed.before == {"mode": "ask", "limits.cooldown": "1m", "with.n": "1", "guide.notes": None}
    assert changed.after == {"mode": "auto", "limits.cooldown": "2m", "with.n": "2", "guide.notes": "more"}
    assert (added.what, added.rule, added.before, added.after["match"]) == ("rule added", "new", None, ["alertname=new"])
