"""A Markdown reader sees our headings, tables and commands, and nothing that data brought in."""

import re

import pytest
from fakes.run_views import EXAMPLES, HOSTILE, any_run_view
from hypothesis import HealthCheck, example, given, settings
from msgspec.structs import replace

from remediator.interfaces.markdown import to_markdown
from remediator.interfaces.report import compose

markdown_it = pytest.importorskip("markdown_it", reason="comes with rich, which typer brings")
READER = markdown_it.MarkdownIt("commonmark", {"linkify": False, "html": True}).enable(["table", "strikethrough"])
FOREIGN = {
    "html_block", "html_inline", "image", "em_open", "s_open", "fence", "code_block", "blockquote_open",
    "ordered_list_open", "hr", "softbreak", "hardbreak",
}  # fmt: skip
HEADINGS = ["Situation", "Task", "Action", "Result", "Reflection"]


def assert_data_is_text(view):
    report = compose(view)
    shown = to_markdown(report)
    tokens = READER.parse(shown)
    inline = [child for token in tokens if token.type == "inline" for child in token.children or []]
    kinds = {token.type for token in (*tokens, *inline)}
    assert not kinds & FOREIGN
    links = [child.attrs["href"] for child in inline if child.type == "link_open"]
    assert len(set(links)) <= (1 if report.runbook_url else 0)
    assert [token.tag for token in tokens if token.type == "heading_open"].count("h1") == 1
    names = [
        tokens[place + 1].content
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == "h2"
    ]
    assert names == [name for name in HEADINGS if name in names]
    # Bare addresses are linked by GitHub unless they are code.
    plain = "".join(child.content for child in inline if child.type == "text" and child.level == 0)
    assert not re.search(r"https?://(?!runbooks)|(?:^|\s)www\.", plain)
    widths = [line.replace("\\|", "").count("|") for line in shown.splitlines() if line.startswith("|")]
    assert set(widths) <= {3, 4, 5, 6}


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(any_run_view())
@example(EXAMPLES["escalated"]())
def test_markdown_shows_data_as_text(view):
    assert_data_is_text(view)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_labels_are_text(text):
    made = EXAMPLES["escalated"]()
    plan = replace(
        made.plan,
        labels={"alertname": text, "x": text},
        annotations={"summary": text},
        target=text,
        notes=f"{text}\n- {text}",
    )
    assert_data_is_text(replace(made, plan=plan, reason=text, id=text))


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://", "ftp://x/y", "//x", "https://[::1", "x"])
def test_only_http_addresses_become_links(url):
    made = EXAMPLES["escalated"]()
    shown = to_markdown(compose(replace(made, plan=replace(made.plan, runbook_url=url))))
    assert "<" not in shown
    assert f"**Runbook:** `{url}`" in shown


def test_an_address_is_encoded_before_it_becomes_a_link():
    made = EXAMPLES["escalated"]()
    plan = replace(made.plan, runbook_url="https://runbooks.example.com/a b?<c>|d")
    assert "<https://runbooks.example.com/a%20b?%3Cc%3E%7Cd>" in to_markdown(
        compose(replace(made, plan=plan))
    )
