"""Every alert that a shipped rule answers stands in its pack's sample alerting rules, with the labels that its matchers need."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from fakes.prometheus_servers import _need

from remediator.core.matchers import MatchOp, parse_matchers

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "config/prometheus"
PACKS = sorted(path.stem for path in (ROOT / "rules").glob("*.yaml") if not path.stem.endswith("_test"))
BY_HAND = re.compile(r"^\s*#\s+amtool alert add (.*)$", re.MULTILINE)


@pytest.fixture(scope="module", params=PACKS)
def pack(request):
    """A pack: its name, and its rules."""
    document = yaml.load((ROOT / f"rules/{request.param}.yaml").read_text(), yaml.CSafeLoader)
    return request.param, [(rule["name"], matchers(rule["match"])) for rule in document["rules"]]


def matchers(match):
    return parse_matchers(match if isinstance(match, str) else ", ".join(match)).matchers


def raised(name):
    """Return (name, labels that it has always, what else it says) of each sample; people send labels only."""
    text = (SAMPLES / f"{name}-alerts.yaml").read_text()
    rules = [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
    sent = [shlex.split(line) for line in BY_HAND.findall(text)]
    return [(rule["alert"], rule.get("labels", {}), rule["expr"] + str(rule["annotations"])) for rule in rules] + [
        (name, dict(word.split("=", 1) for word in words if not word.startswith("-")), "") for name, *words in sent
    ]


def fits(matcher, labels, said):
    """Whether a matcher takes these labels; of one that only the expression can bring, whether the sample speaks of it."""
    if matcher.name in labels:
        return matcher.matches(labels)
    return matcher.matches({}) or bool(re.search(rf"\b{re.escape(matcher.name)}\b", said))


def test_prometheus_finds_nothing_wrong():
    _need("promtool")
    files = sorted(path.name for path in SAMPLES.glob("*-alerts.yaml"))
    assert {f"{pack}-alerts.yaml" for pack in PACKS} <= set(files)
    done = subprocess.run(["promtool", "check", "rules", "--lint=all", "--lint-fatal", *files], cwd=SAMPLES, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") == len(files)


def test_what_a_rule_answers_is_raised(pack):
    name, rules = pack
    samples = raised(name)
    wrong = []
    for rule, those in rules:
        named = [matcher for matcher in those if matcher.name == "alertname"]
        rest = [matcher for matcher in those if matcher not in named]
        for wanted in [name for matcher in named for name in (matcher.value.split("|") if matcher.op is MatchOp.REGEX else [matcher.value])]:
            found = [(labels, said) for alert, labels, said in samples if alert == wanted]
            if not any(all(fits(matcher, *sample) for matcher in rest) for sample in found):
                wrong.append(f"{rule}: {'no label of ' + wanted + ' fits' if found else wanted + ' is not raised'}")
    assert wrong == []


def test_what_is_raised_is_known(pack):
    text = (ROOT / f"rules/{pack[0]}.yaml").read_text()
    for alert, labels, _ in raised(pack[0]):
        assert re.search(rf"\b{alert}\b", text), alert
        assert labels["platform"], alert


def test_who_is_called_learns_what_it_is(pack):
    for group in yaml.safe_load((SAMPLES / f"{pack[0]}-alerts.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            assert {"summary", "runbook_url"} <= set(rule["annotations"]), rule["alert"]
