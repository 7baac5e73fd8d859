"""Rule files that are nearly right: sound ones, changed a little, at random but repeatably."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SEEDS = [path.read_text() for path in sorted([*ROOT.glob("demo/rules/*.yaml"), *ROOT.glob("tests/data/lint/*.yaml")])]
WORDS = [
    "{{ labels.x }}", "{{", "}}", "{% if %}", "{{ params.a.b }}", "steps.a.ok", "&a", "*a", "<<: *a", "!!python/object:os.system", "null", "~",
    "[]", "{}", "- ", ": ", "# remediator disable shadowed-rule: why", "# remediator disable-file x", '"', "'", "|\n", ">\n", "\t", "0", "-1",
    "1e999", "5m", "auto", "true", "\u2028", "\ud7ff", "é", "=~", '"(((a{9}){9}){9}"', "(a|b)*", "[[:alpha:]]", "x{1000}", "\\Q", "include: [a.yaml]",
    "include: [../../../../etc/passwd]", "pack: web", "defaults: {with: {a: b}}", "http.probe", "kubernetes.scale", "continue: true",
]  # fmt: skip

#: What may stand in place of another and leave the file sound.
SWAPS = [
    (" = ", " =~ "), (" = ", " != "), ("=~", "!~"), ('"Slow"', '"S(low|lower)?"'), ("warning|critical", ".*"), ("web.*", "(?i)w[eé]b{1,3}"),
    ("mode: auto", "mode: ask"), ("alertname", "severity"), ("guide: look", "guide: look\n    continue: true"), ("http/shop", "http/{{ labels.x }}"),
    ("# ", "# remediator disable shadowed-rule: "), ("15m", "0"), ("/health", "/health?x={{ labels.y }}"), ("runbook_url", "# runbook_url"),
]  # fmt: skip


def rule_texts(count: int, seed: int) -> Iterator[str]:
    """Yield so many texts; the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        text = chance.choice(SEEDS)
        for _ in range(chance.choice([1, 1, 1, 2, 3, 6])):
            text = _changed(text, chance)
        yield text[:20_000]


def _changed(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True) or [""]
    at = chance.randrange(len(lines))
    line = lines[at]
    where = chance.randrange(len(line) + 1)
    match chance.randrange(14):
        case 0:
            lines.pop(at)
        case 1:
            lines.insert(at, chance.choice(lines))
        case 2:
            lines[at] = " " * chance.randrange(9) + line.lstrip()
        case 3:
            lines[at] = line[:where] + chance.choice(WORDS) + line[where:]
        case 4:
            lines[at] = line.partition(":")[0] + ": " + chance.choice(WORDS) + "\n"
        case 5:
            lines[at] = line[:where] + chr(chance.choice([0, 9, 10, 34, 35, 39, 58, 91, 123, 0x85, 0x2028, 0xFEFF, 0x1F600])) + line[where:]
        case 6:
            lines[at] = line[:where] + line[where + 1 :]
        case 7:
            other = chance.choice(SEEDS).splitlines(keepends=True)
            begin = chance.randrange(len(other))
            lines[at:at] = other[begin : begin + chance.randrange(1, 12)]
        case 8:
            lines[at] = line[:where] + line[where:] * chance.randrange(2, 30)
        case _:
            return text.replace(*chance.choice(SWAPS))
    return "".join(lines)
