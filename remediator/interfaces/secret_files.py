"""Files that the configuration names: secrets that are read at the start, and what connections read at each use.

A secret that cannot be had stops the start; of the others it is only told that they are missing, since they may come.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct
from pydantic import BaseModel

from remediator.actions.answers.access import Access, read_secret
from remediator.core.file_names import ReadAtUse
from remediator.core.problems import Problem
from remediator.core.redaction import learn_secret
from remediator.errors import ConfigurationError, PermanentError
from remediator.interfaces.configuration import Configuration, why
from remediator.interfaces.documents import Path as Place
from remediator.interfaces.documents import problem_at


class Secrets(Struct, frozen=True):
    """What the daemon reads at its start; empty where the configuration names no file."""

    webhook: str = ""  #: the token that senders of alerts present
    slack: str = ""  #: a bot token, or an incoming webhook's URL


class _Named(Struct, frozen=True):
    """A file that a connection names."""

    place: Place
    name: str
    mark: ReadAtUse


def read_secrets(read: Configuration) -> Secrets:
    """Return the secrets. Raise ConfigurationError with every file that is not right, never with its content."""
    problems: list[Problem] = []
    settings, slack = read.settings, read.settings.slack
    webhook = _secret(read, ("web", "webhook", "bearer_token_file"), settings.web.webhook.bearer_token_file, problems)
    told = ""
    if slack is not None:
        key = "webhook_url_file" if slack.webhook_url_file else "token_file"
        told = _secret(read, ("slack", key), slack.webhook_url_file or slack.token_file, problems)
    _try_escalation(read, problems)
    if problems:
        raise ConfigurationError(tuple(problems))
    return Secrets(webhook, told)


def missing_files(read: Configuration) -> tuple[Problem, ...]:
    """Return a warning for each file that a connection would read and now could not. None is opened."""
    found = []
    at_the_start = {named.place for named in _escalation_files(read)}
    for named in _all_files(read):
        reason = _why_not(named)
        if reason and named.place not in at_the_start:
            message = f'"{named.name}" cannot be read now: {reason}; it is read at each use'
            found.append(problem_at(read.document, named.place, message, _counts_from(named.name), severity="warning"))
    return tuple(found)


def _secret(read: Configuration, place: Place, path: Path | None, problems: list[Problem]) -> str:
    if path is None:
        return ""
    whole = read.root / path
    try:
        text = whole.read_text("utf-8").strip()
        reason = "" if text else "it is empty; a secret is needed"
    except (OSError, ValueError) as error:
        text, reason = "", why(error)
    if reason:
        problems.append(problem_at(read.document, place, f"{whole} cannot be used: {reason}"))
    else:
        learn_secret(text)
    return text


def _try_escalation(read: Configuration, problems: list[Problem]) -> None:
    """Read what proves who we are to the Alertmanager that escalations go to: without it nobody would be told."""
    for named in _escalation_files(read):
        try:
            read_secret(named.name)
        except PermanentError as error:
            problems.append(problem_at(read.document, named.place, str(error), _counts_from(named.name)))


def _escalates_to(read: Configuration) -> Access | None:
    """Return the Alertmanager that escalations go to: where there is no Slack."""
    name = read.settings.report.escalate_to or ""
    known = read.connections.get("alertmanager", {}).get(name)
    return known if read.settings.slack is None and isinstance(known, Access) else None


def _escalation_files(read: Configuration) -> Iterator[_Named]:
    known = _escalates_to(read)
    if known is not None:
        place = ("connections", "alertmanager", read.settings.report.escalate_to or "")
        yield from (named for named in _files(known, place) if named.mark.secret)


def _all_files(read: Configuration) -> Iterator[_Named]:
    for system, entries in read.connections.items():
        for name, connection in entries.items():
            yield from _files(connection, ("connections", system, name))


def _files(model: BaseModel, place: Place) -> Iterator[_Named]:
    """Yield the files that a connection, or a part of it, names."""
    for name, info in type(model).model_fields.items():
        value, where = getattr(model, name), (*place, name)
        mark = next((mark for mark in info.metadata if isinstance(mark, ReadAtUse)), None)
        if isinstance(value, BaseModel):
            yield from _files(value, where)
        elif mark is not None and isinstance(value, Mapping):
            yield from (_Named((*where, key), str(file), mark) for key, file in value.items())
        elif mark is not None and value:
            yield _Named(where, str(value), mark)


def _why_not(named: _Named) -> str:
    """Return why it could not be read; "" where it could, as far as can be seen from outside."""
    if not named.mark.kubeconfig:
        return _unreadable(named.name)
    reasons = [_unreadable(os.path.expanduser(name)) for name in named.name.split(os.pathsep) if name]  # noqa: PTH111 -- as the library does
    return reasons[0] if reasons and all(reasons) else ""


def _unreadable(name: str) -> str:
    try:
        found = Path(name).stat()
    except (OSError, ValueError) as error:
        return why(error)
    if stat.S_ISDIR(found.st_mode):
        return os.strerror(errno.EISDIR)
    return "" if os.access(name, os.R_OK) else os.strerror(errno.EACCES)


def _counts_from(name: str) -> str:
    """Return from where a relative name counts."""
    return "" if Path(name).is_absolute() else f"it counts from the folder of the start, here {Path.cwd()}"
