"""Which server, with whose rights, and what of it rules may change."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from remediator.actions.answers.reading import matches_whole
from remediator.actions.redis.sizes import in_bytes, same
from remediator.core.action import NamesConnection, Parameters, Permission
from remediator.core.durations import Duration
from remediator.core.file_names import SecretFile, UsedFile

KEY_LIMIT = 512  #: characters in a key's name
_BEFORE_WILDCARD = 2  #: characters that a pattern begins with at least: "*" would be everything
_PARAMETER = re.compile(r"[a-z][a-z0-9-]{0,63}")
#: Where files lie, what is loaded, who may log in, where the server listens, whose copy it is: whoever
#: sets one of these owns the server or its host.
_NEVER = re.compile(
    r"dir|dbfilename|.*file(-.*)?|.*pass|append(dirname|filename)|unixsocket.*|bind.*|port|protected-mode|"
    r"(master|primary)(auth|user)|user|load.*|module.*|enable-.*|tls-.*|include|rename-command|"
    r"replicaof|slaveof|cluster-.*|replica-announce-.*|slave-announce-.*|.*-cpulist|proc-title-template"
)


def _is_pattern(pattern: str) -> str:
    if len(pattern) > KEY_LIMIT or not pattern.isprintable():
        raise ValueError(f"a pattern has at most {KEY_LIMIT} printable characters")
    if any(special in pattern for special in "[]^\\"):
        raise ValueError("a pattern knows * and ? only")
    if len(re.split(r"[*?]", pattern, maxsplit=1)[0]) < _BEFORE_WILDCARD:
        raise ValueError(f"a pattern begins with at least {_BEFORE_WILDCARD} characters that are no wildcard")
    return pattern


KeyPattern = Annotated[str, AfterValidator(_is_pattern)]
"""Names of keys: ``*`` stands for any characters, ``?`` for one byte."""


def fits(pattern: str, key: bytes) -> bool:
    """Whether a key's name matches a pattern, byte by byte as the server does it."""
    parts = re.split(r"([*?])", pattern.encode().decode("latin-1"))
    regex = "".join({"*": ".*", "?": "."}.get(part) or re.escape(part) for part in parts)
    return matches_whole(f"(?s:{regex})", key.decode("latin-1"))


class Settable(BaseModel):
    """A setting that rules may change, and to what."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    values: tuple[str, ...] = Field(
        min_length=1, max_length=64, description='The values that may be set; "1gb..4gb" allows a range of sizes.'
    )
    ask: bool = Field(True, description="Whether a person decides about each change, also where the mode is auto.")

    @field_validator("values")
    @classmethod
    def _ranges(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            low, dots, high = value.partition("..")
            least, most = in_bytes(low), in_bytes(high)
            if dots and (least is None or most is None or least > most):
                raise ValueError(f'"{value}" is no range of sizes; write "1gb..4gb"')
        return values

    def allows(self, value: str) -> bool:
        """Whether this value may be set."""
        size = in_bytes(value)
        for allowed in self.values:
            low, dots, high = allowed.partition("..")
            if not dots and same(allowed, value):
                return True
            if dots and size is not None and (in_bytes(low) or 0) <= size <= (in_bytes(high) or 0):
                return True
        return False


class Connection(BaseModel):
    """One entry under ``connections.redis``: one database of one server."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    host: str = Field(min_length=1, max_length=253, description="Host name or IP address.")
    port: int = Field(6379, ge=1, le=65_535, description="TCP port.")
    db: int = Field(0, ge=0, le=65_535, description="Number of the database.")
    username: str = Field("", max_length=128, description="The ACL user; empty: the server's default user.")
    password_file: SecretFile = Field("", description="File that holds the password; read at each use.")
    tls: bool = Field(False, description="Whether to speak TLS.")
    ca_file: UsedFile = Field("", description="PEM file of the only authorities to trust; empty: the system's.")
    tls_verify: bool = Field(True, description="Whether the server's certificate and name are checked.")
    timeout: Duration = Field(5.0, gt=0, description="How long to wait for a connection, and for each answer.")
    settable: dict[str, Settable] = Field({}, description="Settings that redis.config_set may change, by name.")
    key_patterns: tuple[KeyPattern, ...] = Field(
        (), max_length=64, description="Names of keys that may be deleted; * stands for any characters, ? for one."
    )
    may_flush: bool = Field(False, description="Whether redis.flush may empty this database, once a person approved.")

    @field_validator("settable")
    @classmethod
    def _harmless(cls, settable: dict[str, Settable]) -> dict[str, Settable]:
        for name in settable:
            if not _PARAMETER.fullmatch(name):
                raise ValueError(f'"{name}" is not the name of a setting; write it in lower case')
            if _NEVER.fullmatch(name):
                raise ValueError(f"{name} cannot be listed: who sets it owns the server")
        return settable

    @model_validator(mode="after")
    def _whole(self) -> Connection:
        if self.username and not self.password_file:
            raise ValueError("a username goes with a password_file")
        if (self.ca_file or not self.tls_verify) and not self.tls:
            raise ValueError("ca_file and tls_verify go with tls: true")
        return self

    def may_delete(self, key: bytes) -> bool:
        """Whether a listed pattern covers this key."""
        return any(fits(pattern, key) for pattern in self.key_patterns)


class RedisParameters(Parameters):
    """What every action's parameters begin with."""

    connection: Annotated[str, NamesConnection()] = Field(
        "default", description="Name of an entry under connections.redis."
    )


def backend(parameters: RedisParameters) -> str:
    """Return ``redis/NAME``."""
    return f"redis/{parameters.connection}"


def targets(parameters: RedisParameters) -> tuple[str, ...]:
    """Return the one target, ``redis/NAME``."""
    return (f"redis/{parameters.connection}",)


def runs(*commands: str, keys: str = "") -> tuple[Permission, ...]:
    """Return the rights to run these commands, and to reach keys (in ACL words: ``%R~*``)."""
    rights = tuple(Permission("run", command) for command in commands)
    return (*rights, Permission("reach keys", keys)) if keys else rights
