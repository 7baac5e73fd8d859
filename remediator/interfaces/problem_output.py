"""Problems as text for people, as JSON for programs, as annotations for GitHub Actions."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from remediator.core.problems import Problem
from remediator.core.unprintable import in_json, one_line

STYLES = ("text", "json", "github")


def show(problems: Iterable[Problem], style: str, root: Path) -> str:
    """Return the problems in one of the styles; files of problems are relative to ``root``."""
    if style == "json":
        return in_json(json.dumps([_document(problem) for problem in problems], indent=2, ensure_ascii=False))
    lines = (_annotation(problem, root) if style == "github" else str(problem) for problem in problems)
    return "\n".join(lines)


def _document(problem: Problem) -> dict[str, object]:
    return {
        "file": problem.file, "line": problem.line, "column": problem.column, "severity": problem.severity,
        "name": problem.name, "message": problem.message, "hint": problem.hint, "source": problem.source,
    }  # fmt: skip


def _annotation(problem: Problem, root: Path) -> str:
    """Return a workflow command (GitHub's documentation, "Setting an error message"); it wants paths from here."""
    kind = "error" if problem.severity == "error" else "warning"
    file = os.path.relpath(root / problem.file) if problem.file else ""
    fields = {
        "file": file, "line": problem.line or "", "col": problem.column or "", "title": problem.name or "remediator",
    }  # fmt: skip
    given = ",".join(f"{name}={_property(one_line(str(value)))}" for name, value in fields.items() if value)
    text = "\n".join(one_line(said) for said in (problem.message, problem.hint) if said)
    return f"::{kind} {given}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
