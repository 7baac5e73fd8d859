"""The one tree of exceptions.

    RemediatorError
    ├── ConfigurationError   a setting or a rule file is wrong; carries every problem found
    ├── NotificationError    a webhook body that can never become right (answered 400)
    ├── QueryError           a parameter of a request that says nothing (answered 400)
    ├── TemplateError        a template or condition that cannot be compiled (at load)
    ├── MatcherError         a label matcher that cannot be read
    ├── RenderError          a value that must not land where the template puts it (at run time)
    │   └── UnknownValueError  the value comes from a step that failed: unknown, not false
    ├── RehearsalError       a rehearsal would go on for ever
    ├── NotFoundError        no such run, breaker or pause (answered 404)
    ├── ConflictError        the thing exists but is not in the state that was asked for (409)
    ├── StoreError           the store refuses: disk full, damaged, locked by another process
    │   └── ContradictionError  a row contradicts another: our defect, it will be refused again
    └── ActionError          a step did not do what it should
        ├── TemporaryError   it did not happen, or repeating it is harmless (``maybe``); trying again may help
        ├── PermanentError   it did not happen; trying again will not help
        └── AmbiguousError   it was sent and may have happened

A foreign exception is translated where it enters, with ``from``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from remediator.core.problems import Problem


class RemediatorError(Exception):
    """Everything that remediator raises on purpose."""


class ConfigurationError(RemediatorError):
    """A setting or a rule file is wrong. ``problems`` holds all that was found, not just the first."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class NotificationError(RemediatorError):
    """A webhook body that can never become right; ``field`` names the place (``alerts.0.labels``)."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message


class QueryError(RemediatorError):
    """A parameter of a request says nothing; ``field`` is its name."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class TemplateError(RemediatorError):
    """A template or condition cannot be compiled; ``offset`` counts characters from its start."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


class MatcherError(RemediatorError):
    """A label matcher cannot be read; ``offset`` counts characters from the start of its text."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


class RenderError(RemediatorError):
    """A value must not land where the template would put it."""


class UnknownValueError(RenderError):
    """The value comes from a step that failed or never ran: it is unknown, not false."""


class RehearsalError(RemediatorError):
    """What is rehearsed would go on for ever."""


class NotFoundError(RemediatorError):
    """There is no such run, breaker or pause."""


class ConflictError(RemediatorError):
    """The thing exists but is not in a state that allows what was asked."""


class StoreError(RemediatorError):
    """The store refuses: disk full, damaged, or held by another process. Nothing was acknowledged."""

    passes = True  #: whether to ask again later may help


class ContradictionError(StoreError):
    """A row contradicts another: a defect of ours."""

    passes = False


class ActionError(RemediatorError):
    """A step did not do what it should.

    ``transport`` is true when the backend itself could not be reached or did not answer;
    only such errors count for the backend's breaker. ``maybe`` is true when it may have been done all the same, now
    or at an earlier attempt.
    """

    def __init__(
        self, message: str, *, transport: bool = False, retry_after: float | None = None, maybe: bool = False
    ) -> None:
        super().__init__(message)
        self.transport = transport
        self.maybe = maybe
        self.retry_after = retry_after  #: seconds that the backend asked us to wait, if it said so


class TemporaryError(ActionError):
    """Trying again may help: no connection, 429, 503 before the work began. It did not happen, or ``maybe`` is set."""


class PermanentError(ActionError):
    """It certainly did not happen (refused, invalid, not found); trying again will not help."""


class AmbiguousError(ActionError):
    """It was sent and may have happened: the answer was lost or the time was up."""
