"""``remediator packs``: what is shipped, what a row does, and a copy to begin one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

application = typer.Typer(no_args_is_help=True, help="Shipped rule packs: list, show, copy.")

PackArgument = Annotated[str, typer.Argument(help="As packs list shows it.")]


@application.command("list")
def list_packs() -> None:
    """List the shipped packs, with their rows."""
    from remediator.cli import packs_told  # noqa: PLC0415 -- other commands start faster

    packs_told.list_packs()


@application.command("show")
def show(
    pack: PackArgument,
    row: Annotated[str, typer.Argument(help="One row, such as Z2-3: all that it does. Default: a line for each.")] = "",
) -> None:
    """Tell what a pack's rows do: alert, remedies with their modes, verification."""
    from remediator.cli import packs_told  # noqa: PLC0415 -- see above

    packs_told.show(pack, row)


@application.command("copy")
def copy(
    pack: PackArgument,
    folder: Annotated[Path, typer.Argument(help="Where to; it is made if it is missing.")] = Path("rules"),
) -> None:
    """Copy a pack, what it includes and its tests. A file of yours is never written over."""
    from remediator.cli import packs_told  # noqa: PLC0415 -- see above

    packs_told.copy(pack, folder)
