import pytest
from fakes.run_views import EXAMPLES, diagnosed, run
from fakes.slack_api import texts

from remediator.core.reporting import TOPICS, Message, Telling
from remediator.core.transitions import FINAL, Status
from remediator.errors import PermanentError, TemporaryError
from remediator.interfaces.slack import SlackWebhookReporter


@pytest.fixture
def webhook(slack, session):
    return SlackWebhookReporter(slack.hook_url, session)


@pytest.mark.parametrize("status", Status)
async def test_it_tells_the_end_and_a_wanted_approval(slack, webhook, status):
    assert await webhook.tell(Message(run(status, "because", *diagnosed()), Telling.MESSAGE)) is None
    told = len(slack.channels["C0OPS"].messages)
    assert told == (1 if status in FINAL | {Status.AWAITING_APPROVAL} else 0)


async def test_it_tells_an_escalation(slack, webhook):
    assert await webhook.tell(Message(EXAMPLES["held"](), Telling.ESCALATION)) is None
    (posted,) = slack.channels["C0OPS"].messages.values()
    assert "*A person is needed*" in "\n".join(texts(posted.blocks))


async def test_it_drops_replies_but_for_the_digests_of_a_storm(slack, webhook):
    for topic in TOPICS:
        assert await webhook.tell(Message(EXAMPLES["succeeded"](), Telling.THREAD, topic)) is None
        assert len(slack.calls) == (TOPICS.index(topic) >= TOPICS.index("storm"))


async def test_its_refusals_become_ours(slack, session, webhook):
    message = Message(EXAMPLES["succeeded"](), Telling.MESSAGE)
    slack.paced = True
    await webhook.tell(message)
    with pytest.raises(TemporaryError) as caught:
        await webhook.tell(message)
    assert caught.value.retry_after == 1.0
    slack.channels["C0OPS"].archived = True
    with pytest.raises(PermanentError, match="410 channel_is_archived"):
        await webhook.tell(message)
    with pytest.raises(PermanentError, match="404"):
        await SlackWebhookReporter(slack.hook_url + "gone", session).tell(message)
    with pytest.raises(PermanentError, match="not a http"):
        await SlackWebhookReporter("hooks.slack.com/services/x", session).tell(message)
