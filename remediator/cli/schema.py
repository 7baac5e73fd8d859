"""``remediator schema``: JSON Schemas for editors and CI."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from remediator.core.problems import nearest


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("schema")(schema)


def schema(
    kind: Annotated[str, typer.Argument(help="Of what: rules, tests (of rules), or config (the daemon's).")] = "rules",
) -> None:
    """Print the JSON Schema of a kind of file."""
    made = texts()
    if f"{kind}.schema.json" not in made:
        known = [name.removesuffix(".schema.json") for name in made]
        raise typer.BadParameter(f'there is no schema of "{kind}"; {nearest(kind, known)}')
    typer.echo(made[f"{kind}.schema.json"], nl=False)


def texts() -> dict[str, str]:
    """Return the schemas as JSON, by the names of their files."""
    from remediator.interfaces.schemas import SCHEMAS, steps_schema  # noqa: PLC0415 -- other commands start faster
    from remediator.rehearsal.documents import TestFileText  # noqa: PLC0415 -- see above

    made = {name: make() for name, make in SCHEMAS.items()}
    made["tests"] = steps_schema(TestFileText, "tests", "Unit tests of remediator's rules")
    return {
        f"{name}.schema.json": json.dumps(schema, indent=1, ensure_ascii=False) + "\n" for name, schema in made.items()
    }
