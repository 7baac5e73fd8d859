"""``python -m remediator.cli.reference DOCS SCHEMAS``: write the reference pages and the JSON Schemas.

Not a command of the daemon's users.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from remediator.actions import registry
from remediator.cli.schema import texts
from remediator.interfaces.packs import shipped
from remediator.interfaces.packs_page import guides_page, read_scenarios
from remediator.interfaces.reference import action_page, actions_index, rules_page
from remediator.interfaces.reference_lint import lint_page
from remediator.rehearsal.reference import tests_page

SCENARIOS = Path(__file__).parents[2] / "tests/guides"


@cache
def _guides() -> str:
    return guides_page(shipped(), read_scenarios(SCENARIOS))


def pages() -> dict[str, str]:
    """Return the text of every reference page by its path."""
    actions = [action for system in registry.systems() for _, action in sorted(registry.of_system(system).items())]
    made = {f"actions/{action.name}.md": action_page(action) for action in actions}
    return {**made, "actions/README.md": actions_index(actions), "rules.md": rules_page(), "lint.md": lint_page(),
            "testing-rules-reference.md": tests_page(), "guides.md": _guides()}  # fmt: skip


def write(folder: Path, made: Mapping[str, str]) -> list[Path]:
    """Write these texts by their names; return those that changed."""
    changed = []
    for name, text in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    docs, schemas = sys.argv[1:] if len(sys.argv) > 1 else ("docs", "config/schemas")
    for written in (*write(Path(docs), pages()), *write(Path(schemas), texts())):
        sys.stdout.write(f"{written}\n")
