"""Names for label sets: Alertmanager's own, and one that is ours where a sender gives the same name to several."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

_OFFSET, _PRIME, _BITS = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF
_SEPARATOR = b"\xff"  # no byte of UTF-8


def fingerprint_of(labels: Mapping[str, str]) -> str:
    """Return what Alertmanager would call these labels: FNV-1a, 64 bits, of names and values by name.

    Source: ``labelSetToFingerprint`` of github.com/prometheus/common/model. It takes a while: for senders that
    give none.
    """
    data = b"".join([part for name in sorted(labels, key=_as_bytes) for part in _pair(name, labels[name])])
    found = _OFFSET
    for byte in data:
        found = (found ^ byte) * _PRIME & _BITS
    return f"{found:016x}"


def fingerprint_apart(given: str, labels: Mapping[str, str]) -> str:
    """Return a name of our own for labels whose fingerprint belongs to other labels already; always the same."""
    digest = blake2b(_as_bytes(given) + _SEPARATOR, digest_size=8, person=b"apart")
    for name in sorted(labels):
        digest.update(b"".join(_pair(name, labels[name])))
    return digest.hexdigest()


def _pair(name: str, value: str) -> tuple[bytes, bytes, bytes, bytes]:
    return _as_bytes(name), _SEPARATOR, _as_bytes(value), _SEPARATOR


def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
