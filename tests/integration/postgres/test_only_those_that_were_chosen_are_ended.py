import time

import psycopg
import pytest

from remediator.actions.postgres.victims import SessionName
from remediator.errors import PermanentError


def alive(link):
    try:
        link.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture
def end(action):
    return action("terminate_idle")


def parameters(end, **more):
    return end.parameters.model_validate({"idle_for": "1s", "applications": ["web"]} | more)


async def test_never_more_than_the_maximum_and_the_oldest_first(clients, context, end):
    links = []
    for _ in range(3):
        links += clients(1)
        links[-1].execute("SELECT 1")
        time.sleep(0.02)
    time.sleep(1.1)
    intent = await end.resolve(parameters(end, max=2), context)
    assert end.amounts(intent.parameters) == {"sessions": 2}
    assert end.amounts(parameters(end, max=7)) == {"sessions": 7}
    said = await end.perform(intent.parameters, context)
    assert said.ended == 2
    assert [alive(link) for link in links] == [False, False, True]


async def test_one_that_came_back_to_life_is_spared(clients, context, end):
    first, second = clients(2)
    time.sleep(1.1)
    intent = await end.resolve(parameters(end), context)
    second.execute("SELECT 1")
    assert await end.happened(intent, context) is False
    said = await end.perform(intent.parameters, context)
    assert (said.ended, said.spared) == (1, 1)
    assert [alive(first), alive(second)] == [False, True]
    assert await end.happened(intent, context) is None  # one is gone, one is there


async def test_a_repeat_ends_nobody_new(clients, context, end):
    clients(1)
    time.sleep(1.1)
    intent = await end.resolve(parameters(end), context)
    assert end.idempotent(intent.parameters)
    assert not end.idempotent(parameters(end))
    assert (await end.perform(intent.parameters, context)).ended == 1
    assert await end.happened(intent, context) is True
    (late,) = clients(1)
    time.sleep(1.1)
    again = await end.perform(intent.parameters, context)
    assert (again.ended, again.spared) == (0, 1)
    assert alive(late)


async def test_what_cannot_be_seen_is_not_gone(clients, context, end, admin):
    clients(1)
    time.sleep(1.1)
    intent = await end.resolve(parameters(end), context)
    admin.execute("REVOKE pg_monitor FROM remediator")
    try:
        with pytest.raises(PermanentError, match="pg_monitor"):
            await end.happened(intent, context)
    finally:
        admin.execute("GRANT pg_monitor TO remediator")


async def test_a_process_id_that_was_given_again_names_nobody(clients, context, end):
    (link,) = clients(1)
    time.sleep(1.1)
    another = SessionName(pid=link.info.backend_pid, started=1)
    said = await end.perform(parameters(end).model_copy(update={"sessions": (another,)}), context)
    assert said.ended == 0
    assert alive(link)


async def test_never_ours_a_superusers_or_one_that_replicates(clients, context, end, server, admin):
    admin.execute("CREATE ROLE copies LOGIN REPLICATION PASSWORD 'copies'")
    kept = [*clients(1, application="remediator-store"), *clients(1, user="copies"), admin]
    admin.execute("SET application_name = 'web'")
    gone = clients(1)
    try:
        time.sleep(1.1)
        intent = await end.resolve(parameters(end, applications=[]), context)
        assert [each.pid for each in intent.parameters.sessions] == [gone[0].info.backend_pid]
        # Nor when they are named: the condition is asked again.
        named = tuple(
            SessionName(pid=pid, started=started)
            for pid, started in admin.execute(
                "SELECT pid, (extract(epoch FROM backend_start) * 1000000)::bigint FROM pg_stat_activity"
                " WHERE backend_start IS NOT NULL"
            ).fetchall()
        )
        time.sleep(1.1)
        all_of_them = intent.parameters.model_copy(update={"sessions": named})
        assert (await end.perform(all_of_them, context)).ended == 1
        assert all(alive(link) for link in kept)
    finally:
        kept[1].close()
        admin.execute("DROP ROLE copies")


async def test_states_users_and_databases_narrow_it(clients, context, end, perform):
    (idle,) = clients(1)
    (open_one,) = clients(1)
    open_one.execute("BEGIN")
    (elsewhere,) = clients(1, database="other")
    time.sleep(1.1)
    assert (await perform("terminate_idle", context, idle_for="1s", users=["nobody"])).ended == 0
    said = await perform("terminate_idle", context, idle_for="1s", users=["shop"], databases=["other"])
    assert (said.ended, alive(elsewhere)) == (1, False)
    said = await perform("terminate_idle", context, idle_for="1s", applications=["web"], states=["idle in transaction"])
    assert (said.ended, alive(open_one)) == (1, False)
    assert alive(idle)


async def test_not_without_the_right(connect, end, admin):
    admin.execute("REVOKE pg_signal_backend FROM remediator")
    try:
        with pytest.raises(PermanentError, match="pg_signal_backend"):
            await end.resolve(parameters(end), connect())
        with pytest.raises(PermanentError, match="pg_signal_backend"):
            await end.preview(parameters(end), connect())
    finally:
        admin.execute("GRANT pg_signal_backend TO remediator")


@pytest.mark.parametrize("hostile", ["web' OR '1'='1", "'; DROP TABLE public.orders; --", "%(max)s", "web\\", "{web,leaky}"])
async def test_a_label_stays_one_name(hostile, clients, context, perform, admin):
    (link,) = clients(1)
    time.sleep(1.1)
    for field in ("applications", "users", "databases"):
        assert (await perform("terminate_idle", context, **{"idle_for": "1s", field: [hostile]})).ended == 0
    assert alive(link)
    assert admin.execute("SELECT to_regclass('public.orders')").fetchone()[0] == "orders"


def test_an_empty_name_does_not_mean_all_and_a_maximum_is_bounded(end):
    for wrong in ({"applications": [""]}, {"idle_for": "0s"}, {"max": 0}, {"max": 5000}, {"states": ["active"]}):
        with pytest.raises(ValueError, match="validation error"):
            parameters(end, **wrong)
