import time

from hypothesis import given
from hypothesis import strategies as st

from remediator.actions.postgres.blocking import arranged


async def test_as_a_tree(clients, context, perform, table, until, admin):
    table("locked", "id int PRIMARY KEY")
    admin.execute("INSERT INTO locked VALUES (1)")
    holder, second, third = clients(3)
    holder.execute("BEGIN")
    holder.execute("UPDATE locked SET id = 1")
    assert (await perform("check", context, metric="blocked", equals=0)).holds
    second.execute("BEGIN")
    for link in (second, third):
        link.pgconn.send_query(b"UPDATE locked SET id = 1")
        time.sleep(0.1)
    until(lambda: admin.execute("SELECT count(*) = 2 FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone()[0])
    said = await perform("blocking", context)
    assert said.blocked == 2
    assert said.roots == [holder.info.backend_pid]
    assert [each.pid for each in said.tree] == [link.info.backend_pid for link in (holder, second, third)]
    assert [each.depth for each in said.tree][:2] == [0, 1]
    assert (said.tree[0].state, said.tree[0].blocks) == ("idle in transaction", 2)
    assert said.longest_wait > 0
    assert (await perform("check", context, metric="blocked", at_least=2)).holds


async def test_nobody_waits(context, perform):
    said = await perform("blocking", context)
    assert (said.blocked, said.roots, said.tree, said.longest_wait) == (0, [], [], None)


def row(pid, blockers):
    return {"pid": pid, "blockers": blockers, "for_seconds": 1, "transaction_seconds": 1} | dict.fromkeys(
        ("user", "application", "state", "query")
    )


@given(st.dictionaries(st.integers(0, 8), st.lists(st.integers(0, 8), max_size=4), max_size=9))
def test_any_graph_is_arranged(graph):
    said = arranged([row(pid, blockers) for pid, blockers in graph.items()])
    pids = [each.pid for each in said.tree]
    assert len(pids) == len(set(pids))
    assert set(pids) == set(graph) | {pid for blockers in graph.values() for pid in blockers}
    assert said.blocked == sum(bool(blockers) for blockers in graph.values())
    for each in said.tree:
        assert each.blocks < max(len(pids), 1)
