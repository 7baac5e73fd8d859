import re
import time

import psycopg
import pytest

from remediator.errors import TemporaryError

IDLE = {"idle_for": "1s", "applications": ["leaky"]}


async def test_by_ending_idle_sessions(clients, context, perform, action, until):
    room = (await perform("connections", context)).headroom
    leaked = clients(room, application="leaky")
    with pytest.raises(psycopg.OperationalError, match="connection slots"):
        clients(1)
    full = await perform("connections", context)
    assert (full.headroom, full.used_share) == (0, 1.0)
    assert not (await perform("check", context, metric="used_share", below=0.8)).holds
    time.sleep(1.1)
    preview = await action("terminate_idle").preview(action("terminate_idle").parameters(**IDLE), context)
    assert preview.startswith(f"{len(leaked)} sessions would be ended\n- ")
    assert re.search(r"shop, leaky, 127\.0\.0\.1; idle for [1-9]", preview)  # on a busy machine a little longer
    said = await perform("terminate_idle", context, **IDLE)
    assert (said.ended, said.remaining, said.spared) == (len(leaked), 0, 0)
    assert {each.application for each in said.sessions} == {"leaky"}
    assert (await perform("check", context, metric="used_share", below=0.8)).holds
    clients(1)


async def test_not_without_a_reserved_connection(clients, connect, perform, admin):
    admin.execute("REVOKE pg_use_reserved_connections FROM remediator")
    try:
        with pytest.raises(psycopg.OperationalError, match="connection slots"):
            clients(30, application="leaky")
        with pytest.raises(TemporaryError, match="too many clients") as raised:
            await perform("connections", connect())
        assert not raised.value.transport  # it does answer
        assert not (await perform("ping", connect())).holds
    finally:
        admin.execute("GRANT pg_use_reserved_connections TO remediator")
