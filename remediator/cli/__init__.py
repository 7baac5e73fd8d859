"""The command line, one module a command. Exit codes: 0 done, 1 an error, 2 wrong usage, 3 an answer to look at.

3 is ``check``'s for lint, and ``explain``'s for an alert that no rule matches.
"""

from __future__ import annotations

import gc

from remediator.cli import endings

_interrupt = endings.end_when_interrupted()
# What is loaded stays: to look for garbage among it, again and again, is a tenth of a start.
gc.set_threshold(200_000, 20, 50)

import typer

from remediator.cli import (
    audit,
    backtest,
    backup,
    breakers,
    check,
    explain,
    packs,
    pause,
    policy,
    promote,
    rbac,
    runs,
    schema,
    send,
    serve,
    test,
    version,
)

application = typer.Typer(
    name="remediator", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Turns troubleshooting guides into safe automation for Alertmanager's alerts.",
)  # fmt: skip
for module in (serve, check, test, explain, backtest, promote, rbac, schema, send, pause, audit, backup, version):
    module.register(application)
application.add_typer(runs.application, name="runs")
application.add_typer(breakers.application, name="breakers")
application.add_typer(policy.application, name="policy")
application.add_typer(packs.application, name="packs")
application.add_typer(promote.application, name="rules")
endings.let_interrupt(_interrupt)


def main() -> None:
    """Run the command line; whatever ends it is said without a traceback."""
    endings.run(application)
