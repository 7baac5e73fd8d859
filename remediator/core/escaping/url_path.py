"""Paths below a URL that stands elsewhere: as URLs (``core.escaping.url``), but the host is not theirs to say."""

from __future__ import annotations

from remediator.core.escaping import url
from remediator.core.escaping.pieces import Escapes, Pieces
from remediator.errors import TemplateError

_STAND_IN = "http://h"  # for what the path is below of; only the path's own text is judged


def of_path(pieces: Pieces) -> Escapes:
    """Percent-encode for a path, query included. It begins with a literal "/", or is empty."""
    first, *others = pieces.literals
    if not first.startswith("/"):
        if pieces.literals == ("",):
            return Escapes(())
        raise TemplateError('a path begins with a literal "/"', 0)
    start, *later = pieces.starts
    escapes = url.of_url(Pieces((_STAND_IN + first, *others), (start - len(_STAND_IN), *later)))
    check = escapes.check
    return Escapes(escapes.puts, (lambda made: check(_STAND_IN + made)) if check else None)
