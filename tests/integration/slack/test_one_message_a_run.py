
import pytest
from fakes.run_views import EXAMPLES, RUN, diagnosed, run
from fakes.slack_api import texts
from msgspec.structs import replace

from remediator.core.reporting import Message, Receipt, Telling
from remediator.core.transitions import Status
from remediator.errors import ConfigurationError, PermanentError
from remediator.interfaces.slack import SlackReporter


async def test_a_run_is_one_message_that_is_updated(slack, reporter):
    first = await reporter.tell(Message(run(Status.DIAGNOSING, "looking", *diagnosed()), Telling.MESSAGE))
    again = await reporter.tell(Message(EXAMPLES["succeeded"](), Telling.MESSAGE, receipt=first))
    assert again == first
    (posted,) = slack.channels["C0OPS"].messages.values()
    assert (posted.ts, posted.updates) == (first.ts, 1)
    assert posted.blocks[0]["text"]["text"].startswith("✅ Succeeded")
    assert posted.text.startswith("✅ Succeeded")


async def test_the_receipt_holds_the_channels_id_even_when_a_name_was_configured(slack, session):
    reporter = SlackReporter(slack.token, "#ops", session, api_url=slack.api_url)
    receipt = await reporter.tell(Message(EXAMPLES["held"](), Telling.MESSAGE))
    assert receipt.channel == "C0OPS"
    assert await reporter.tell(Message(EXAMPLES["succeeded"](), Telling.MESSAGE, receipt=receipt)) == receipt


async def test_parts_are_replies_in_its_thread(slack, reporter):
    main = await reporter.tell(Message(EXAMPLES["succeeded"](), Telling.MESSAGE))
    for topic in ("diagnosis", "action", "verification", "result"):
        receipt = await reporter.tell(Message(EXAMPLES["succeeded"](), Telling.THREAD, topic, main))
        assert receipt != main
    (posted,) = slack.channels["C0OPS"].messages.values()
    shown = ["\n".join(texts(reply.blocks)) for reply in posted.thread.values()]
    assert [reply.broadcast for reply in posted.thread.values()] == [False] * 4
    assert "used_share=0.42" in shown[0]
    assert "kubernetes.scale" in shown[1]
    assert "0.09 is below 0.15" in shown[2]
    assert "index the slow statement" in shown[3]


async def test_a_deleted_message_is_posted_anew(slack, reporter):
    lost = Receipt("C0OPS", "1.000001")
    receipt = await reporter.tell(Message(EXAMPLES["succeeded"](), Telling.MESSAGE, receipt=lost))
    assert list(slack.channels["C0OPS"].messages) == [receipt.ts]
    assert [method for method, _ in slack.calls] == ["chat.update", "chat.postMessage"]


@pytest.mark.parametrize("code", ["cant_update_message", "edit_window_closed"])
async def test_a_message_that_cannot_be_changed_is_posted_anew(slack, reporter, code):
    main = await reporter.tell(Message(EXAMPLES["held"](), Telling.MESSAGE))
    slack.fail_next = [code]
    assert await reporter.tell(Message(EXAMPLES["succeeded"](), Telling.MESSAGE, receipt=main)) != main
    assert len(slack.channels["C0OPS"].messages) == 2


async def test_a_reply_to_nothing_is_refused(slack, reporter):
    with pytest.raises(PermanentError, match="no message of this run"):
        await reporter.tell(Message(EXAMPLES["succeeded"](), Telling.THREAD, "result"))
    with pytest.raises(PermanentError, match="thread_not_found"):
        await reporter.tell(Message(EXAMPLES["succeeded"](), Telling.THREAD, "result", Receipt("C0OPS", "1.000001")))


async def test_an_escalation_is_noticed_in_the_channel(slack, session):
    reporter = SlackReporter(slack.token, "C0OPS", session, api_url=slack.api_url, mention="<!here>")
    main = await reporter.tell(Message(EXAMPLES["escalated"](), Telling.MESSAGE))
    await reporter.tell(Message(EXAMPLES["escalated"](), Telling.ESCALATION, receipt=main))
    (posted,) = slack.channels["C0OPS"].messages.values()
    (reply,) = posted.thread.values()
    assert reply.broadcast
    assert reply.blocks[0]["text"]["text"].startswith("<!here> *A person is needed*\n")
    assert "<!here>" not in posted.text + "\n".join(texts(posted.blocks))


async def test_an_escalation_needs_no_message_before_it(slack, reporter):
    assert await reporter.tell(Message(EXAMPLES["escalated"](), Telling.ESCALATION))
    assert len(slack.channels["C0OPS"].messages) == 1


async def test_a_wanted_approval_is_noticed_in_the_channel(slack, reporter):
    main = await reporter.tell(Message(EXAMPLES["awaiting_approval"](), Telling.MESSAGE))
    await reporter.tell(Message(EXAMPLES["awaiting_approval"](), Telling.THREAD, "approval", main))
    given = replace(EXAMPLES["succeeded"](), approved_by="dana", approval_reason="quiet hours")
    await reporter.tell(Message(given, Telling.THREAD, "approval", main))
    asked, answered = slack.channels["C0OPS"].messages[main.ts].thread.values()
    assert (asked.broadcast, answered.broadcast) == (True, False)
    assert f'`remediator runs approve {RUN} --reason "…"`' in "\n".join(texts(asked.blocks))
    assert "dana: quiet hours" in "\n".join(texts(answered.blocks))


async def test_slack_unfurls_and_links_nothing_by_itself(slack, reporter):
    main = await reporter.tell(Message(EXAMPLES["held"](), Telling.MESSAGE))
    await reporter.tell(Message(EXAMPLES["held"](), Telling.MESSAGE, receipt=main))
    posted, updated = (body for _, body in slack.calls)
    assert (posted["unfurl_links"], posted["unfurl_media"]) == (False, False)
    assert (updated["parse"], updated["link_names"]) == ("none", False)


@pytest.mark.parametrize("mention", ["@here", "<!everyone|x>", "hello", "<https://x>", "<!here> <!here>"])
def test_only_a_mention_can_be_configured_as_one(session, mention):
    with pytest.raises(ConfigurationError, match="no mention"):
        SlackReporter("xoxb-1", "C1", session, mention=mention)
