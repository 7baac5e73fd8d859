"""Escalations to Alertmanager go as its connection says: its authorities are trusted, its token is read at each."""

import pytest
import yaml
from aiohttp import web
from fakes.run_views import EXAMPLES
from fakes.small_server import certificate, serve

from remediator.app.outside import make_reporters, make_session
from remediator.core.reporting import Message, Telling
from remediator.engine.clock import SystemClock
from remediator.errors import ConfigurationError, PermanentError, TemporaryError
from remediator.interfaces.configuration import read_configuration
from remediator.interfaces.secret_files import read_secrets

ESCALATION = Message(EXAMPLES["escalated"](), Telling.ESCALATION)


@pytest.fixture
async def escalation(tmp_path):
    """Makes the reporter that a configuration asks for."""
    session = make_session()

    def make(**connection):
        config = tmp_path / "remediator.yml"
        config.write_text(yaml.safe_dump({"connections": {"alertmanager": {"default": connection}}}))
        read = read_configuration(config)
        made = make_reporters(read.settings, read.connections, read_secrets(read), session, SystemClock())
        return next(one for one in made if one.name == "alertmanager")

    yield make
    await session.close()


async def test_a_token_that_was_rotated_counts_at_once(escalation, tmp_path):
    token = tmp_path / "token"
    token.write_text("the-first-token\n")
    async with serve(web.Response()) as server:
        reporter = escalation(url=server.url, bearer_token_file=str(token))
        await reporter.tell(ESCALATION)
        token.write_text("the-second-token\n")
        await reporter.tell(ESCALATION)
    sent = [request.headers["Authorization"] for request in server.requests]
    assert sent == ["Bearer the-first-token", "Bearer the-second-token"]


async def test_its_own_authorities_are_trusted(escalation, tmp_path):
    context, authority = certificate(tmp_path)
    async with serve(web.Response(), tls=context) as server:
        with pytest.raises(TemporaryError, match="cannot be reached"):
            await escalation(url=server.url).tell(ESCALATION)
        await escalation(url=server.url, ca_file=str(authority)).tell(ESCALATION)
        await escalation(url=server.url, tls_verify=False).tell(ESCALATION)
    assert len(server.requests) == 2


async def test_a_token_that_is_gone_is_said(escalation, tmp_path):
    token = tmp_path / "token"
    token.write_text("the-first-token\n")
    async with serve(web.Response()) as server:
        reporter = escalation(url=server.url, bearer_token_file=str(token))
        token.unlink()
        with pytest.raises(PermanentError, match=r"cannot read the secret in .*token"):
            await reporter.tell(ESCALATION)
    assert server.requests == []


async def test_a_token_that_is_missing_at_the_start_stops_it(escalation):
    with pytest.raises(ConfigurationError, match="cannot read the secret in /nowhere/token"):
        escalation(url="http://127.0.0.1:1", bearer_token_file="/nowhere/token")
