"""``kubernetes.certificate``: how a cert-manager Certificate stands.

Source: cert-manager, "Certificate" (cert-manager.io/v1): the conditions Ready and Issuing;
``status.notAfter``, ``status.renewalTime``, ``status.revision``. A cluster without cert-manager does not serve it.
"""

from __future__ import annotations

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import open_api
from remediator.actions.kubernetes.completion import condition
from remediator.actions.kubernetes.documents import Document, clean, number, section, text
from remediator.actions.kubernetes.moments import instant, seconds_between, stamp
from remediator.actions.kubernetes.names import ConnectionName, Label, Name
from remediator.actions.kubernetes.refusals import AbsentError
from remediator.core.action import Action, CheckOutputs, Parameters, Permission

GROUP = "cert-manager.io"
_DAY = 86_400
_MOST_NAMES = 50


class CertificateParameters(Parameters):
    """Which certificate."""

    name: Name = Field(description="The Certificate's name.")
    namespace: Label = Field(description="Its namespace.")
    connection: ConnectionName = Field("default", description="Name of an entry under connections.kubernetes.")
    days: float = Field(0.0, ge=0, le=3650, description="It must be valid for longer than this many days.")


class CertificateOutputs(CheckOutputs):
    """The certificate; all but installed and exists is empty when there is none."""

    holds: bool = Field(description="Whether it is ready and valid for longer than days says.")
    reason: str = Field("", description="Why not, in a sentence.")
    installed: bool = Field(description="Whether the cluster serves cert-manager's API.")
    exists: bool = Field(description="Whether there is a Certificate of this name.")
    ready: bool = Field(description="Whether its condition Ready is True.")
    issuing: bool = Field(description="Whether a new one is being issued.")
    not_after: str = Field(description="When it ends, RFC 3339; empty when none was issued yet.")
    days_left: float | None = Field(description="Days until then; negative afterwards.")
    renewal_at: str = Field(description="When cert-manager will renew it, RFC 3339; empty when it has not said.")
    failed_attempts: int = Field(description="Attempts to issue it that failed since the last success.")
    secret: str = Field(description="Name of the Secret that it is kept in.")
    issuer: str = Field(description="Its issuer, Kind/name.")
    dns_names: tuple[str, ...] = Field(description="Names that it is for; 50 at most.")
    revision: int = Field(description="How often it was issued.")


async def perform(p: CertificateParameters, context: Context) -> CertificateOutputs:
    """Read it. That cert-manager or the certificate is absent is a finding, not an error."""
    api = await open_api(context, p.connection)
    try:
        found = await api.get(f"/apis/{GROUP}/v1/namespaces/{p.namespace}/certificates/{p.name}")
    except AbsentError as error:
        said = "there is no such certificate" if error.served else "this cluster does not serve cert-manager's API"
        return _outputs(p, {}, context.now, said, installed=error.served)
    return _outputs(p, found, context.now, "", installed=True)


def _outputs(
    p: CertificateParameters, found: Document, now: int, absent: str, *, installed: bool
) -> CertificateOutputs:
    ends = instant(text(found, "status", "notAfter"))
    left = seconds_between(now, ends)
    days = None if left is None else round(left / _DAY, 3)
    ready = text(condition(found, "Ready"), "status") == "True"
    wrong = absent or _wrong(found, days, p.days, ready=ready)
    names = section(found, "spec").get("dnsNames")
    issuer = section(found, "spec", "issuerRef")
    return CertificateOutputs(
        holds=not wrong,
        reason=f"certificate {p.namespace}/{p.name}: {wrong or f'ready, valid for {days:.1f} more days'}",
        installed=installed,
        exists=not absent,
        ready=ready,
        issuing=text(condition(found, "Issuing"), "status") == "True",
        not_after=stamp(ends),
        days_left=days,
        renewal_at=stamp(instant(text(found, "status", "renewalTime"))),
        failed_attempts=number(found, "status", "failedIssuanceAttempts"),
        secret=text(found, "spec", "secretName", limit=253),
        issuer=clean(f"{text(issuer, 'kind') or 'Issuer'}/{text(issuer, 'name')}", 320) if issuer else "",
        dns_names=tuple(clean(name, 253) for name in names[:_MOST_NAMES]) if isinstance(names, list) else (),
        revision=number(found, "status", "revision"),
    )


def _wrong(found: Document, days: float | None, wanted: float, *, ready: bool) -> str:
    if not ready:
        said = condition(found, "Ready")
        issuing = condition(found, "Issuing")
        why = clean(said.get("message"), 300) or clean(issuing.get("message"), 300) or "it has not said why"
        return f"it is not ready: {why}"
    if days is None:
        return "it is ready, but does not say until when it is valid"
    if days <= wanted:
        return f"it is valid for {days:.1f} more days" if days > 0 else "it has expired"
    return ""


ACTION = Action(
    name="kubernetes.certificate",
    summary="Tells whether a cert-manager Certificate is ready, how long it is valid, and whether a new one is issued.",
    parameters=CertificateParameters,
    outputs=CertificateOutputs,
    perform=perform,
    backend=lambda p: f"kubernetes/{p.connection}",
    permissions=lambda p: (Permission("get", "certificates", p.namespace, GROUP),),
)
