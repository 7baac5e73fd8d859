"""Logging: structlog, JSON lines or readable on a terminal, with a level that can change while running."""

from __future__ import annotations

import atexit
import contextlib
import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import orjson

# structlog's console renderer imports rich where it is installed: a tenth of a start, for tracebacks that show
# what the variables hold. Ours are plain, so it need not find it; None in ``sys.modules`` says "not there".
_NOT_THERE = {} if "rich" in sys.modules else {"rich": None}
sys.modules.update(_NOT_THERE)  # type: ignore[arg-type]  # the import system documents None
import structlog  # noqa: E402 -- see above

for _name in _NOT_THERE:
    del sys.modules[_name]

from remediator.core.redaction import is_suspicious, redact, redact_tree  # noqa: E402 -- see above
from remediator.core.unprintable import in_json, one_line  # noqa: E402 -- see above
from remediator.outlet import Outlet  # noqa: E402 -- see above

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

KEPT = 256 * 1024  #: bytes of lines that wait for whoever reads the log
DROPPED = "nobody read the log; lines were dropped"
LAST_WAIT = 0.2  #: seconds that the end of the process waits for each piece of what is left

_level = logging.INFO


def set_level(name: str) -> str:
    """Change the level for everything that is logged from now on; return the one that it was."""
    global _level  # noqa: PLW0603 -- one process has one level
    was = level()
    _level = LEVELS[name]
    logging.getLogger().setLevel(_level)
    return was


def level() -> str:
    """Return the level's name."""
    return next(name for name, number in LEVELS.items() if number == _level)


def configure(style: str, level_name: str, stream: TextIO | None = None) -> None:
    """Set up logging. ``style``: ``json``, ``pretty`` or ``auto`` (pretty on a terminal)."""
    out = stream or sys.stderr
    pretty = style == "pretty" or (style == "auto" and out.isatty())
    set_level(level_name)
    shared: list[Any] = [_by_level, structlog.contextvars.merge_contextvars, structlog.processors.add_log_level]
    if pretty:
        tail: list[Any] = [
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=True),
            structlog.processors.format_exc_info,  # before secrets are hidden: an error may quote one
            _without_secrets,
            _plain,
            structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback),
        ]
    else:
        tail = [
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _as_json,
        ]
    lines = _Lines(out, tail)
    atexit.register(lines.finish)
    structlog.configure(
        processors=[*shared, *tail],
        wrapper_class=structlog.BoundLogger,
        logger_factory=_named(lines),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=_level, handlers=[_Foreign()], force=True)


class _Foreign(logging.Handler):
    """What libraries log goes the way of our own lines: in their form, and without secrets.

    What they tell of their normal work (a folder has changed, a command is run) is for ``debug``; so is a request
    that is none: whoever reaches the port could fill the log, and it is answered 400.
    """

    def emit(self, record: logging.LogRecord) -> None:
        routine = record.levelno < logging.WARNING or _is_no_request(record)
        if routine and _level > logging.DEBUG:
            return
        try:
            grade = logging.INFO if routine else record.levelno
            method = next((name for name, number in LEVELS.items() if grade <= number), "error")
            more = {"exc_info": record.exc_info} if record.exc_info and not routine else {}
            getattr(structlog.get_logger(), method)(record.getMessage(), logger=record.name, **more)
        except Exception:  # noqa: BLE001 -- a line that cannot be written must not stop the work
            self.handleError(record)


def _is_no_request(record: logging.LogRecord) -> bool:
    """Whether aiohttp's server tells of an HttpProcessingError, whose code says whose fault it is."""
    error = record.exc_info[1] if record.exc_info else None
    return record.name == "aiohttp.server" and 400 <= getattr(error, "code", 0) < 500  # noqa: PLR2004 -- RFC 9110, 15.5


class _Lines:
    """A stream that never raises and never waits: a full disk, or a pipe that nobody reads, must not stop the work."""

    def __init__(self, out: TextIO, tail: Sequence[Any]) -> None:
        """``tail``: the processors that make a line of an event."""
        self._outlet, self._tail = Outlet(out, KEPT), tail
        self._dropped = 0

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._dropped and self._outlet.offer(self._told()):
                self._dropped = 0
            if not self._outlet.offer(text):
                self._dropped += 1

    def _told(self) -> str:
        event: Any = {"event": DROPPED, "lines": self._dropped, "level": "warning"}
        for process in self._tail:
            event = process(None, "warning", event)
        return f"{event}\n"

    def flush(self) -> None:
        """Nothing is left to do."""

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._outlet.finish(LAST_WAIT)


def _named(lines: _Lines) -> Any:
    plain = structlog.WriteLoggerFactory(lines)  # type: ignore[arg-type]  # write and flush are all it uses

    def make(*_names: str) -> Any:
        return plain()

    return make


def _by_level(_logger: Any, method: str, event: Any) -> Any:
    if LEVELS.get(method, logging.ERROR) < _level:
        raise structlog.DropEvent
    return event


def _without_secrets(_logger: Any, _method: str, event: Any) -> Any:
    for key, value in event.items():
        if isinstance(value, str) and key not in ("timestamp", "level"):
            event[key] = redact(value)
        elif isinstance(value, (list, tuple, set, frozenset, Mapping)):
            event[key] = redact_tree(value)
    return event


def _plain(_logger: Any, _method: str, event: Any) -> Any:
    """Escape what a terminal would obey, before colours come in. Traces keep their lines, none at the margin."""
    for key, value in event.items():
        if key == "exception":
            event[key] = "\n".join(f"    {one_line(line)}" for line in str(value).split("\n"))
        elif isinstance(value, str) and (key == "event" or not {" ", "\n"} & set(value)):  # those are shown quoted
            event[key] = one_line(value)
    return event


def _as_json(logger: Any, method: str, event: Any) -> str:
    return in_json(_written(logger, method, event))


def _written(logger: Any, method: str, event: Any) -> str:
    try:
        line = orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # what JSON cannot say, such as half a surrogate pair, is described
        return orjson.dumps(redact_tree(event)).decode()
    if is_suspicious(line):  # one look at the line, instead of one at each value
        line = orjson.dumps(
            _without_secrets(logger, method, event), default=str, option=orjson.OPT_NON_STR_KEYS
        ).decode()
    return line
