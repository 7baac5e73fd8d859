"""Any run at all becomes a message that Slack takes, in which no data is markup."""

import re

import pytest
from fakes.run_views import EXAMPLES, HOSTILE, any_run_view, run
from fakes.slack_api import check_content, markup, texts
from hypothesis import HealthCheck, example, given, settings
from msgspec.structs import replace

from remediator.core.reporting import TOPICS
from remediator.core.transitions import Status
from remediator.interfaces.report import compose
from remediator.interfaces.slack_blocks import code, escalation, mrkdwn, reply, run_message

LINK = re.compile(r"^<https?://[^<>|\s]*>$")
CODE = re.compile(r"`[^`\n]+`")


def messages(view):
    report = compose(view)
    yield run_message(report)
    yield escalation(report)
    for topic in TOPICS:
        yield reply(report, topic)


def assert_sound(view):
    for text, blocks in messages(view):
        body = {"text": text, "blocks": blocks}
        check_content(body)
        assert len(text) <= 1000
        assert all(LINK.match(found) for found in markup(body))
        for shown in texts(body["blocks"]):
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\ud800-\udfff]", shown)
        for block in blocks:
            if block["type"] == "section":
                # What is not code holds no formatting but the bold of our own headings and labels.
                for shown in texts(block):
                    plain = CODE.sub("", shown)
                    assert "`" not in plain
                    assert "~" not in plain
                    assert plain.count("*") % 2 == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(any_run_view())
@example(EXAMPLES["escalated"]())
def test_slack_accepts_every_report(view):
    assert_sound(view)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", EXAMPLES)
def test_slack_accepts_the_examples_with_hostile_labels(name, text):
    made = EXAMPLES[name]()
    labels = {"alertname": text, "severity": text, text or "empty": text, **{f"label_{n}": text for n in range(40)}}
    plan = replace(
        made.plan, labels=labels, annotations={"summary": text}, target=text, notes=f"{text}\n" * 50, escalate=text
    )
    assert_sound(replace(made, plan=plan, reason=text, held_by=text, approved_by=text))


def test_what_is_cut_says_so():
    view = run(Status.FAILED, "y" * 5000)
    _, blocks = run_message(compose(view))
    assert any("more characters)" in text for text in texts(blocks))


def test_a_long_part_says_how_much_is_left_out():
    plan = replace(EXAMPLES["held"]().plan, notes="a note for people that is long enough.\n" * 500)
    _, blocks = run_message(compose(run(Status.FAILED, "because", plan=plan)))
    assert any(
        re.search(r"… \d+ more of \d+ lines; the whole report: `remediator runs show`", t) for t in texts(blocks)
    )


@pytest.mark.parametrize("render", [run_message, lambda report: reply(report, "approval")])
def test_an_approval_shows_what_would_be_done_and_the_exact_command(render):
    _, blocks = render(compose(EXAMPLES["awaiting_approval"]()))
    shown = "\n".join(texts(blocks))
    assert '`remediator runs approve 01JN8G4Q7WXK --reason "…"`' in shown
    assert "would end 12 sessions" in shown
    assert "connection=orders, idle_for=600, max=50" in shown


def test_the_first_blocks_say_what_happened_and_what_to_do():
    _, blocks = run_message(compose(EXAMPLES["escalated"]()))
    assert [block["type"] for block in blocks[:3]] == ["header", "section", "section"]
    assert blocks[0]["text"]["text"].startswith("🚨 Escalated (sev-2): a person is needed")
    assert "What to do now" in blocks[2]["text"]["text"]


def test_words_stay_readable():
    assert (
        mrkdwn("used_share=0.4 of <b> & *all*, see _this_.")
        == "used_share=0.4 of &lt;b&gt; &amp; `*all*`, see `_this_`."
    )
    assert code("a`b<c") == "`a'b&lt;c`"
