"""Every example in README, CHANGELOG and docs/ is what it says it is; every link leads somewhere.

A block of YAML is known by its keys. An HTML comment before it says what it is where they don't:
``<!-- example: … -->`` and ``<!-- with the worked actions -->`` are for tests of their own.
"""

import re
from pathlib import Path

import pytest
import yaml

from remediator.core.alert import Alert
from remediator.interfaces.configuration import read_settings, read_web_file
from remediator.interfaces.rule_files import load_rules

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "benchmarks/README.md", *ROOT.glob("docs/**/*.md")])
BLOCK = re.compile(r"(?:<!-- ([^\n]*) -->\n)?^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
ELSEWHERE = ("example:", "with the worked actions")


def kind_of(said, text):
    """Return what a block is: rules, settings, web, alertmanager, elsewhere; or nothing that is known."""
    if said.startswith(ELSEWHERE):
        return "elsewhere"
    keys = set(yaml.safe_load(text))
    if keys <= {"pack", "include", "defaults", "rules", "guides"}:
        return "rules"
    if keys & {"route", "receivers"}:
        return "alertmanager"
    if keys <= {"basic_auth_users", "tls_server_config"}:
        return "web"
    return "settings" if keys & {"max_mode", "connections", "allow", "store", "web"} else "unknown"


def blocks():
    for page in PAGES:
        for number, (said, text) in enumerate(BLOCK.findall(page.read_text("utf-8")), 1):
            yield pytest.param(kind_of(said, text), text, id=f"{page.relative_to(ROOT)}:{number}")


BLOCKS = list(blocks())


def written(tmp_path, text):
    file = tmp_path / "example.yaml"
    file.write_text(text)
    # A file whose first line says its name may be included by another example.
    for _, other in BLOCK.findall((ROOT / "docs/rules.md").read_text("utf-8")):
        if named := re.match(r"# (packs/\S+\.yaml)\n", other):
            (tmp_path / "packs").mkdir(exist_ok=True)
            (tmp_path / named[1]).write_text(other)
    return file


@pytest.mark.parametrize(("kind", "text"), BLOCKS)
def test_it_loads(kind, text, tmp_path):
    match kind:
        case "rules":
            loaded = load_rules(["example.yaml"], written(tmp_path, text).parent)
            assert loaded.warnings == ()
        case "settings":
            read_settings(written(tmp_path, text))
        case "web":
            read_web_file(written(tmp_path, text))
        case "alertmanager":
            check_alertmanager(yaml.safe_load(text))
        case "elsewhere":
            assert text
        case _:
            raise AssertionError("a block of YAML that no test knows: say in a comment before it what it is")


def check_alertmanager(document):
    """It hands everything to remediator, and people are still paged."""
    webhooks = [webhook for receiver in document["receivers"] for webhook in receiver.get("webhook_configs", ())]
    assert webhooks
    for webhook in webhooks:
        assert webhook["url"].endswith("/api/v1/alertmanager")
        assert webhook["send_resolved"] is True
        assert webhook["max_alerts"] == 0
    for route in document.get("route", {}).get("routes", ()):
        assert route["receiver"] != "remediator" or route["continue"] is True


def test_the_main_kinds_are_there():
    kinds = [block.values[0] for block in BLOCKS]
    assert kinds.count("rules") >= 3
    assert kinds.count("settings") >= 4
    assert "alertmanager" in kinds


def test_the_readmes_rule_matches_what_it_says(tmp_path):
    text = next(block.values[1] for block in BLOCKS if block.id == "README.md:1")
    table = load_rules(["example.yaml"], written(tmp_path, text).parent).table
    labels = {"alertname": "HighLatency", "severity": "critical", "namespace": "shop", "deployment": "web"}
    assert [rule.name for rule in table.matching(Alert("f", True, labels, {}, 0, None).labels)] == ["gateway-latency"]


def links():
    for page in PAGES:
        text = CODE.sub("", page.read_text("utf-8"))
        for target in LINK.findall(text):
            if not target.startswith(("http://", "https://")):
                yield pytest.param(page, target, id=f"{page.relative_to(ROOT)}→{target}")


def anchor(heading):
    """Return what a heading is called in links, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")


@pytest.mark.parametrize(("page", "target"), list(links()))
def test_a_link_leads_somewhere(page, target):
    path, _, part = target.partition("#")
    there = (page.parent / path).resolve() if path else page
    assert there.exists()
    if part:
        assert part in {anchor(heading) for heading in HEADING.findall(there.read_text("utf-8"))}


def test_every_page_can_be_reached_from_the_index():
    reached, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        targets = [target.partition("#")[0] for target in LINK.findall(page.read_text("utf-8"))]
        ahead += [(page.parent / target).resolve() for target in targets]
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} <= reached
