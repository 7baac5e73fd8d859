import time

import psycopg
import pytest


def start(link, statement="SELECT pg_sleep(60)"):
    link.pgconn.send_query(statement.encode())


def result(link):
    while not link.pgconn.is_busy():
        found = link.pgconn.get_result()
        return found.error_message.decode() if found else ""
    link.pgconn.consume_input()
    return None


@pytest.fixture
def sleeper(clients):
    (link,) = clients(1, application="report")
    start(link)
    time.sleep(1.1)
    return link


async def test_they_are_told(sleeper, context, perform):
    said = await perform("long_running", context, longer_than="1s")
    assert said.count == 1
    assert said.longest >= 1
    assert (said.statements[0].query, said.statements[0].application) == ("SELECT pg_sleep(60)", "report")
    assert not (await perform("check", context, metric="longest_statement", below=1)).holds
    assert (await perform("long_running", context, longer_than="1h")).count == 0
    sleeper.cancel()


async def test_cancelling_keeps_the_session(sleeper, context, perform, until):
    said = await perform("cancel_long", context, running_for="1s")
    assert (said.ended, said.remaining) == (1, 0)
    assert "canceling statement due to user request" in until(lambda: result(sleeper))


async def test_terminating_does_not(sleeper, context, perform, until):
    said = await perform("terminate_long", context, running_for="1s", applications=["report"])
    assert (said.ended, said.sessions[0].pid, said.remaining) == (1, sleeper.info.backend_pid, 0)
    until(lambda: sleeper.pgconn.status != psycopg.pq.ConnStatus.OK or result(sleeper))


async def test_the_next_statement_of_the_same_session_is_another(sleeper, context, action, until):
    cancel = action("cancel_long")
    intent = await cancel.resolve(cancel.parameters.model_validate({"running_for": "1s"}), context)
    sleeper.cancel()
    until(lambda: result(sleeper))
    sleeper.pgconn.get_result()
    start(sleeper)
    time.sleep(1.1)
    assert await cancel.happened(intent, context) is True
    assert (await cancel.perform(intent.parameters, context)).ended == 0
    assert result(sleeper) is None  # still running
    sleeper.cancel()


async def test_what_runs_long_by_nature_is_spared(clients, context, perform):
    (dump,) = clients(1, application="pg_dump")
    start(dump)
    time.sleep(1.1)
    assert (await perform("cancel_long", context, running_for="1s")).ended == 0
    assert (await perform("cancel_long", context, running_for="1s", spare=["nothing"])).ended == 1
