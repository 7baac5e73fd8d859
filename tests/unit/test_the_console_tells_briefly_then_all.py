import io

import pytest
from fakes.run_views import EXAMPLES, RUN, any_run_view, diagnosed, run
from hypothesis import HealthCheck, given, settings

from remediator.core.reporting import TOPICS, Message, Telling
from remediator.core.transitions import Status
from remediator.errors import PermanentError
from remediator.interfaces.console import ConsoleReporter


class Terminal(io.StringIO):
    def isatty(self):
        return True


async def told(view, telling=Telling.MESSAGE, topic="", stream=None):
    stream = stream or io.StringIO()
    assert await ConsoleReporter(stream).tell(Message(view, telling, topic)) is None
    return stream.getvalue()


async def test_an_update_is_a_few_lines():
    text = await told(run(Status.DIAGNOSING, "looking at 2 things", *diagnosed()))
    assert text.count("\n") == 2
    assert "2025-03-01T03:03:30Z 🔎 Diagnosing: looking, nobody is needed" in text
    assert f"run {RUN}: looking at 2 things" in text


async def test_the_end_is_the_whole_report():
    text = await told(EXAMPLES["escalated"]())
    for part in ("Situation", "Task", "Action", "Result", "Reflection", "Evidence", "used_share=0.42", "[hidden]"):
        assert part in text
    assert "hunter2" not in text


async def test_a_wanted_approval_shows_its_command():
    assert f'remediator runs approve {RUN} --reason "…"' in await told(EXAMPLES["awaiting_approval"]())


async def test_an_escalation_is_loud():
    text = await told(EXAMPLES["escalated"](), Telling.ESCALATION)
    assert text.count("!" * 100) == 2
    assert "🚨 Escalated (sev-2): a person is needed" in text


async def test_a_reply_is_one_line_until_the_whole_report_tells_it():
    view = run(Status.DIAGNOSING, "looking", *diagnosed())
    text = await told(view, Telling.THREAD, "diagnosis")
    assert text.count("\n") == 1
    assert "pool: used_share=0.42" in text
    assert await told(EXAMPLES["succeeded"](), Telling.THREAD, "diagnosis") == ""


async def test_colour_is_for_terminals():
    assert "\x1b[" not in await told(EXAMPLES["escalated"](), Telling.ESCALATION)
    assert "\x1b[31m" in await told(EXAMPLES["escalated"](), Telling.ESCALATION, stream=Terminal())


async def test_a_stream_without_emoji_is_no_error():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    await ConsoleReporter(stream).tell(Message(EXAMPLES["succeeded"](), Telling.MESSAGE))
    assert b"? Succeeded" in raw.getvalue()


async def test_a_closed_stream_is_our_error():
    stream = io.StringIO()
    reporter = ConsoleReporter(stream)
    stream.close()
    with pytest.raises(PermanentError, match="cannot be written"):
        await reporter.tell(Message(EXAMPLES["succeeded"](), Telling.MESSAGE))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(any_run_view())
async def test_no_label_reaches_the_terminal_as_a_control_sequence(view):
    for telling in Telling:
        for topic in TOPICS:
            assert "\x1b" not in await told(view, telling, topic)
