"""Makes webhook bodies that are nearly right: real ones, changed in their structure and in their bytes.

Everything follows from the seed. Texts that JSON's own writer would not write (deep nesting, doubled
keys, numbers out of any range, lone surrogates) are put in by way of markers.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SEEDS = Path(__file__).parents[1] / "data" / "fuzz_seeds"

#: JSON texts that stand in the place of a value.
RAW = (
    "1e999", "-1e999", "9" * 4500, "0." + "1" * 1000, "NaN", "Infinity", "-0", "00", "1.", "+1", "0x10", "nul", "'x'",
    "[" * 300, "[" * 500 + "]" * 500, '{"a":' * 500 + "1" + "}" * 500,
    "[" * 100 + "]" * 100, '{"a":1,"a":2,"a":null}', '{"":""}', "[]", "{}", "[[]]", "null", "true", "/**/1", "",
    '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"\\q"', '"\\u12"', '"\t"', '"unended', '"\\ud83d\\ude00"',
    "18446744073709551616", "-9223372036854775809", "4294967296", "1e400", "1E-400", "0.1e1", '"1e3"',
)  # fmt: skip
HEAVY_RAW = ("[" * 200_000, '{"a":' * 100_000, "9" * 100_000, '"' + "\\u00e9" * 50_000 + '"')
#: Texts that a label, an annotation or a name may hold.
TEXTS = (
    "", " ", "a", "0", "-", "--help", ".", "..", "../../etc/passwd", "a/b", "a//b", "/", "\\", "\x00", "a\x00b", "\n", "\r\nX: y",
    "\x1b[31m", "\x7f", "\u2028", "\u202e", "\ufeff", "\ufffe", "\ufffd", "é", "é", "😀", "ß" * 300, '"', "'", '"} or vector(1) #', "{{ 7 * 7 }}", "{{", "}}", "{% for x in y %}", "{{ labels.__class__ }}",
    "$(reboot)", "`id`", "; rm -rf /", "%2e%2e%2f", "%00", "%s%n", "http://127.0.0.1:1/", "javascript:1", "NaN", "inf", "1e9999",
    "<script>", "<!channel>", "<@U1>", "*bold*", "`", "|", "true", "null", "None", "__proto__", "alertname", "kubernetes/default",
    "xoxb-1234567890-abcdefghij", "password=hunter2", "2026-01-01T00:00:00Z", "9" * 400,
)  # fmt: skip
HEAVY_TEXTS = ("x" * 16_384, "x" * 16_385, "😀" * 20_000, "\x00" * 5000)
RARE = 0.02  #: share of what is heavy
TIMES = (
    "", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000001Z", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59.999999999Z",
    "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "0002-01-01T00:00:00+14:00", "10000-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z",
    "2026-01-01 00:00:00Z", "2026-01-01T00:00:00", "2026-W01-1T00:00:00Z", "20260101T000000Z", "2026-01-01T00:00:00+99:99",
    "2026-01-01T00:00:00.123456789123Z", "2026-01-01T00:00:00z", "1795318559", "1e9", "now", "٢٠٢٦-01-01T00:00:00Z",
    "2026-01-01T00:00:00+00:00:00.000001", "1969-12-31T23:59:59.999999Z", "2262-04-11T23:47:16.854775807Z",
)  # fmt: skip
KEYS = ("alerts", "labels", "annotations", "status", "startsAt", "endsAt", "fingerprint", "generatorURL", "truncatedAlerts")


class Bodies:
    """An endless series of bodies. ``most`` bounds what the sizes multiply to, in bytes."""

    def __init__(self, seed: int, most: int = 1 << 20) -> None:
        self._chance = random.Random(seed)
        self._most = most
        self._whole = [path.read_bytes() for path in sorted(SEEDS.glob("*.json"))]
        self._small = [body for body in self._whole if len(body) < 4000]
        self._edits: tuple[Callable[[Any], None], ...] = (
            self._text, self._text, self._text, self._value, self._time, self._drop, self._rename, self._double,
            self._time, self._drop, self._many_labels, self._many_alerts, self._identity, self._identity, self._raw, self._truncated,
        )  # fmt: skip
        self._raws: list[str] = []

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield self.one()

    def one(self) -> bytes:
        """Return the next body."""
        chance = self._chance.random()
        source = self._chance.choice(self._whole if self._chance.random() < RARE / 2 else self._small)
        if chance < 0.78:
            body = self._restructured(source)
            return self._bytewise(body) if chance < 0.15 else body
        if chance < 0.98:
            return self._bytewise(source)
        return self._alien()

    # -- by structure

    def _restructured(self, source: bytes) -> bytes:
        tree = json.loads(source)
        self._raws = []
        for _ in range(self._chance.choice((1, 1, 1, 2, 2, 3, 5))):
            self._chance.choice(self._edits)(tree)
        readable = self._chance.random() < 0.5
        text = json.dumps(tree, ensure_ascii=readable, separators=(",", ":") if readable else None)
        for position, raw in enumerate(self._raws):
            text = text.replace(f'"\\u0001{position}"', raw)
        return text.encode("utf-8", "surrogatepass")[: self._most]

    def _spot(self, tree: Any) -> tuple[Any, Any]:
        """Return a container and a key of it, at any depth."""
        where: list[tuple[Any, Any]] = []
        todo = [tree]
        while todo and len(where) < 200:
            node = todo.pop()
            pairs = node.items() if isinstance(node, dict) else enumerate(node)
            for key, value in pairs:
                where.append((node, key))
                if isinstance(value, (dict, list)):
                    todo.append(value)
        return self._chance.choice(where) if where else (tree, None)

    def _put(self, tree: Any, value: Any) -> None:
        node, key = self._spot(tree)
        if key is not None:
            node[key] = value

    def _alerts(self, tree: Any) -> list[dict[str, Any]]:
        found = tree.get("alerts") if isinstance(tree, dict) else None
        return [a for a in found if isinstance(a, dict)] if isinstance(found, list) else []

    def _any_text(self) -> str:
        text = self._chance.choice(TEXTS if self._chance.random() > RARE else HEAVY_TEXTS)
        return text + self._chance.choice(TEXTS) if self._chance.random() < 0.1 else text

    def _text(self, tree: Any) -> None:
        """Give a label or an annotation a text of the kind that breaks things, and the alert a new identity."""
        for found in self._alerts(tree)[:3]:
            place = found.get(self._chance.choice(("labels", "labels", "annotations")))
            if isinstance(place, dict):
                key = self._chance.choice((*place, self._any_text(), "instance")) if place else "instance"
                place[key] = self._any_text()
            found["fingerprint"] = f"{self._chance.getrandbits(64):016x}"

    def _value(self, tree: Any) -> None:
        values: tuple[Any, ...] = (None, True, 0, -1, 1.5, 2**70, "", "x", [], {}, [1], {"a": "b"}, [None], "firing", "resolved", "\ud800", "\udc00a")
        self._put(tree, self._chance.choice(values))

    def _time(self, tree: Any) -> None:
        for found in self._alerts(tree)[:2]:
            found[self._chance.choice(("startsAt", "endsAt"))] = self._chance.choice(TIMES)

    def _drop(self, tree: Any) -> None:
        node, key = self._spot(tree)
        if key is not None:
            del node[key]

    def _rename(self, tree: Any) -> None:
        node, key = self._spot(tree)
        if isinstance(node, dict) and key is not None:
            node[self._chance.choice((*KEYS, self._any_text()))] = node.pop(key)

    def _raw(self, tree: Any) -> None:
        self._raws.append(self._chance.choice(RAW if self._chance.random() > RARE else HEAVY_RAW))
        self._put(tree, f"\x01{len(self._raws) - 1}")

    def _double(self, tree: Any) -> None:
        """Say a key twice."""
        node, key = self._spot(tree)
        if isinstance(node, dict) and isinstance(key, str):
            first = json.dumps(self._chance.choice((None, 1, "x", [], {})))
            self._raws.append(f"{first},{json.dumps(key)}:{json.dumps(node[key])}")
            node[key] = f"\x01{len(self._raws) - 1}"

    def _many_labels(self, tree: Any) -> None:
        count = self._chance.choice((5, 5, 20, 127, 128, 129, 129) if self._chance.random() > RARE else (1000, 5000))
        for found in self._alerts(tree)[:1]:
            found[self._chance.choice(("labels", "annotations"))] = {f"l{n}": self._any_text()[:200] for n in range(count)}

    def _many_alerts(self, tree: Any) -> None:
        alerts = self._alerts(tree)
        if alerts:
            alerts = [dict(a, fingerprint=f"{self._chance.getrandbits(64):x}") for a in alerts[:2]]
            tree["alerts"] = alerts * self._chance.choice((1, 2, 3, 5) if self._chance.random() > RARE else (35, 65, 130))

    def _identity(self, tree: Any) -> None:
        for found in self._alerts(tree):
            found["fingerprint"] = self._chance.choice(("", "0", "x" * 128, "x" * 129, f"{self._chance.getrandbits(64):x}", "\n"))
            found["status"] = self._chance.choice(("firing", "firing", "resolved", "FIRING", "suppressed"))

    def _truncated(self, tree: Any) -> None:
        if isinstance(tree, dict):
            tree["truncatedAlerts"] = self._chance.choice((1, -1, 2**40, 2**40 + 1, 2**64, 1.0, 1.5, "3", "x", True))

    # -- by bytes

    def _bytewise(self, source: bytes) -> bytes:
        body = bytearray(source)
        for _ in range(self._chance.choice((1, 1, 2, 4, 16))):
            at = self._chance.randrange(len(body) + 1)
            match self._chance.randrange(7):
                case 0:
                    del body[at:]
                case 1:
                    del body[at : at + self._chance.choice((1, 2, 10, 100))]
                case 2:
                    body[at:at] = self._chance.randbytes(self._chance.choice((1, 1, 3, 30)))
                case 3:
                    body[at:at] = body[at : at + self._chance.choice((1, 10, 1000))]
                case 4:
                    body[at : at + 1] = bytes([self._chance.choice(b'{}[]",:\\0-e\x00\xff\xc3\xed\xa0\x80\n')])
                case 5:
                    other = self._chance.choice(self._small)
                    body[at:] = other[self._chance.randrange(len(other)) :]
                case _:
                    body[at : at + 1] = bytes([self._chance.randrange(256)])
        return bytes(body)

    def _alien(self) -> bytes:
        """Return what was never a notification."""
        kind = self._chance.randrange(6)
        if kind == 0:
            return self._chance.randbytes(self._chance.choice((0, 1, 10, 1000, 10_000)))
        if kind == 1:
            return self._chance.choice(RAW).encode()
        if kind == 2:
            return b"\xef\xbb\xbf" + self._chance.choice(self._small)
        if kind == 3:
            return self._chance.choice(self._small).decode().encode(self._chance.choice(("utf-16", "utf-32", "utf-7")))
        if kind == 4:
            return b'{"alerts":[' + b",".join([b'{"status":"firing","labels":{}}'] * self._chance.choice((1, 50, 200))) + b"]}"
        return b" " * self._chance.choice((1, 100, 10_000)) + self._chance.choice(self._small)


def huge(limit: int) -> tuple[bytes, ...]:
    """Return bodies as large as a receiver with this limit takes, each costly in its own way."""
    alert = b'{"status":"firing","fingerprint":"%d","labels":{"alertname":"Huge","n":"%d"},"annotations":{"a":"b"}}'
    few = [alert % (n, n) for n in range(50_001)]
    labels = b",".join(b'"l%d":"v"' % n for n in range(limit // 16))
    text = b"x" * (limit - 200)
    return (
        b'{"alerts":[' + b",".join(few[:50_000]) + b"]}",
        b'{"alerts":[' + b",".join(few) + b"]}",
        b'{"alerts":[{"status":"firing","labels":{' + labels + b"}}]}",
        b'{"alerts":[{"status":"firing","labels":{"alertname":"' + text + b'"}}]}',
        b'{"alerts":[{"status":"firing","labels":{"alertname":"Huge"},"annotations":{"a":"' + text + b'"}}]}',
        b'{"alerts":[' + b"{}," * ((limit - 100) // 3) + b"{}]}",
        b'{"alerts":[],"more":' + b"[" * (limit // 2),
        b'{"alerts":[],"more":[' + b"0," * (limit // 2 - 100) + b"0]}",
        b"[" * limit,
        b"x" * (limit + 1),
    )
