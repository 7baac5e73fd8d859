"""``kubernetes.exec`` (looks) and ``kubernetes.exec_change`` (changes): an allowed command in a container.

Rules name a command of the connection's allow-list; they cannot write one. Source of the rights:
Kubernetes, "Authorization": exec is the verb ``create`` on ``pods/exec``, over a WebSocket ``get`` too.
"""

from __future__ import annotations

import shlex
from typing import Annotated, Literal

from pydantic import Field

from remediator.actions.answers.reading import excerpt, printable
from remediator.actions.context import Context
from remediator.actions.kubernetes.api import Api, open_api
from remediator.actions.kubernetes.channels import Ended, run_in_container
from remediator.actions.kubernetes.chosen import owned_rights
from remediator.actions.kubernetes.connection import Connection
from remediator.actions.kubernetes.documents import Document, text
from remediator.actions.kubernetes.exec_entry import ExecEntry
from remediator.actions.kubernetes.names import ConnectionName, Label, Name
from remediator.actions.kubernetes.pods import container_of, is_finished, is_ready
from remediator.actions.kubernetes.workloads import WorkloadParameters, read_owned, read_workload
from remediator.core.action import Action, Argv, CheckOutputs, Intent, Outputs, Parameters, Permission
from remediator.core.problems import nearest
from remediator.errors import PermanentError

_SHOWN = 200
_LONGEST_PREVIEW = 2000

ExitCode = Annotated[int, Field(ge=0, le=255)]
CommandName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][-A-Za-z0-9_.]{0,62}$")]


class ExecParameters(Parameters):
    """Which command, and in which pod."""

    command: CommandName = Field(description="Name of an entry under exec of the connection.")
    arguments: tuple[Argv, ...] = Field(
        (), max_length=64, description="Arguments after the entry's own; each must match its arguments_pattern."
    )
    kind: Literal["pod", "deployment", "statefulset", "daemonset"] = Field(
        "pod", description="What has this name: the pod, or a workload of which one pod is taken."
    )
    name: Name = Field(description="Name of the pod or the workload.")
    namespace: Label = Field(description="Its namespace.")
    pod: Name | None = Field(
        None, description="Which of the workload's pods. Default: of those that are ready the first by name."
    )
    connection: ConnectionName = Field("default", description="Name of an entry under connections.kubernetes.")
    expect_exit: tuple[ExitCode, ...] = Field(
        (0,), min_length=1, max_length=16, description="Exit codes that are in order."
    )


class ExecOutputs(CheckOutputs):
    """How the command ended."""

    holds: bool = Field(description="Whether the exit code is one of expect_exit.")
    reason: str = Field("", description="Why, in a sentence.")
    exit_code: int = Field(description="Its exit code.")
    stdout: str = Field(description="The beginning of its output, as much as the entry's output_limit keeps.")
    stderr: str = Field(description="The same of its error output.")
    complete: bool = Field(description="False when output was left out.")
    pod: str = Field(description="The pod that it ran in.")


class ChangeOutputs(Outputs):
    """How the command ended."""

    exit_code: int = Field(description="Its exit code.")
    stdout: str = Field(description="The beginning of its output, as much as the entry's output_limit keeps.")
    stderr: str = Field(description="The same of its error output.")
    complete: bool = Field(description="False when output was left out.")
    pod: str = Field(description="The pod that it ran in.")


async def look(p: ExecParameters, context: Context) -> ExecOutputs:
    """Run it and judge its exit code. PermanentError when its entry does not say that it is read-only."""
    entry = _entry(p, context)
    if not entry.read_only:
        raise PermanentError(f'"{p.command}" may change things; kubernetes.exec needs an entry with "read_only: true"')
    ended, pod = await _run(p, context, entry, changes=False)
    return ExecOutputs(holds=ended.exit_code in p.expect_exit, reason=_reason(p, ended), **_shown(ended, pod))


async def change(p: ExecParameters, context: Context) -> ChangeOutputs:
    """Run it. An exit code that is not expected is a PermanentError: the program itself said that it failed."""
    ended, pod = await _run(p, context, _entry(p, context), changes=True)
    if ended.exit_code not in p.expect_exit:
        raise PermanentError(_reason(p, ended))
    return ChangeOutputs(**_shown(ended, pod))


async def resolve(p: ExecParameters, context: Context) -> Intent[ExecParameters]:
    """Choose the pod; record nothing: what a command changes only its author knows."""
    _entry(p, context).command_line(p.arguments)
    pod = await _pod(await open_api(context, p.connection), p)
    return Intent(p.model_copy(update={"pod": text(pod, "metadata", "name")}), {})


