"""What arguments mean: times, files and secrets. What is wrong with one is said with its name."""

from __future__ import annotations

from pathlib import Path

import typer

from remediator.core.durations import parse_duration
from remediator.core.problems import Problem
from remediator.errors import ConfigurationError, RemediatorError

LARGEST = 64 * 1024 * 1024  #: bytes of a body from a file
LARGEST_SECRET = 1024 * 1024  #: bytes of a file that holds a secret, or says where secrets are


def seconds_of(option: str, written: str) -> float:
    """Return how long that is. Raise BadParameter for what is no duration."""
    try:
        return parse_duration(written)
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}") from error


def body_of(path: Path) -> bytes:
    """Return a file's content. Raise RemediatorError."""
    try:
        with path.open("rb") as file:
            body = file.read(LARGEST + 1)
    except OSError as error:
        raise RemediatorError(f"{path}: {error.strerror or error}") from error
    if len(body) > LARGEST:
        raise RemediatorError(f"{path}: is larger than {LARGEST >> 20} MiB")
    return body


def line_of(path: Path, *, whole: bool = False) -> str:
    """Return a file's text, as a secret file has it without the line's end. Raise ConfigurationError."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_SECRET + 1)
        text = data.decode("utf-8")
    except OSError as error:
        raise ConfigurationError((Problem(f"cannot be read: {error.strerror or error}", str(path)),)) from None
    except UnicodeDecodeError:  # its text would show what stands there
        raise ConfigurationError((Problem("is not text", str(path)),)) from None
    if len(data) > LARGEST_SECRET:
        raise ConfigurationError((Problem(f"is larger than {LARGEST_SECRET >> 20} MiB", str(path)),))
    if whole:
        return text
    if not text.strip() or len(text.strip().splitlines()) > 1:
        raise ConfigurationError((Problem("must hold one line, the secret", str(path)),))
    return text.strip()
