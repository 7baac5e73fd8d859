"""Label matchers, as Alertmanager's default mode reads them and as it means them.

The default ("fallback") mode reads a text in two grammars (``matcher_syntax``). The UTF-8 one
counts; where only the classic one can read the text, or where both can and differ, the classic
reading counts and a warning shows the form that means the same in both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

import re2

from remediator.core.matcher_syntax import Written, needs_quotes, read_classic, read_utf8, shown
from remediator.errors import MatcherError

LONGEST = 64 * 1024  #: bytes of UTF-8 in one text of matchers
MOST = 256  #: matchers in one text

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.never_capture = True  # only the verdict is asked

_VERDICTS = 1024  #: values whose verdict a regex remembers
_REMEMBERED = 256  #: characters of the longest value that is remembered
_SHOWN = 80  #: characters of a regex in an error
_REFUSED = "RE2 cannot read the regex"
_NOT_UNICODE = "half of a surrogate pair is not Unicode text"

#: ``\C`` (one byte) is RE2's in C++ only; Alertmanager's RE2 refuses it. ``\Q…\E`` quotes.
_ESCAPES = re.compile(r"\\Q.*?(?:\\E|\Z)|\\(.)", re.DOTALL)
_LOOK_AROUND = re.compile(r"\(\?(?:[=!]|<[=!])")
_BACK_REFERENCE = re.compile(r"sequence: \\(?:[1-9]|k)|\(\?P=")


class MatchOp(StrEnum):
    """The four operators."""

    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"


class _Regex:
    """One compiled RE2, anchored at both ends, that remembers its verdicts by value."""

    __slots__ = ("_full", "_verdicts")

    def __init__(self, pattern: str) -> None:
        if any(found[1] == "C" for found in _ESCAPES.finditer(pattern)):
            raise MatcherError(rf'{_REFUSED} "{shown(pattern, _SHOWN)}": invalid escape sequence: \C')
        try:
            # The pattern is compiled by itself, so that a stray ")" cannot undo the anchors.
            self._full: Callable[[bytes], object] = re2.compile(pattern.encode(), _OPTIONS).fullmatch
        except re2.error as error:
            raise MatcherError(_explain(pattern, error)) from error
        self._verdicts: dict[str, bool] = {}

    def matches(self, value: str) -> bool:
        verdict = self._verdicts.get(value)
        return self._judge(value) if verdict is None else verdict

    def _judge(self, value: str) -> bool:
        try:
            data = value.encode()
        except UnicodeEncodeError:
            # Half of a surrogate pair: Go's JSON reader makes U+FFFD of it, so the same is judged here.
            data = re.sub("[\ud800-\udfff]", "\ufffd", value).encode()
        verdict = self._full(data) is not None
        if len(value) <= _REMEMBERED:
            if len(self._verdicts) >= _VERDICTS:
                self._verdicts.clear()
            self._verdicts[value] = verdict
        return verdict


_compiled = lru_cache(maxsize=512)(_Regex)  # equal patterns share their verdicts


def _explain(pattern: str, error: re2.error) -> str:
    reason = error.args[0] if error.args else b""
    said = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
    text = f'{_REFUSED} "{shown(pattern, _SHOWN)}": {shown(said, _SHOWN)}'
    if _LOOK_AROUND.search(said):
        return text + "; RE2 has no look-around"
    if _BACK_REFERENCE.search(said) or (said.endswith("(?P") and "(?P=" in pattern):
        return text + "; RE2 has no backreferences"
    return text


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label; an absent label equals "".

    A regex is RE2 and must match the whole value; ``.`` does not match a line break. Raises
    MatcherError when it cannot be compiled, or when name or value are not Unicode text.
    """

    name: str
    op: MatchOp
    value: str
    _regex: _Regex | None = field(init=False, repr=False, compare=False)
    _negated: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not (_is_unicode(self.name) and _is_unicode(self.value)):
            raise MatcherError(_NOT_UNICODE)
        is_regex = self.op in {MatchOp.REGEX, MatchOp.NOT_REGEX}
        object.__setattr__(self, "_regex", _compiled(self.value) if is_regex else None)
        object.__setattr__(self, "_negated", self.op in {MatchOp.NOT_EQUAL, MatchOp.NOT_REGEX})

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels fulfils the condition."""
        value = labels.get(self.name, "")
        regex = self._regex
        held = value == self.value if regex is None else regex.matches(value)
        return held is not self._negated

    def __str__(self) -> str:
        """Return the recommended form: the value quoted, the name where it must be. Both grammars read it alike."""
        name = f'"{_escape(self.name)}"' if needs_quotes(self.name) else self.name
        return f'{name}{self.op.value}"{_escape(self.value)}"'


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _escape(text: str) -> str:
    # Only the escapes that both grammars know.
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a text of matchers means. All of them must hold."""

    matchers: tuple[Matcher, ...]
    warnings: tuple[str, ...] = ()


def parse_matchers(text: str) -> Parsed:
    """Read ``alertname="X", severity=~"a|b"``, with or without braces. An empty text has no matchers.

    Raises MatcherError, with the UTF-8 grammar's reason and its character offset, when neither
    grammar can read the text, when it is longer than 64 KiB of UTF-8, or has more than 256 matchers.
    """
    if not _is_unicode(text):
        raise MatcherError(_NOT_UNICODE)
    if len(text.encode()) > LONGEST:
        raise MatcherError(f"the text is longer than {LONGEST} bytes")
    new = _read(read_utf8, text)
    old = _read(read_classic, text)
    if isinstance(new, MatcherError):
        if isinstance(old, MatcherError):
            raise _neither(new, old)
        return Parsed(old, (f"only Alertmanager's older grammar reads this ({new}); write it as {_show(old)}",))
    if isinstance(old, MatcherError) or new == old:
        return Parsed(new)
    warning = (
        "Alertmanager's two grammars read this differently, and the older one counts;"
        f" write {_show(old)} for what it means now, or {_show(new)} for the newer reading"
    )
    return Parsed(old, (warning,))


def _read(grammar: Callable[[str], tuple[Written, ...]], text: str) -> tuple[Matcher, ...] | MatcherError:
    try:
        written = grammar(text)
        if len(written) > MOST:
            return MatcherError(f"more than {MOST} matchers stand in one text", written[MOST].offset)
        return tuple(_build(one) for one in written)
    except MatcherError as error:
        return error


def _build(written: Written) -> Matcher:
    try:
        return Matcher(written.name, MatchOp(written.operator), written.value)
    except MatcherError as error:
        raise MatcherError(str(error), written.offset) from error


def _neither(new: MatcherError, old: MatcherError) -> MatcherError:
    # With a sound regex the older grammar would have read it, so its complaint is worth as much.
    also = f"; {old}" if str(old).startswith(_REFUSED) and not str(new).startswith(_REFUSED) else ""
    return MatcherError(f"{new}{also}", new.offset)


def _show(matchers: tuple[Matcher, ...]) -> str:
    return ", ".join(str(matcher) for matcher in matchers)
