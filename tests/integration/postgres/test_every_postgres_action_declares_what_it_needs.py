import re
from pathlib import Path

import pytest
import yaml

from remediator.actions import registry
from remediator.actions.postgres import Connection
from remediator.actions.postgres.connection import placeholders

USES = {
    "ping": {},
    "check": {"metric": "used_share", "below": 0.8},
    "connections": {},
    "settings": {"names": ["work_mem"]},
    "slow_statements": {"by": "total"},
    "blocking": {},
    "long_running": {"longer_than": "5s"},
    "replication_lag": {},
    "sizes": {},
    "missing_indexes": {},
    "explain": {"statement": "s", "values": {"a": 1, "b": "x", "c": None, "d": True, "e": 1.5}},
    "user_active": {"statement": "s", "values": {"email": "a@b"}},
    "terminate_idle": {"idle_for": "10m", "states": ["idle in transaction"], "sessions": [{"pid": 1, "started": 2}]},
    "cancel_long": {"running_for": "10m", "sessions": [{"pid": 1, "started": 2, "statement": 3}]},
    "terminate_long": {"running_for": "10m", "applications": ["a"]},
    "vacuum_analyze": {"table": "a.b", "within": "1h"},
    "vacuum_full": {"table": "a.b"},
    "create_index": {"index": "i"},
    "checkpoint": {"switch_wal": False},
    "set_setting": {"name": "work_mem", "value": "1MB"},
    "delete_batch": {"statement": "s", "max": 10},
}
CHANGING = {
    "terminate_idle", "cancel_long", "terminate_long", "vacuum_analyze", "vacuum_full", "create_index", "checkpoint",
    "set_setting", "delete_batch",
}  # fmt: skip
CHECKS = {"ping", "check", "user_active"}


def test_the_registry_finds_them():
    assert set(registry.of_system("postgres")) == {f"postgres.{name}" for name in USES}
    assert registry.connection_model("postgres") is Connection


@pytest.mark.parametrize("name", USES)
def test_its_declarations(name):
    action = registry.find(f"postgres.{name}")
    p = action.parameters.model_validate(USES[name] | {"connection": "orders"})
    assert action.backend(p) == "postgres/orders"
    assert action.targets(p) == (("postgres/orders" + ("/a.b" if name == "vacuum_full" else ""),) if action.changes else ())
    assert action.changes == (name in CHANGING)
    assert action.checks == (name in CHECKS)
    assert bool(action.preview) == action.changes
    assert action.permissions(p)
    assert action.needs_approval == (name in {"delete_batch", "vacuum_full"})
    assert bool(action.undo) == (name in {"create_index", "set_setting"})
    assert action.undo_is_safe == (name == "set_setting")


@pytest.mark.parametrize("name", USES)
def test_an_intent_survives_the_journal(name):
    model = registry.find(f"postgres.{name}").parameters
    p = model.model_validate(USES[name])
    assert model.model_validate_json(p.model_dump_json(by_alias=True)) == p
    assert model.model_validate(p.model_dump(mode="json", by_alias=True)) == p


def test_all_that_is_declared_is_tried():
    assert set(registry.of_system("postgres")) == {f"postgres.{name}" for name in USES}


WRONG = [
    {"statements": {"s": {"sql": "SELECT 1; DROP TABLE x"}}},
    {"statements": {"s": {"sql": "SELECT %s"}}},
    {"statements": {"s": {"sql": "SELECT 5 % 2"}}},
    {"statements": {"s": {"sql": "DELETE FROM x", "deletes": True}}},
    {"statements": {"s": {"sql": "UPDATE x SET y = 1 LIMIT %(batch)s", "deletes": True}}},
    {"statements": {"s": {"sql": "DELETE FROM x LIMIT %(batch)s", "count": "SELECT %(other)s", "deletes": True}}},
    {"indexes": {"i": {"table": "orders", "definition": "(a)"}}},
    {"indexes": {"i": {"table": "public.orders", "definition": "a"}}},
    {"indexes": {"i": {"table": "public.orders", "definition": "(a); DROP TABLE x"}}},
    {"tables": ["orders"]},
    {"settings": ["Work Mem"]},
    {"sslmode": "allow"},
    {"password": "x"},
]


@pytest.mark.parametrize("fields", WRONG, ids=str)
def test_a_wrong_connection_is_refused(fields):
    Connection(host="h", user="u")
    with pytest.raises(ValueError, match="validation error"):
        Connection.model_validate({"host": "h", "user": "u"} | fields)


def test_the_connection_on_the_page_is_one():
    page = (Path(__file__).parents[3] / "docs/postgres.md").read_text()
    shown = yaml.safe_load(re.search(r"^```yaml\n# remediator.yml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[1])
    connection = Connection.model_validate(shown["connections"]["postgres"]["orders"])
    assert placeholders(connection.statements["old-audit"].sql) == {"older_than", "batch"}
