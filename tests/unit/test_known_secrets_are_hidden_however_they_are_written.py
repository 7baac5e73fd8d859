r"""A backend that echoes a credential may escape it: for JSON, a URL, HTML, Python, or as base64."""

import html
import json
import re
import shlex
from base64 import b64decode, b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediator.actions.answers.access import hide
from remediator.core.known_secrets import MOST, MOST_CHARACTERS, SHORTEST, KnownSecrets
from remediator.core.redaction import HIDDEN, forget_secrets, is_suspicious, learn_secret, redact, redact_tree

SECRETS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=SHORTEST, max_size=60) | st.text(
    st.sampled_from("aZ0\"\\/é+%&<' €😀~"), min_size=SHORTEST, max_size=200
)
WAYS = {
    "as it stands": str,
    "json": json.dumps,
    "json, as it is but for quotes": lambda text: json.dumps(text, ensure_ascii=False),
    "json with /": lambda text: json.dumps(text).replace("/", r"\/"),
    "json as Go writes it": lambda text: json.dumps(text).replace("<", r"\u003c").replace(">", r"\u003E").replace("&", r"\u0026"),
    "json in json": lambda text: json.dumps(json.dumps(text)),
    "url": quote,
    "url, / too": lambda text: quote(text, safe=""),
    "url, lower case": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "form": quote_plus,
    "url in a url": lambda text: quote(quote(text, safe=""), safe=""),
    "url in json": lambda text: json.dumps(quote(text)),
    "html": html.escape,
    "html by numbers": lambda text: "".join(char if char.isalnum() and char.isascii() else f"&#{ord(char)};" for char in text),
    "html in html": lambda text: html.escape(html.escape(text)),
    "html in json": lambda text: json.dumps(html.escape(text)),
    "python": repr,
    "python's bytes": lambda text: repr(text.encode()),
    "python, ascii": ascii,
    "sql": lambda text: "'" + text.replace("'", "''") + "'",
    "csv": lambda text: '"' + text.replace('"', '""') + '"',
    "a shell": shlex.quote,
    "a shell, by hand": lambda text: "'" + text.replace("'", r"'\''") + "'",
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64 for urls": lambda text: urlsafe_b64encode(text.encode()).decode(),
    "base64 in json": lambda text: json.dumps(b64encode(text.encode()).decode()).replace("/", r"\/"),
    "base64 in a form": lambda text: quote_plus(b64encode(text.encode()).decode()),
    "a pair": lambda text: b64encode(b"user:" + text.encode()).decode(),
    "another pair": lambda text: urlsafe_b64encode(b"users:" + text.encode() + b":more").decode(),
    "a third pair": lambda text: b64encode(b"sb:" + text.encode() + b".").decode(),
}
PADDING = st.sampled_from(["", " ", "x", "ü\\", '{"echo": "', "?token=", "=", "\n"])


def known(*secrets):
    found = KnownSecrets()
    for secret in secrets:
        found.learn(secret)
    return found


def left_over(text):
    """Return what is left of it, ends of a base64 group aside: these have too few bits of the secret."""
    return text.replace(HIDDEN, "\0").split("\0")


@pytest.mark.parametrize("way", WAYS)
def test_every_way(way):
    hidden('p"w\\x/é+% &~😀<b>', way, "", "")
    hidden("it's \"p'w\"", way, "", "")


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_more_than_one_line(way):
    hidden("first\nnext\r\n\tlast", way, "", "")


@given(secret=SECRETS, way=st.sampled_from(list(WAYS)), before=PADDING, after=PADDING)
def test_every_secret(secret, way, before, after):
    hidden(secret, way, before, after)


def hidden(secret, way, before, after):
    written = WAYS[way](secret)
    text = before + written + after
    found = known(secret)
    assert found.hints_at(text)
    assert found.holds(text)
    shown = found.hide(text, HIDDEN)
    assert secret not in shown.replace(HIDDEN, "")
    assert written.strip("\"'") not in shown
    # Nothing that is longer than a rest of a base64 group, of quotes, or of what stands around is left.
    rest = sum(map(len, left_over(shown))) - len(before) - len(after)
    assert rest <= 20, shown


@settings(max_examples=max(5, settings().max_examples // 4))
@given(secret=SECRETS.filter(lambda text: HIDDEN not in text), other=st.text(max_size=30))
def test_what_was_learned_leaves_no_output(secret, other):
    forget_secrets()
    learn_secret(secret)
    tree = {"echo": [other + secret, {secret: quote(secret)}], "b": b64encode(secret.encode()).decode()}
    assert is_suspicious(json.dumps(tree))
    assert is_suspicious(json.dumps(tree, ensure_ascii=False))
    pruned = redact_tree(tree)
    assert secret not in str(pruned["echo"][0]).replace(HIDDEN, "")
    assert secret not in pruned["echo"][1]
    assert secret not in redact(f"{secret}\n{other}").replace(HIDDEN, "")
    assert secret not in redact((other + secret) * 300, 400).replace(HIDDEN, "")


def test_a_number_may_be_one():
    learn_secret("8446744073")
    assert redact_tree({"pin": 8446744073, "port": 8446}) == {"pin": HIDDEN, "port": 8446}


def test_long_secrets_are_found_though_they_were_cut_off():
    secret = "".join(f"{number:x}-" for number in range(3000))[:8000]
    shown = known(secret).hide(f"got {secret[:4000]}…", HIDDEN)
    assert shown.startswith(f"got {HIDDEN}")
    assert len(shown) < 120


def test_the_pattern_is_bounded():
    many = known(*(f"secret number {number} of very many" for number in range(3 * MOST)))
    assert len(many) == MOST
    assert many.holds(f"x secret number {3 * MOST - 1} of very many")
    long = known(*(chr(97 + number) * (MOST_CHARACTERS // 4) for number in range(9)))
    assert len(long) == 4
    assert long.holds("i" * 8000)


def test_short_ones_are_words():
    assert not known("shop-1", "").holds("shop-1")
    assert hide('no shop-1, no "sh\\u006f', ["shop-1", "sho"]) == 'no [hidden], no "sh\\u006f'
    assert hide("c2hvcC0x", ["shop-1"]) == HIDDEN
    assert b64decode("c2hvcC0x") == b"shop-1"


@pytest.mark.parametrize("secret", ["line1\nline2", "abcd\tefgh", "first part\r\nsecond", "ab\\cdefgh\nij"])
def test_one_look_finds_a_secret_of_more_than_one_line(secret):
    learn_secret(secret)
    try:
        assert is_suspicious(json.dumps({"out": f"said {secret} end"}))
        assert is_suspicious(json.dumps(json.dumps(secret)))
    finally:
        forget_secrets()
