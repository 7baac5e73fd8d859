"""Reads certificates that a server sent, trusted or not. Needs the package cryptography (extra ``network``)."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address
from typing import Any

from msgspec import Struct

from remediator.actions.answers.reading import excerpt
from remediator.errors import PermanentError

_NAMES, _TEXT = 100, 300
_DAY = 86_400.0


class Certificate(Struct, frozen=True):
    """What one certificate says."""

    subject: str
    issuer: str
    names: tuple[str, ...]  #: DNS names and addresses that it is for (subjectAltName)
    not_before: datetime
    not_after: datetime
    serial: str  #: hexadecimal
    fingerprint: str  #: SHA-256 of the whole, hexadecimal

    def days_left(self, now: float) -> float:
        """Return days until it expires, from seconds since 1970; below zero: it has expired."""
        return round((self.not_after.timestamp() - now) / _DAY, 3)


def library() -> Any:
    """Import cryptography's X.509; PermanentError names the extra when it is not installed."""
    try:
        from cryptography import x509  # noqa: PLC0415 -- imported late: start time counts
    except ImportError as error:
        raise PermanentError('network.tls needs the extra "network": pip install "remediator[network]"') from error
    return x509


def read(der: bytes) -> Certificate:
    """Read one certificate. ValueError when it is none."""
    x509 = library()
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 -- as above

    try:
        made = x509.load_der_x509_certificate(der)
        return Certificate(
            subject=_name(made.subject),
            issuer=_name(made.issuer),
            names=_names(x509, made),
            not_before=made.not_valid_before_utc,
            not_after=made.not_valid_after_utc,
            serial=f"{made.serial_number:x}",
            fingerprint=made.fingerprint(SHA256()).hex(),
        )
    except Exception as error:  # the parser raises errors of many kinds for what a stranger sent
        raise ValueError(f"a certificate that cannot be read: {excerpt(str(error), _TEXT)}") from error


def _name(name: Any) -> str:
    return excerpt(name.rfc4514_string(), _TEXT)


def _names(x509: Any, certificate: Any) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    found = [str(each.value) for each in names if isinstance(each, (x509.DNSName, x509.IPAddress))]
    return tuple(excerpt(name, _TEXT) for name in found[:_NAMES])


def covers(names: tuple[str, ...], host: str) -> bool:
    """Whether a certificate for these names is for this host (RFC 6125, section 6.4; RFC 9525, section 6).

    A wildcard is the whole left-most label and stands for exactly one; addresses must be equal. The
    subject's common name does not count, as it does not for clients.
    """
    try:
        address = ip_address(host)
    except ValueError:
        wanted = host.removesuffix(".").lower()
        return any(_covers(name.lower(), wanted) for name in names)
    return any(_is(name, address) for name in names)


def _covers(name: str, host: str) -> bool:
    if name == host:
        return True
    first, dot, rest = host.partition(".")
    return bool(first and dot) and "." in rest and name == f"*.{rest}"


def _is(name: str, address: object) -> bool:
    try:
        return ip_address(name) == address
    except ValueError:
        return False
