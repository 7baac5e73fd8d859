import aiohttp
import pytest
from fakes.slack_api import SlackApi

from remediator.interfaces.slack import SlackReporter

CHANNEL = "C0OPS"


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as made:
        yield made


@pytest.fixture
async def slack():
    async with SlackApi() as made:
        made.add_channel(CHANNEL, "ops")
        yield made


@pytest.fixture
def reporter(slack, session):
    return SlackReporter(slack.token, CHANNEL, session, api_url=slack.api_url)
