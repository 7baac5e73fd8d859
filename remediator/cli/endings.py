"""How a command ends: quietly when it is interrupted or nobody reads on, else with a line that says what is wrong.

What was typed, a file, a disk or another server can cause errors; these are said as they are. What nobody foresaw is
called a defect of remediator, and ``REMEDIATOR_TRACEBACK=1`` shows where any error came from.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from remediator.core.unprintable import one_line
from remediator.errors import ConfigurationError, RemediatorError

TRACEBACK = "REMEDIATOR_TRACEBACK"  #: the environment variable
_OF_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)  # without a file's name: it is the output
INTERRUPTED = 130  #: exit code, as shells have it for Ctrl-C


def end_when_interrupted() -> Any:
    """Let Ctrl-C end the process at once, for as long as nothing is done yet. Return what it did before.

    While modules are loaded nobody could catch it, and some of them would take it for a module that is not there.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        with contextlib.suppress(ValueError):  # not the main thread: what comes there is not for it
            signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    return before


def let_interrupt(before: Any) -> None:
    """Let Ctrl-C do again what it did before."""
    if before is signal.default_int_handler:
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGINT, before)


def run(command: Callable[[], object]) -> None:
    """Run a command to its end. Raise SystemExit with its exit code, and nothing else."""
    _make_streams()
    code: Any = 1
    try:
        try:
            command()
        finally:
            sys.stdout.flush()
        code = 0
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        pass  # nobody reads on
    except Exception as error:  # noqa: BLE001 -- the last place where it can be said
        with contextlib.suppress(OSError):
            sys.stderr.write(_told(error))
    for stream in (sys.stdout, sys.stderr):
        _let_go(stream)
    sys.exit(code)


def _make_streams() -> None:
    """Make both streams take whatever is written: a closed one nothing, one of few characters the others escaped."""
    codecs.register_error("escape", _escaped)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 -- as long as the process
        elif isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="escape")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    r"""Return what cannot be encoded as JSON writes it (``\u20ac``), which people can read, too."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)), error.end


def _told(error: Exception) -> str:
    """Return what there is to say, with the end of its line."""
    said = _foreseen(error)
    # A daemon is not simply run again to see more.
    if os.environ.get(TRACEBACK) or (not said and sys.argv[1:2] == ["serve"]):
        return "".join(traceback.format_exception(error))
    if said:
        return "".join(f"{one_line(line)}\n" for line in said.split("\n"))  # it may be in others' words
    *_, last = traceback.extract_tb(error.__traceback__)
    place = f"{Path(last.filename).name}:{last.lineno}"
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"remediator: a defect of remediator: {what} ({place}); {TRACEBACK}=1 shows where it came from\n"


def _foreseen(error: Exception) -> str:
    """Return what is wrong with what was given; "" when that cannot be the cause."""
    if isinstance(error, ConfigurationError):
        return "\n".join(str(problem) for problem in error.problems)
    if isinstance(error, RemediatorError):
        return f"remediator: {error}"
    if isinstance(error, OSError):
        return f"remediator: {_of_system(error)}"
    if isinstance(error, UnicodeDecodeError):
        return f"remediator: what was read is not {error.encoding}: there is {error.object[error.start]:#x} in it"
    if isinstance(error, UnicodeEncodeError):
        wrong = ascii(error.object[error.start : error.end])
        return f"remediator: {wrong} cannot be written as {error.encoding}"
    return ""


def _of_system(error: OSError) -> str:
    reason = error.strerror or str(error)
    if error.filename is not None:
        return f"{os.fsdecode(error.filename) if isinstance(error.filename, bytes) else error.filename}: {reason}"
    if error.errno == errno.ENOENT:  # only the current folder is asked for without a name
        return "the current folder is gone"
    return f"cannot write the output: {reason}" if error.errno in _OF_WRITING else reason


def _let_go(stream: Any) -> None:
    """Write what is left of a stream. What cannot be written is dropped: Python would say so again at its end."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, stream.fileno())
            os.close(nothing)