async def preview(p: ExecParameters, context: Context) -> str:
    """Return the command line and where it would run; nothing is started."""
    entry = _entry(p, context)
    line = shlex.join(entry.command_line(p.arguments))
    pod = await _pod(await open_api(context, p.connection), p)
    name, container = text(pod, "metadata", "name"), container_of(pod, entry.container)
    return excerpt(f"in pod {p.namespace}/{name}, container {container}: {line}", _LONGEST_PREVIEW)


def repeatable(p: ExecParameters, context: Context) -> bool:
    """Whether the site says of this entry that running it twice equals running it once."""
    return _entry(p, context).idempotent


def _entry(p: ExecParameters, context: Context) -> ExecEntry:
    connection: Connection = context.connection("kubernetes", p.connection)
    entry = connection.exec.get(p.command)
    if entry is None:
        hint = nearest(p.command, connection.exec) or "none is configured"
        raise PermanentError(f'no command "{p.command}" under connections.kubernetes.{p.connection}.exec; {hint}')
    if entry.namespaces and p.namespace not in entry.namespaces:
        raise PermanentError(f'"{p.command}" may not be run in the namespace {p.namespace}')
    return entry


async def _run(p: ExecParameters, context: Context, entry: ExecEntry, *, changes: bool) -> tuple[Ended, str]:
    argv = entry.command_line(p.arguments)
    api = await open_api(context, p.connection)
    pod = await _pod(api, p)
    name = text(pod, "metadata", "name")
    ended = await run_in_container(
        api, f"/api/v1/namespaces/{p.namespace}/pods/{name}", argv, container=container_of(pod, entry.container),
        within=entry.time_limit, limit=entry.output_limit, changes=changes,
    )  # fmt: skip
    return ended, name


async def _pod(api: Api, p: ExecParameters) -> Document:
    """Return the pod to run in; PermanentError when there is none that is fit."""
    if p.kind == "pod":
        pod = await api.get(f"/api/v1/namespaces/{p.namespace}/pods/{p.name}")
        if p.pod not in (None, p.name):
            raise PermanentError(f'"pod" says {p.pod}, "name" says {p.name}')
        if text(pod, "metadata", "name") != p.name or is_finished(pod):
            raise PermanentError(f"pod {p.namespace}/{p.name} does not run")
        return pod
    of = WorkloadParameters(kind=p.kind, name=p.name, namespace=p.namespace, connection=p.connection)
    pods = (await read_owned(api, of, await read_workload(api, of))).pods
    fit = [pod for pod in pods if (text(pod, "metadata", "name") == p.pod if p.pod else is_ready(pod))]
    if not fit:
        wanted = f"pod {p.pod}" if p.pod else "pod that is ready"
        raise PermanentError(f"{p.kind} {p.namespace}/{p.name} has no {wanted}")
    return min(fit, key=lambda pod: text(pod, "metadata", "name"))


def _shown(ended: Ended, pod: str) -> dict[str, object]:
    return {
        "exit_code": ended.exit_code,
        "stdout": printable(ended.stdout),
        "stderr": printable(ended.stderr),
        "complete": not ended.left_out,
        "pod": pod,
    }


def _reason(p: ExecParameters, ended: Ended) -> str:
    said = f'"{p.command}" ended with exit code {ended.exit_code}'
    if ended.exit_code in p.expect_exit:
        return said
    lines = printable(ended.stderr).strip().splitlines()
    last = f": {excerpt(lines[-1], _SHOWN)}" if lines else ""
    return f"{said}, not {', '.join(map(str, p.expect_exit))}{last}"


def _targets(p: ExecParameters) -> tuple[str, ...]:
    return (f"kubernetes/{p.connection}/{p.namespace}/{p.kind}/{p.name}",)


def _permissions(p: ExecParameters) -> tuple[Permission, ...]:
    chosen = (Permission("get", "pods", p.namespace),) if p.kind == "pod" else owned_rights(p.kind, p.namespace)
    return (*chosen, Permission("create", "pods/exec", p.namespace), Permission("get", "pods/exec", p.namespace))


def _never(_parameters: ExecParameters) -> bool:
    # Only its entry knows: see ``repeatable``.
    return False


LOOK = Action(
    name="kubernetes.exec",
    summary="Runs a command that the connection allows by name as read-only in a container, and judges its exit code.",
    parameters=ExecParameters,
    outputs=ExecOutputs,
    perform=look,
    backend=lambda p: f"kubernetes/{p.connection}",
    permissions=_permissions,
)

CHANGE = Action(
    name="kubernetes.exec_change",
    summary="Runs a command that the connection allows by name in a container.",
    parameters=ExecParameters,
    outputs=ChangeOutputs,
    perform=change,
    backend=lambda p: f"kubernetes/{p.connection}",
    changes=True,
    idempotent=_never,
    repeatable=repeatable,
    resolve=resolve,
    preview=preview,
    targets=_targets,
    permissions=_permissions,
)
