"""One entry under ``connections.postgres``: where a server is, and what of it steps may name.

Statements, indexes, tables and settings stand here, in the site's configuration: a rule names one
and brings values. The values are bound to the statement by the server and never become part of its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from remediator.actions.context import Context
from remediator.core.durations import Duration
from remediator.core.file_names import SecretFile, UsedFile
from remediator.core.problems import nearest
from remediator.errors import PermanentError

BATCH = "batch"  #: the placeholder that says how many rows one batch takes

_PLACEHOLDER = re.compile(r"%\(([A-Za-z_][A-Za-z0-9_]{0,62})\)s")
_SQL_LIMIT = 20_000
_DELETES = re.compile(r"\s*(?:delete|with)\b", re.IGNORECASE)
_INDEX = re.compile(r"\s*(?:\(|using\b)", re.IGNORECASE)


def _checked_sql(text: str) -> str:
    text = text.strip().removesuffix(";")
    if ";" in text:
        raise ValueError("one statement, without a semicolon inside")
    if "%" in _PLACEHOLDER.sub("", text.replace("%%", "")):
        raise ValueError("write values as %(name)s, and a percent sign as %%")
    return text


Sql = Annotated[str, Field(min_length=1, max_length=_SQL_LIMIT), AfterValidator(_checked_sql)]
"""One SQL statement; ``%(name)s`` stands for a value that the step binds."""
Table = Annotated[str, Field(pattern=r"^[^.\x00]{1,63}\.[^.\x00]{1,63}$", examples=["public.orders"])]
"""``schema.table``, each as it is written in the catalogue (no quotes)."""
Setting = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}(?:\.[a-z_][a-z0-9_]{0,62})?$")]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Statement(_Document):
    """A statement that steps may name."""

    sql: Sql = Field(description="One statement; values as %(name)s, a percent sign as %%.")
    count: Annotated[str, AfterValidator(_checked_sql)] = Field(
        "",
        max_length=_SQL_LIMIT,
        description="A query for how many rows it is about, with the same values; one number.",
    )
    deletes: bool = Field(
        False, description="Whether postgres.delete_batch may run it: a DELETE that takes at most %(batch)s rows."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.deletes and (not _DELETES.match(self.sql) or BATCH not in placeholders(self.sql)):
            raise ValueError("a statement that deletes is a DELETE whose rows are limited by %(batch)s")
        if placeholders(self.count) - placeholders(self.sql) or BATCH in placeholders(self.count):
            raise ValueError("count takes the values of sql, without batch")
        return self


class IndexDefinition(_Document):
    """An index that postgres.create_index may make."""

    table: Table = Field(description="Its table, as schema.table.")
    definition: Annotated[str, AfterValidator(_checked_sql)] = Field(
        min_length=1, max_length=_SQL_LIMIT, description="What follows the table's name: (customer_id) WHERE not paid."
    )
    unique: bool = Field(False, description="Whether it is a unique index.")

    @model_validator(mode="after")
    def _begins_well(self) -> Self:
        if not _INDEX.match(self.definition) or placeholders(self.definition):
            raise ValueError('a definition begins with "(" or "USING" and takes no values')
        return self


class Connection(_Document):
    """One entry under ``connections.postgres``."""

    host: str = Field(min_length=1, max_length=255, description="Host name, address, or the folder of a Unix socket.")
    port: int = Field(5432, ge=1, le=65_535, description="TCP port, or the number in the socket's name.")
    database: str = Field("postgres", min_length=1, max_length=63, description="The database to look into.")
    user: str = Field(min_length=1, max_length=63, description="The role that remediator logs in as.")
    password_file: SecretFile = Field("", description="File that holds its password; read at each use.")
    sslmode: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = Field(
        "verify-full", description="How the connection is protected, in libpq's words. A Unix socket needs none."
    )
    ca_file: UsedFile = Field("", description="PEM file of the authorities to trust; empty: the system's.")
    connect_timeout: Duration = Field(5.0, gt=0, description="Until the server has let us in.")
    statement_timeout: Duration = Field(
        10.0, gt=0, description="For one statement; longer work, such as an index, has a limit of its own."
    )
    lock_timeout: Duration = Field(2.0, gt=0, description="How long a statement may wait for a lock.")
    sessions: int = Field(4, ge=1, le=100, description="Sessions of ours at the same time, at most.")
    statements: dict[str, Statement] = Field({}, description="Statements that steps may name.")
    indexes: dict[str, IndexDefinition] = Field({}, description="Indexes that postgres.create_index may make, by name.")
    tables: tuple[Table, ...] = Field((), description="Tables that postgres.vacuum_analyze may take, as schema.table.")
    rebuild_tables: tuple[Table, ...] = Field(
        (),
        description="Tables that postgres.vacuum_full may write anew, as schema.table; meanwhile they are locked.",
    )
    settings: tuple[Setting, ...] = Field((), description="Settings that postgres.set_setting may change.")


def placeholders(sql: str) -> frozenset[str]:
    """Return the names of the values that a statement takes."""
    return frozenset(_PLACEHOLDER.findall(sql.replace("%%", "")))


def find(context: Context, name: str) -> Connection:
    """Return the connection of this name; PermanentError when there is none."""
    found: Connection = context.connection("postgres", name)
    return found


def statement(connection: Connection, name: str, values: Mapping[str, Any], *, given: Iterable[str] = ()) -> Statement:
    """Return a listed statement. PermanentError when it is not listed, or takes other values than these.

    ``given`` names the values that the action itself brings.
    """
    if name not in connection.statements:
        raise not_listed("statement", name, connection.statements)
    found = connection.statements[name]
    needed = placeholders(found.sql) - set(given)
    if needed != set(values):
        missing, unknown = sorted(needed - set(values)), sorted(set(values) - needed)
        said = [f"needs {', '.join(missing)}"] if missing else []
        said += [f"takes no {', '.join(unknown)}"] if unknown else []
        raise PermanentError(f'the statement "{name}" {" and ".join(said)}')
    return found


def not_listed(kind: str, name: str, among: Iterable[str]) -> PermanentError:
    """Return the error for a name that the configuration does not list."""
    known = list(among)
    hint = nearest(name, known) or ("none is listed" if not known else "see the connection's configuration")
    return PermanentError(f'no {kind} "{name}" is listed at the connection; {hint}')
