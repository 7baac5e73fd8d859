"""``kubernetes.renew_certificate``: asks cert-manager to issue a certificate anew, as ``cmctl renew`` does.

That is the condition Issuing=True in the Certificate's status (cert-manager, "cmctl", renew). Issuers
limit how often the same names may be certified, so what was issued, or tried, lately is refused.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import MERGE_PATCH, Api, open_api
from remediator.actions.kubernetes.documents import Document, number, objects, text
from remediator.actions.kubernetes.moments import instant
from remediator.actions.kubernetes.names import ConnectionName, Label, Name
from remediator.core.action import Action, Intent, Outputs, Parameters, Permission
from remediator.core.durations import SECOND, Duration, show_duration
from remediator.errors import PermanentError

GROUP = "cert-manager.io"


class RenewParameters(Parameters):
    """Which certificate."""

    name: Name = Field(description="Name of the Certificate.")
    namespace: Label = Field(description="Its namespace.")
    not_again_within: Duration = Field(
        86400.0, ge=60.0, description="Refused when it was issued, or tried to be, within this time."
    )
    connection: ConnectionName = Field("default", description="Name of an entry under connections.kubernetes.")
    requested_at: int | None = Field(
        None, description="Microseconds since 1970, to the second. Filled in before the step is done."
    )
    from_revision: int | None = Field(
        None, description="How often it had been issued. Filled in before the step is done."
    )


class RenewOutputs(Outputs):
    """What became of it. Whether a new certificate is served is for ``verify`` to ask."""

    revision: int = Field(description="How often it has been issued so far.")
    not_after: str = Field(description="When the present one ends, RFC 3339; empty when there is none.")
    changed: bool = Field(description="False when this step had asked for it already.")


async def perform(p: RenewParameters, context: Context) -> RenewOutputs:
    """Ask for it; does nothing when this very step has asked already."""
    api = await open_api(context, p.connection)
    certificate = await _read(api, p)
    changed = not _is_asked(p, certificate)
    if changed:
        await _refuse_too_often(api, p, certificate, context.now)
        certificate = await _ask(api, p, certificate, p.requested_at or _whole(context.now))
    return RenewOutputs(
        revision=number(certificate, "status", "revision"),
        not_after=text(certificate, "status", "notAfter", limit=40),
        changed=changed,
    )


async def resolve(p: RenewParameters, context: Context) -> Intent[RenewParameters]:
    """Fix the time, and how often it was issued; refuse what would be refused."""
    api = await open_api(context, p.connection)
    certificate = await _read(api, p)
    await _refuse_too_often(api, p, certificate, context.now)
    revision = number(certificate, "status", "revision")
    fixed = p.model_copy(update={"requested_at": _whole(context.now), "from_revision": revision})
    return Intent(fixed, {"revision": revision})


async def happened(intent: Intent[RenewParameters], context: Context) -> bool | None:
    """Whether it is being issued because of us, or has been since, or has failed to be."""
    p = intent.parameters
    return _is_asked(p, await _read(await open_api(context, p.connection), p))


async def preview(p: RenewParameters, context: Context) -> str:
    """Say what would be issued anew; asked of the server as a dry run."""
    api = await open_api(context, p.connection)
    certificate = await _read(api, p)
    await _refuse_too_often(api, p, certificate, context.now)
    await _ask(api, p, certificate, _whole(context.now), dry_run=True)
    until = text(certificate, "status", "notAfter", limit=40) or "an unknown time"
    return f"certificate {p.namespace}/{p.name}, valid until {until}, would be issued anew"


async def _read(api: Api, p: RenewParameters) -> Document:
    found = await api.get(_path(p))
    if found.get("kind") != "Certificate" or not text(found, "metadata", "resourceVersion"):
        raise PermanentError(f"GET {_path(p)}: the answer is not a Certificate")
    return found


def _issuing(certificate: Document) -> Document:
    found = (item for item in objects(certificate, "status", "conditions") if item.get("type") == "Issuing")
    return next(found, {})


def _is_asked(p: RenewParameters, certificate: Document) -> bool:
    """Whether what this step asks for was asked: the condition has our time, or something came of it since."""
    if p.requested_at is None:
        return False
    if p.from_revision is not None and number(certificate, "status", "revision") > p.from_revision:
        return True
    times = (text(_issuing(certificate), "lastTransitionTime"), text(certificate, "status", "lastFailureTime"))
    return any((moment := instant(stamp)) is not None and moment >= p.requested_at for stamp in times)


async def _refuse_too_often(api: Api, p: RenewParameters, certificate: Document, now: int) -> None:
    """Raise PermanentError when it is being issued, or was issued or tried too short a time ago."""
    title = f"certificate {p.namespace}/{p.name}"
    if _issuing(certificate).get("status") == "True":
        raise PermanentError(f"{title} is being issued already")
    requests = await api.list(f"/apis/{GROUP}/v1/namespaces/{p.namespace}/certificaterequests", pages=20)
    if not requests.complete:
        raise PermanentError(f"namespace {p.namespace} has too many certificate requests to look through")
    stamps = [text(certificate, "status", "lastFailureTime"), text(certificate, "status", "notBefore")]
    stamps += [
        text(item, "metadata", "creationTimestamp")
        for item in requests.items
        if text(item, "metadata", "annotations", f"{GROUP}/certificate-name") == p.name
    ]
    last = max((moment for stamp in stamps if (moment := instant(stamp)) is not None), default=None)
    if last is not None and now - last < p.not_again_within * SECOND:
        ago = show_duration(max((now - last) / SECOND, 0))
        limit = show_duration(p.not_again_within)
        raise PermanentError(f"{title} was issued, or tried to be, {ago} ago; not again within {limit}")


async def _ask(api: Api, p: RenewParameters, certificate: Document, at: int, *, dry_run: bool = False) -> Document:
    issuing = {
        "type": "Issuing",
        "status": "True",
        "reason": "ManuallyTriggered",
        "message": "Certificate re-issuance manually triggered",  # cmctl's words: people and dashboards know them
        "lastTransitionTime": datetime.fromtimestamp(at // SECOND, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "observedGeneration": number(certificate, "metadata", "generation"),
    }
    # A custom resource has no strategic merge: the list is sent whole, for the version that was read.
    others = [item for item in objects(certificate, "status", "conditions") if item.get("type") != "Issuing"]
    body: Document = {
        "metadata": {"resourceVersion": text(certificate, "metadata", "resourceVersion")},
        "status": {"conditions": [*others, issuing]},
    }
    return await api.patch(f"{_path(p)}/status", body, MERGE_PATCH, dry_run=dry_run)


def _whole(now: int) -> int:
    return now // SECOND * SECOND


def _path(p: RenewParameters) -> str:
    return f"/apis/{GROUP}/v1/namespaces/{p.namespace}/certificates/{p.name}"


def _permissions(p: RenewParameters) -> tuple[Permission, ...]:
    return (
        Permission("get", "certificates", p.namespace, GROUP),
        Permission("patch", "certificates/status", p.namespace, GROUP),
        Permission("list", "certificaterequests", p.namespace, GROUP),
    )


ACTION = Action(
    name="kubernetes.renew_certificate",
    summary="Asks cert-manager to issue a certificate anew, as cmctl renew does.",
    parameters=RenewParameters,
    outputs=RenewOutputs,
    perform=perform,
    backend=lambda p: f"kubernetes/{p.connection}",
    changes=True,
    idempotent=lambda p: p.requested_at is not None,
    targets=lambda p: (f"kubernetes/{p.connection}/{p.namespace}/certificate/{p.name}",),
    resolve=resolve,
    happened=happened,
    preview=preview,
    permissions=_permissions,
)
