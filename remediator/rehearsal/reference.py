"""The reference page of test files, made from the models."""

from __future__ import annotations

from pydantic import BaseModel

from remediator.interfaces.reference import MADE, model_table
from remediator.rehearsal.documents import (
    AlertText,
    AnswerText,
    SettingsText,
    TestFileText,
    TestText,
)
from remediator.rehearsal.expectations import ChangeText, ExpectText, HoldText, RunText
from remediator.rehearsal.timeline import ApprovalText, EditText, PauseText, ReloadText, UndoText


def tests_page() -> str:
    """Return the reference of ``*_test.yaml``."""
    parts: list[tuple[str, str, type[BaseModel]]] = [
        ("A file", "At the top.", TestFileText),
        ("A test", "Under `tests`, a list.", TestText),
        ("An alert", "Under a test's `alerts`, a list.", AlertText),
        ("An answer", "Under `answers`, by step or action: one, or a list.", AnswerText),
        ("An approval", "Under a test's `approvals`, a list.", ApprovalText),
        ("A pause", "Under a test's `pauses`, a list.", PauseText),
        ("An undo", "Under a test's `undos`, a list.", UndoText),
        ("A reload", "Under a test's `reloads`, a list.", ReloadText),
        ("An edit", "Under a reload's `edit`, by the rule's name.", EditText),
        ("expect", "Of a test.", ExpectText),
        ("A run", "Under `expect`, `runs`, a list. What is not mentioned is not looked at.", RunText),
        ("A change", "Beside these keys, exactly one that names the action and holds its arguments.", ChangeText),
        ("A hold", "Under a run's `holds`, a list.", HoldText),
        ("settings", "Of a file or a test.", SettingsText),
    ]
    titles = {model: title for title, _, model in parts}
    body = "".join(f"\n## {title}\n\n{text}\n\n{model_table(model, titles)}" for title, text, model in parts)
    intro = (
        "Every key of `*_test.yaml`; [testing rules](testing-rules.md) tells how they are used. Times are durations\n"
        "from the beginning of the test (`90s`, `1h30m`).\n"
    )
    return f"{MADE}# Reference: tests of rules\n\n{intro}{body}"
