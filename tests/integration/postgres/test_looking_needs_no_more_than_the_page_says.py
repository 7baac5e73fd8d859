import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediator.actions.postgres.connection import Statement
from remediator.errors import PermanentError

LOOKS = {
    "ping": {},
    "check": {"metric": "lag_bytes", "below": 1},
    "connections": {},
    "settings": {},
    "slow_statements": {},
    "blocking": {},
    "long_running": {},
    "replication_lag": {},
    "sizes": {},
    "missing_indexes": {},
    "explain": {"statement": "orders"},
    "user_active": {"statement": "user"},
}
LISTED = {
    "statements": {
        "orders": {"sql": "SELECT * FROM orders"},
        "user": {"sql": "SELECT active FROM users"},
        "old": {"sql": "DELETE FROM audit WHERE id < %(batch)s", "deletes": True},
    },
    "indexes": {"i": {"table": "public.orders", "definition": "(note)"}},
    "tables": ["public.orders"],
    "settings": ["work_mem"],
}
CHANGES = {
    "terminate_idle": {"idle_for": "1s"},
    "cancel_long": {"running_for": "1s"},
    "vacuum_analyze": {"table": "public.orders"},
    "create_index": {"index": "i"},
    "checkpoint": {},
    "set_setting": {"name": "work_mem", "value": "5MB"},
    "delete_batch": {"statement": "old", "max": 1},
}


@pytest.fixture
def watcher(admin, connect, documented_sql):
    looking, _ = documented_sql
    admin.execute(looking.replace("remediator", "watcher"))
    yield connect(user="watcher", **LISTED)
    admin.execute("DROP OWNED BY watcher")
    admin.execute("DROP ROLE watcher")


async def test_it_looks_and_can_do_no_more(watcher, perform, admin):
    for name, args in LOOKS.items():
        await perform(name, watcher, **args)
    for name, args in CHANGES.items():
        with pytest.raises(PermanentError, match=r"permission denied|must be"):
            await perform(name, watcher, **args)
    assert admin.execute("SELECT to_regclass('public.i')").fetchone() == (None,)


async def test_without_the_extension_that_is_a_finding(connect, perform, admin):
    said = await perform("slow_statements", connect(database="other"))
    assert (said.available, said.statements) == (False, [])
    assert "pg_stat_statements is not created" in said.reason


@given(st.text(max_size=60))
def test_any_statement_text_is_read_or_refused(text):
    try:
        found = Statement(sql=text)
    except ValueError:
        return
    assert ";" not in found.sql
