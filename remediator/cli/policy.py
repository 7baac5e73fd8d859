"""``remediator policy explain``: what a rule set may do here at most."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from msgspec import to_builtins

application = typer.Typer(no_args_is_help=True, help="What rules may do here at most.")


@application.callback()
def policy() -> None:
    """What rules may do here at most."""


@application.command("explain")
def explain(
    config: Annotated[Path, typer.Option("--config.file", help="The daemon's configuration.")] = Path("remediator.yml"),
    rules: Annotated[
        list[str] | None, typer.Argument(help="Rule files or patterns. Default: those of the configuration.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:  # fmt: skip
    """Say, rule by rule and remedy by remedy, how far it can go, and what stops it."""
    from remediator.interfaces.configuration import read_configuration  # noqa: PLC0415 -- commands start fast
    from remediator.interfaces.policy_explained import as_text, at_most  # noqa: PLC0415 -- see above
    from remediator.interfaces.rule_files import load_rules  # noqa: PLC0415 -- see above

    read = read_configuration(config)
    settings = read.settings
    loaded = load_rules(rules, Path.cwd()) if rules else load_rules(settings.rules, read.root, asked_by=read.rules)
    found = at_most(loaded.table, settings)
    typer.echo(json.dumps([to_builtins(rule) for rule in found], indent=2) if as_json else as_text(found, settings))
