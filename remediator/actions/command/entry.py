"""One allowed command as the daemon's configuration describes it, and what a step may add to it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field, field_validator

from remediator.actions.answers.access import read_secret
from remediator.actions.answers.reading import Regex, matches_whole
from remediator.actions.context import Context
from remediator.core.durations import Duration
from remediator.errors import PermanentError

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ARGUMENT_LIMIT = 4096
_CLEAN = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


class Connection(BaseModel):
    """One entry under ``connections.command``: a program that rules may run by its name.

    It runs with the daemon's user and rights, without a shell, with an environment of PATH, LANG
    and what stands here, plus REMEDIATOR_RUN and REMEDIATOR_KEY (the same when a step is repeated).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    argv: tuple[str, ...] = Field(min_length=1, description="The program's absolute path, then its first arguments.")
    cwd: str = Field("/", pattern=r"^/[^\x00]*$", description="Directory that it runs in; absolute.")
    env: dict[str, str] = Field({}, description="Environment variables that are no secret.")
    env_from_files: dict[str, str] = Field(
        {}, description="Environment variables that are secret: name to file; read at each use, hidden in the output."
    )
    pass_env: tuple[str, ...] = Field((), description="Names of the daemon's environment variables to hand on.")
    time_limit: Duration = Field(60.0, gt=0, description="After this long its process group is ended.")
    stop_within: Duration = Field(5.0, description="Time between SIGTERM and SIGKILL.")
    output_limit: int = Field(
        65_536, ge=1024, le=1_048_576, description="Bytes kept of stdout and of stderr each: beginning and end."
    )
    arguments_max: int = Field(16, ge=0, le=256, description="How many arguments a step may add.")
    arguments_pattern: Regex = Field(
        "[A-Za-z0-9._:/@=+,-]*", description="RE2 regex that each added argument must match as a whole."
    )
    changes: bool = Field(True, description="Whether it may change things; command.check runs only those that do not.")
    idempotent: bool = Field(
        False, description="Whether running it twice equals running it once; then it is run again after a crash."
    )

    @field_validator("argv")
    @classmethod
    def _absolute(cls, argv: tuple[str, ...]) -> tuple[str, ...]:
        if not argv[0].startswith("/"):
            raise ValueError("argv begins with the program's absolute path")
        if any("\0" in part for part in argv):
            raise ValueError("argv has a NUL character")
        return argv

    @field_validator("env", "env_from_files", "pass_env")
    @classmethod
    def _names(cls, variables: dict[str, str] | tuple[str, ...]) -> dict[str, str] | tuple[str, ...]:
        for name in variables:
            if not _ENV_NAME.fullmatch(name):
                raise ValueError(f'"{name}" is not the name of an environment variable')
        if isinstance(variables, dict) and any("\0" in value for value in variables.values()):
            raise ValueError("an environment variable has a NUL character")
        return variables

    def command_line(self, arguments: Sequence[str]) -> list[str]:
        """Return the whole argument vector. Raise PermanentError when the entry does not allow an argument."""
        if len(arguments) > self.arguments_max:
            raise PermanentError(f"{len(arguments)} arguments; the command takes {self.arguments_max} at most")
        for position, argument in enumerate(arguments, 1):
            if len(argument) > _ARGUMENT_LIMIT or "\0" in argument:
                raise PermanentError(f"argument {position} has a NUL or more than {_ARGUMENT_LIMIT} characters")
            if not matches_whole(self.arguments_pattern, argument):
                raise PermanentError(f"argument {position} does not match the command's arguments_pattern")
        return [*self.argv, *arguments]

    def environment(self, context: Context) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return the environment, and the secrets in it. Raise PermanentError when a file cannot be read."""
        secret = {name: read_secret(path) for name, path in self.env_from_files.items()}
        passed = {name: os.environ[name] for name in self.pass_env if name in os.environ}
        named = {"REMEDIATOR_RUN": context.run, "REMEDIATOR_KEY": context.key}
        return _CLEAN | passed | self.env | secret | named, tuple(secret.values())
