"""The command line, one module a command. Exit codes: 0 done, 1 an error, 2 wrong usage, 3 lint (``check``)."""

from __future__ import annotations

import gc
import sys

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
from remediator.errors import ConfigurationError, RemediatorError

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


def main() -> None:
    """Run the command line; our own errors are said without a traceback."""
    try:
        application()
    except ConfigurationError as error:
        for problem in error.problems:
            sys.stderr.write(f"{problem}\n")
        sys.exit(1)
    except RemediatorError as error:
        sys.stderr.write(f"remediator: {error}\n")
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
