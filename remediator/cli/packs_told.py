"""What ``remediator packs`` says. A module of its own: it reads rule files, which other commands need not wait for."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path

import typer

from remediator.core.durations import duration_text
from remediator.core.problems import Problem, nearest
from remediator.core.rules import Rule
from remediator.errors import ConfigurationError
from remediator.interfaces.packs import Pack, actions_of, alerts_of, mode_of, pack_of, rows_of, shipped

_WIDTH = 100


def list_packs() -> None:
    """List the shipped packs, with their rows."""
    for pack in shipped():
        rows = rows_of(pack)
        typer.echo(f"{pack.name:<24} {len(rows):>3} rows {len(pack.rules):>3} rules  {pack.summary}")


def show(pack: str, row: str) -> None:
    """Tell what a pack's rows do: alert, remedies with their modes, verification."""
    found = pack_of(pack)
    rows = rows_of(found)
    if not row:
        for each in rows:
            for rule in each.rules:
                typer.echo(f"{rule.name:<36} {'; '.join(_brief(rule)) or 'only evidence'}")
        return
    wanted = next((each for each in rows if each.name.lower() == row.lower()), None)
    if wanted is None:
        names = [each.name for each in rows]
        problem = Problem(f'the pack {found.name} has no row "{row}"', hint=nearest(row, names) or ", ".join(names))
        raise ConfigurationError((problem,))
    for rule in wanted.rules:
        typer.echo("\n".join(_whole(rule)))


def copy(pack: str, folder: Path) -> None:
    """Copy a pack, what it includes and its tests. A file of yours is never written over."""
    found = pack_of(pack)
    pairs = [(path, folder / path.relative_to(found.file.resolve().parent)) for path in _files(found)]
    taken = [there for path, there in pairs if there.exists() and there.read_bytes() != path.read_bytes()]
    if taken:
        raise ConfigurationError(tuple(
            Problem(f"{there} is there already, and is not what the pack has", hint="choose another folder")
            for there in taken
        ))  # fmt: skip
    for path, there in pairs:
        try:
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, there)
        except OSError as error:
            problem = Problem(f"cannot be written: {error.strerror or error}", str(there))
            raise ConfigurationError((problem,)) from error
        typer.echo(str(there))
    typer.echo(f"check it: remediator check {folder / found.file.name}")


def _files(pack: Pack) -> Iterator[Path]:
    yield from dict.fromkeys(path.resolve() for path in pack.files)


def _brief(rule: Rule) -> Iterator[str]:
    for remedy in rule.guide.remedies:
        yield f"{mode_of(rule, remedy)}: {remedy.name}"


def _whole(rule: Rule) -> Iterator[str]:
    """Yield all that a rule does, for people who decide whether it may."""
    guide = rule.guide
    yield rule.name
    yield f"  {guide.text.summary}"
    yield f"  alert      {alerts_of(rule)}"
    yield f"  target     {guide.text.target}"
    given = ", ".join(f"{name}: {value}" for name, value in rule.text.with_.items())
    yield from textwrap.wrap(f"with       {given}", _WIDTH, initial_indent="  ", subsequent_indent=" " * 13)
    yield f"  looks at   {', '.join(actions_of(guide.diagnose))}"
    for number, remedy in enumerate(guide.remedies, 1):
        yield f"  {number}. {mode_of(rule, remedy)}: {remedy.name}"
        if remedy.when:
            yield from textwrap.wrap(
                f"when {remedy.when}", _WIDTH, initial_indent="       ", subsequent_indent=" " * 12
            )
        yield f"       does {', '.join(actions_of(remedy.steps))}"
    if not guide.remedies:
        yield "  changes nothing"
    if guide.verify:
        within = duration_text(guide.verify.within)
        yield f"  verified   {', '.join(actions_of(guide.verify.conditions))} within {within}"
    if guide.text.escalate:
        yield f"  else       {guide.text.escalate}: people are called"
    for line in guide.text.notes.splitlines():
        yield f"  | {line}"
    yield ""
