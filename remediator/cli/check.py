"""``remediator check``: say what is wrong with the configuration and the rules, and what could be better."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct
from msgspec.structs import replace

from remediator.cli.prometheus_options import CaFile, PasswordFile, TokenFile, User, Where, server_of
from remediator.cli.rbac import Names, Namespaces, checked
from remediator.cli.rule_paths import patterns_of
from remediator.core.problems import Problem, nearest
from remediator.errors import ConfigurationError

if TYPE_CHECKING:
    from remediator.core.lint import Finding, Subject
    from remediator.interfaces.configuration import Configuration, Connections
    from remediator.interfaces.rule_files import Loaded
    from remediator.interfaces.rule_files.live import Prometheus
    from remediator.interfaces.rule_files.reading import Asker

LINT = 3  #: exit code when the files are right and something could be better, as promtool has it


class Asked(Struct, frozen=True):
    """What the command line asks for."""

    patterns: list[str]
    root: Path
    read: Configuration | None = None
    asked_by: Asker | None = None  #: where the patterns stand
    prometheus: Prometheus | None = None
    users: frozenset[str] | None = None  #: who can log in; None: not known
    elsewhere: bool = False  #: whether the daemon runs on another machine: what is here says nothing of it

    @property
    def connections(self) -> Connections | None:
        """What is configured; None: not known."""
        return self.read.connections if self.read is not None else None


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("check")(check)


def check(  # noqa: C901 -- what the options ask for, one after the other
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Rule files or folders; default: those of the configuration.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config.file", help="Check the daemon's configuration too, and rules against what it allows."),
    ] = None,
    web_config: Annotated[
        Path | None, typer.Option("--web.config.file", help="The daemon's web file: who can log in, and so approve.")
    ] = None,
    lint: Annotated[str, typer.Option("--lint", help="Which checks: all, none, or names with commas.")] = "all",
    lint_fatal: Annotated[
        bool, typer.Option("--lint-fatal/--no-lint-fatal", help="Whether what lint finds makes exit code 3.")
    ] = True,
    output: Annotated[str, typer.Option("--output", help="text, json, or github (annotations).")] = "text",
    prometheus: Where = "",
    token_file: TokenFile = None,
    user: User = "",
    password_file: PasswordFile = None,
    ca_file: CaFile = None,
    shared: Annotated[bool, typer.Option("--shared", help="Treat every file as a shared pack.")] = False,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Ask the clusters whether they let us do what the rules can need.")
    ] = False,
    namespaces: Namespaces = None,
    names: Names = None,
    elsewhere: Annotated[
        bool,
        typer.Option("--elsewhere", help="The daemon runs on another machine: don't look here for its extras, files."),
    ] = False,
) -> None:
    """Say all that is wrong, with its place. Exit 1 for errors, 3 when only lint found something."""
    from remediator.interfaces.problem_output import STYLES, show  # noqa: PLC0415 -- other commands start faster

    if output not in STYLES:
        raise typer.BadParameter(f"--output is one of {', '.join(STYLES)}")
    wanted = wanted_checks(lint)
    root = Path.cwd()
    if cluster and config is None:
        raise typer.BadParameter("--cluster needs --config.file: it says how the clusters are reached")
    try:
        asked = what_is_asked(paths, config, web_config)
        server = server_of(prometheus, asked.connections, token_file, user, password_file, ca_file)
        asked = replace(asked, prometheus=server, elsewhere=elsewhere)
        root = asked.root
        problems, loaded = look(asked, wanted, shared=shared)
    except ConfigurationError as error:
        typer.echo(show(anchored(error.problems, output, config), output, root), err=output == "text")
        raise typer.Exit(1) from None
    if output == "text":
        if asked.read is not None:
            typer.echo(f"{config}: right")
        for problem in problems:
            typer.echo(str(problem))
        typer.echo(summary_of(loaded, problems))
    elif problems or output == "json":
        typer.echo(show(anchored(problems, output, config), output, root))
    if cluster and asked.connections is not None:
        from remediator.cli.check_cluster import check_cluster  # noqa: PLC0415 -- see above

        chosen = (checked(namespaces, "--namespace"), tuple(names or ()))
        if not check_cluster(loaded.table.rules, asked.connections, *chosen):
            raise typer.Exit(1)
    if problems and lint_fatal:
        raise typer.Exit(LINT)


def anchored(problems: Iterable[Problem], output: str, config: Path | None) -> list[Problem]:
    """Return the problems, for annotations those of the configuration with its whole path: others count from it."""
    if output != "github" or config is None:
        return list(problems)
    whole = str(config.resolve())
    return [replace(problem, file=whole) if problem.file == str(config) else problem for problem in problems]


def wanted_checks(lint: str) -> set[str]:
    """Return the names that ``--lint`` chooses."""
    from remediator.core.lint import names  # noqa: PLC0415 -- see above

    if lint in ("all", "none"):
        return set(names()) if lint == "all" else set()
    chosen = {name.strip() for name in lint.split(",") if name.strip()}
    for name in sorted(chosen - set(names())):
        raise typer.BadParameter(f'--lint: there is no check "{name}"; {nearest(name, names())}')
    return chosen


def what_is_asked(paths: list[Path] | None, config: Path | None, web_config: Path | None) -> Asked:
    """Return which files are meant, and whom they are for. Raise ConfigurationError for a wrong configuration."""
    from remediator.interfaces.configuration import read_configuration, read_web_file  # noqa: PLC0415 -- see above

    read = read_configuration(config) if config is not None else None
    users = frozenset(read_web_file(web_config).users) if web_config is not None else None
    if paths:
        return Asked(patterns_of(paths), Path.cwd(), read, users=users)
    if read is None:
        raise typer.BadParameter("name rule files, or --config.file")
    return Asked(list(read.settings.rules), read.root, read, read.rules, users=users)


def look(asked: Asked, wanted: set[str], *, shared: bool) -> tuple[list[Problem], Loaded]:
    """Return what the checks found, and what was read."""
    from remediator.core.guards import Envelope  # noqa: PLC0415 -- see above
    from remediator.core.lint import Site  # noqa: PLC0415 -- see above
    from remediator.interfaces.rule_files import load_rules  # noqa: PLC0415 -- see above
    from remediator.interfaces.rule_files.linting import lint, subject_of  # noqa: PLC0415 -- see above

    wrong, missing = files_amiss(asked)
    connections, runs_here = asked.connections, None if asked.elsewhere else asked.connections
    try:
        loaded = load_rules(asked.patterns, asked.root, connections, run_with=runs_here, asked_by=asked.asked_by)
    except ConfigurationError as error:
        raise ConfigurationError((*wrong, *error.problems)) from error
    if wrong:
        raise ConfigurationError(wrong)
    site = None
    if asked.read is not None:
        settings = asked.read.settings
        envelope = Envelope(settings.allow.targets, settings.allow.protected, settings.policy.policy())
        site = Site(settings.max_mode, envelope, asked.users)
    subject = subject_of(loaded, site, shared=shared)
    return [*missing, *lint(loaded, subject, wanted, ask_prometheus(asked, subject))], loaded


def files_amiss(asked: Asked) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """Return what is wrong with the files that the configuration names: what stops a start, and what may come yet."""
    if asked.read is None or asked.elsewhere:
        return (), ()
    from remediator.interfaces.secret_files import missing_files, read_secrets  # noqa: PLC0415 -- see above

    missing = missing_files(asked.read)
    try:
        read_secrets(asked.read)
    except ConfigurationError as error:
        return error.problems, missing
    return (), missing


def summary_of(loaded: Loaded, problems: list[Problem]) -> str:
    """Return a line about what was read."""
    used = {rule.guide.name for rule in loaded.table.rules}
    return (
        f"{len(loaded.files)} files: {len(loaded.table.rules)} rules, {len(used)} guides in use, "
        f"{len(problems)} warnings"
    )


def ask_prometheus(asked: Asked, subject: Subject) -> list[tuple[str, Finding]]:
    """Return what a Prometheus says about alerts, labels and queries, where one was named."""
    if asked.prometheus is None:
        return []
    from remediator.interfaces.rule_files.live import live_findings  # noqa: PLC0415 -- see above

    return live_findings(asked.prometheus, subject)
