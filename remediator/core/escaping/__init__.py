"""How a value is written where it lands, so that it stays one value there.

Belongs here: per language (PromQL, URL, JSON, an argument, text) what a template may look like, and
how a value becomes part of it. A template that cannot be made safe is a TemplateError at load; a
value that must not land is a RenderError. Must not be here: looking values up (``core.expressions``).

Each language reads the literal pieces around the values once, at load, and hands back one ``Put``
a value. No value is ever read as syntax.
"""

from __future__ import annotations

from remediator.core.action import Lands
from remediator.core.escaping import json_text, plain_text, promql, url, url_path
from remediator.core.escaping.pieces import Check, Escapes, Pieces, Put

__all__ = ["Check", "Escapes", "Pieces", "Put", "escapes_for"]

_LANGUAGES = {
    Lands.TEXT: plain_text.of_text,
    Lands.ARGV: plain_text.of_argument,
    Lands.PROMQL: promql.of_promql,
    Lands.URL: url.of_url,
    Lands.URL_PATH: url_path.of_path,
    Lands.JSON: json_text.of_json,
    Lands.LITERAL: plain_text.of_literal,
}


def escapes_for(lands: Lands, pieces: Pieces) -> Escapes:
    """Return how each value is written. TemplateError when the literal text allows no safe way."""
    return _LANGUAGES[lands](pieces)
