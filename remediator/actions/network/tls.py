"""``network.tls``: which certificate a server shows, for how long it is good, and whether clients trust it.

The certificate is read first, whatever it is worth; a second handshake tells what a client would say of
it. TLS from the first byte only: protocols that begin in the clear (STARTTLS) are not spoken.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field

from remediator.actions.answers.access import trust
from remediator.actions.answers.reading import excerpt
from remediator.actions.context import Context
from remediator.actions.network.certificates import Certificate, covers, library, read
from remediator.actions.network.handshake import Seen, judge, look
from remediator.actions.network.place import Host, PortParameters, backend, entry_of, port_of, resolve
from remediator.core.action import Action, CheckOutputs
from remediator.core.durations import SECOND, Duration, show_duration

_HTTPS = 443
_TEXT = 300


class TlsParameters(PortParameters):
    """Where to look, and what must hold."""

    server_name: Host | None = Field(
        None, description="With host: the name to ask a certificate for, literal; default: the host itself."
    )
    ca_file: str = Field("", description="With host: PEM file of the only authorities to trust; empty: the system's.")
    min_days_left: float | None = Field(
        None, ge=0, le=3650, description="Every certificate that is sent must be good for more than so many days."
    )
    trusted: bool = Field(True, description="Whether clients must trust the chain; false: that does not count.")
    name_matches: bool = Field(True, description="Whether it must be for the host's name; false: that does not count.")
    timeout: Duration = Field(5.0, gt=0, le=60, description="How long to wait for the name, and for each handshake.")


class ChainCertificate(BaseModel):
    """One certificate of the chain."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    subject: str = Field(description="Whom it is for.")
    issuer: str = Field(description="Who signed it.")
    not_after: str = Field(description="When it expires, in UTC (ISO 8601).")
    days_left: float = Field(description="Days until then; below zero: it has expired.")


class TlsOutputs(CheckOutputs):
    """What the server shows."""

    holds: bool = Field(description="Whether all that was asked for holds; false without a handshake.")
    reason: str = Field("", description="Why, in a sentence.")
    subject: str = Field("", description="Whom the server's certificate is for.")
    issuer: str = Field("", description="Who signed it.")
    names: list[str] = Field([], description="Names and addresses that it is for, at most 100.")
    not_before: str = Field("", description="From when it is good, in UTC (ISO 8601).")
    not_after: str = Field("", description="When it expires, in UTC (ISO 8601).")
    days_left: float | None = Field(None, description="Days until the first certificate of the chain expires.")
    trusted: bool | None = Field(None, description="Whether clients trust the chain; none when that is not known.")
    trust_error: str = Field("", description="Why they do not.")
    matches: bool | None = Field(None, description="Whether the certificate is for the name asked for.")
    self_signed: bool | None = Field(None, description="Whether its subject signed it itself.")
    protocol: str = Field("", description='Such as "TLSv1.3".')
    cipher: str = Field("", description="The cipher suite agreed on.")
    serial: str = Field("", description="The certificate's serial number, hexadecimal.")
    fingerprint: str = Field("", description="Its SHA-256, hexadecimal; another one: another certificate.")
    chain: list[ChainCertificate] = Field(
        [], description="What the server sent, its own certificate first, at most 10."
    )
    handshake_ms: float | None = Field(None, description="Milliseconds to connect and shake hands.")


async def perform(p: TlsParameters, context: Context) -> TlsOutputs:
    """Shake hands twice. Raise PermanentError only for what is wrong on our side."""
    library()
    entry = entry_of(p, context)
    port, ca_file = port_of(entry, _HTTPS), entry.ca_file or p.ca_file
    trust(ca_file, tls_verify=True)  # a file that cannot be used is our error, and no finding
    name = (entry.server_name or p.server_name or entry.host).removesuffix(".")
    place = f"{entry.host}:{port}"
    try:
        async with asyncio.timeout(p.timeout):
            found = await resolve(entry.host)
        if not found.addresses:
            return TlsOutputs(holds=False, reason=f"{entry.host} does not resolve: {found.failure}")
        async with asyncio.timeout(p.timeout):
            seen = await look(found.addresses[0], port, name)
        async with asyncio.timeout(p.timeout):
            refusal = await judge(found.addresses[0], port, name, ca_file)
        chain = [read(der) for der in seen.chain]
    except TimeoutError:
        return TlsOutputs(holds=False, reason=f"{place} did not answer within {show_duration(p.timeout)}")
    except (OSError, ValueError) as error:
        return TlsOutputs(holds=False, reason=f"no handshake with {place}: {_why(error)}")
    if not chain:
        return TlsOutputs(holds=False, reason=f"{place} sent no certificate")
    return _judged(p, name, seen, chain, refusal, context.now / SECOND)


def _judged(p: TlsParameters, name: str, seen: Seen, chain: list[Certificate], refusal: str, now: float) -> TlsOutputs:
    leaf, matches = chain[0], covers(chain[0].names, name)
    days = min(certificate.days_left(now) for certificate in chain)
    wrong = list(_wrong(p, name, leaf, matches, days, refusal))
    return TlsOutputs(
        holds=not wrong,
        reason="; ".join(wrong) or f"{leaf.subject or name} is good for {days:.1f} days more",
        subject=leaf.subject,
        issuer=leaf.issuer,
        names=list(leaf.names),
        not_before=leaf.not_before.isoformat(),
        not_after=leaf.not_after.isoformat(),
        days_left=days,
        trusted=not refusal,
        trust_error=refusal,
        matches=matches,
        self_signed=leaf.subject == leaf.issuer,
        protocol=seen.protocol,
        cipher=seen.cipher,
        serial=leaf.serial,
        fingerprint=leaf.fingerprint,
        chain=[
            ChainCertificate(
                subject=each.subject,
                issuer=each.issuer,
                not_after=each.not_after.isoformat(),
                days_left=each.days_left(now),
            )
            for each in chain
        ],
        handshake_ms=round(seen.milliseconds, 3),
    )


def _wrong(p: TlsParameters, name: str, leaf: Certificate, matches: bool, days: float, refusal: str) -> Iterator[str]:
    if p.trusted and refusal:
        yield f"clients do not trust it: {refusal}"
    if p.name_matches and not matches:
        yield f"it is for {', '.join(leaf.names[:5]) or 'no name'}, not for {name}"
    if p.min_days_left is not None and days <= p.min_days_left:
        end = f"expires in {days:.1f} days" if days > 0 else f"expired {-days:.1f} days ago"
        yield f"a certificate of the chain {end}, which is not more than {p.min_days_left:g}"


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return excerpt(error.reason or str(error), _TEXT)
    return excerpt(getattr(error, "strerror", None) or str(error) or type(error).__name__, _TEXT)


ACTION: Action[TlsParameters, TlsOutputs] = Action(
    name="network.tls",
    summary="Reads a server's certificates: names, days left, chain, protocol, and whether clients trust them.",
    parameters=TlsParameters,
    outputs=TlsOutputs,
    perform=perform,
    backend=backend,
)
