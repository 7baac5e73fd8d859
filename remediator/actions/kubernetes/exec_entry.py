"""One allowed command of a connection, and what a step may add to it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field, field_validator

from remediator.actions.answers.reading import Regex, matches_whole
from remediator.actions.kubernetes.names import Label
from remediator.core.durations import Duration
from remediator.errors import PermanentError

_LONGEST = 4096


class ExecEntry(BaseModel):
    """One entry under ``connections.kubernetes.<name>.exec``: a program that rules may run in a container, by its name.

    It runs without a shell (unless argv itself names one), with the container's user, rights and environment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    argv: tuple[str, ...] = Field(min_length=1, max_length=64, description="The program, then its first arguments.")
    read_only: bool = Field(
        False,
        description="Whether it changes nothing; only then kubernetes.exec runs it. Default: it may change things.",
    )
    idempotent: bool = Field(
        False, description="Whether running it twice equals running it once; then it is run again after a crash."
    )
    container: Label | None = Field(None, description="The container that it runs in. Default: the pod's default one.")
    namespaces: tuple[Label, ...] = Field((), description="Run it only in these namespaces. Default: in all.")
    time_limit: Duration = Field(30.0, gt=0, le=3600, description="After this long nobody waits for it any more.")
    output_limit: int = Field(
        65_536, ge=1024, le=1_048_576, description="Bytes kept of its output, and of its error output."
    )
    arguments_max: int = Field(0, ge=0, le=64, description="How many arguments a step may add. Default: none.")
    arguments_pattern: Regex = Field(
        "[A-Za-z0-9._:/@=+,-]*", description="RE2 regex that each of these must match as a whole."
    )

    @field_validator("argv")
    @classmethod
    def _plain(cls, argv: tuple[str, ...]) -> tuple[str, ...]:
        if not argv[0] or any("\0" in part or len(part) > _LONGEST for part in argv):
            raise ValueError(f"argv has an empty program, a NUL or more than {_LONGEST} characters in a part")
        return argv

    def command_line(self, arguments: Sequence[str]) -> list[str]:
        """Return the whole argument vector. Raise PermanentError when the entry does not allow an argument."""
        if len(arguments) > self.arguments_max:
            raise PermanentError(f"{len(arguments)} arguments; the command takes {self.arguments_max} at most")
        for position, argument in enumerate(arguments, 1):
            if len(argument) > _LONGEST or "\0" in argument:
                raise PermanentError(f"argument {position} has a NUL or more than {_LONGEST} characters")
            if not matches_whole(self.arguments_pattern, argument):
                raise PermanentError(f"argument {position} does not match the command's arguments_pattern")
        return [*self.argv, *arguments]
