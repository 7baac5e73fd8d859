import pytest

from remediator.errors import PermanentError


async def test_by_state_application_client_and_user(clients, context, perform):
    clients(3, application="web")
    (worker,) = clients(1, application="worker")
    worker.execute("BEGIN")
    said = await perform("connections", context)
    assert (said.max, said.reserved) == (30, 7)
    assert said.used >= 4
    assert said.headroom == 23 - said.used
    assert said.used_share == pytest.approx(said.used / 23, abs=1e-4)
    assert said.idle_in_transaction == 1
    assert said.longest_idle_in_transaction >= 0
    assert {each.name: each.count for each in said.by_application} .items() >= {"web": 3, "worker": 1}.items()
    assert {each.name: each.count for each in said.by_state} .items() >= {"idle in transaction": 1}.items()
    assert next(each.count for each in said.by_user if each.name == "shop") == 4
    assert next(each.count for each in said.by_client if each.name == "127.0.0.1") >= 4


async def test_a_role_that_sees_only_itself_is_told_what_it_lacks(connect, perform, tmp_path):
    (tmp_path / "shop").write_text("shop")
    blind = connect(user="shop", password_file=str(tmp_path / "shop"))
    for name in ("connections", "blocking", "long_running", "replication_lag", "slow_statements", "sizes"):
        with pytest.raises(PermanentError, match="pg_monitor"):
            await perform(name, blind)
