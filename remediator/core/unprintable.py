"""Characters that are obeyed instead of shown: one definition for every door through which text leaves.

Control characters move a terminal's cursor and set its title, line ends forge lines, and what is invisible or turns
the direction of writing makes one text look like another.
"""

from __future__ import annotations

import json
import re

#: C0 and C1 without tab and line ends, invisible and direction-changing characters, half surrogate pairs.
CONTROLS = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f"
)
LINE_ENDS = "\n\r\x85\u2028\u2029"

_CONTROL = re.compile(f"[{CONTROLS}]")
_UNPRINTABLE = re.compile(f"[{CONTROLS}{LINE_ENDS}]")
#: JSON's own grammar keeps the line ends of C0 out of its strings: a raw one stands between values.
_IN_JSON = re.compile(f"[{CONTROLS}\x85\u2028\u2029]")


def without_controls(text: str, instead: str = "") -> str:
    """Return the text without control characters; tabs and line ends stay."""
    return _CONTROL.sub(instead, text)


def one_line(text: str) -> str:
    r"""Return the text as one line in which everything can be seen: what is unprintable is written ``\x1b``."""
    return text if text.isprintable() else _UNPRINTABLE.sub(_escape, text)


def in_json(text: str) -> str:
    r"""Return JSON that says the same, with ``\u009b`` for what is unprintable."""
    if (text.isascii() and "\x7f" not in text) or text.isprintable():  # whoever writes JSON escapes C0
        return text
    return _IN_JSON.sub(lambda found: json.dumps(found[0])[1:-1], text)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
