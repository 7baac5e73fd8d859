"""config/schemas says what the models say; check-jsonschema takes what the loader takes, and refuses what is misspelt."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from remediator.actions import registry
from remediator.cli import application
from remediator.cli.schema import texts

ROOT = Path(__file__).parents[2]
SCHEMAS = {kind: json.loads((ROOT / f"config/schemas/{kind}.schema.json").read_text("utf-8")) for kind in ("config", "rules", "tests")}
LINE = "# yaml-language-server: $schema="


def test_the_files_are_current():
    now = {file.name: file.read_text("utf-8") for file in (ROOT / "config/schemas").iterdir()}
    assert now == texts(), "run: make docs"


def test_the_command_prints_it():
    came = CliRunner().invoke(application, ["schema", "config"])
    assert json.loads(came.stdout) == SCHEMAS["config"]
    assert CliRunner().invoke(application, ["schema", "rule"]).exit_code == 2


def test_shipped_files_validate_and_say_their_schema():
    every = [*ROOT.glob("demo/rules/*.yaml"), *ROOT.glob("rules/**/*.yaml")]
    tests = [file for file in every if file.stem.endswith("_test")]
    rules = [file for file in every if file not in tests]
    for name, files in (("rules", rules), ("tests", tests)):
        for file in files:
            first = file.read_text("utf-8").partition("\n")[0]
            assert first.startswith(LINE), file
            assert (file.parent / first.removeprefix(LINE)).resolve() == ROOT / f"config/schemas/{name}.schema.json"
    for kind, chosen in (("rules", rules), ("tests", tests), ("config", [ROOT / "config/remediator.yml"])):
        for file in chosen:
            assert problems(kind, yaml.load(file.read_text("utf-8"), Words)) == [], file


def test_check_jsonschema_takes_them():
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", ROOT / "config/schemas/rules.schema.json"]
    came = subprocess.run([*command, ROOT / "demo/rules/demo.yaml"], capture_output=True, text=True, check=False)
    assert came.returncode == 0, came.stdout


class Words(yaml.CSafeLoader):
    """Reads as check-jsonschema and the daemon do: ``on`` is a word, and so is a time."""


Words.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in known if not tag.endswith(":timestamp") and (not tag.endswith(":bool") or first in "tTfF")]
    for first, known in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def problems(kind, document):
    return [f"{error.json_path}: {error.message}" for error in jsonschema.Draft202012Validator(SCHEMAS[kind]).iter_errors(document)]


def test_the_schemas_are_schemas():
    for schema in SCHEMAS.values():
        jsonschema.Draft202012Validator.check_schema(schema)


RULES = sorted([*ROOT.glob("tests/data/lint/*.yaml"), *(p for p in ROOT.glob("demo/rules/*.yaml") if not p.stem.endswith("_test"))])


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.stem)
def test_what_loads_validates(file):
    assert problems("rules", yaml.safe_load(file.read_text())) == []


TESTS = sorted(file for file in [*ROOT.glob("demo/rules/*_test.yaml"), *ROOT.glob("tests/unit/*/*_test.yaml")])


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_tests_of_rules_validate_where_they_are_right(file):
    wrong = {"names_are_wrong_test"}
    assert (problems("tests", yaml.safe_load(file.read_text())) == []) is (file.stem not in wrong)


def one_test(**expect):
    return {"rule_files": ["a.yaml"], "tests": [{"name": "a", "alerts": [{"labels": {"alertname": "A"}}], "expect": expect}]}


@pytest.mark.parametrize(
    ("sound", "document"),
    [
        (True, one_test(nothing=True)),
        (True, one_test(runs=[{"steps": [{"http.request": {"method": "PUT"}}]}])),
        (False, one_test(runs=[{"steps": [{"http.requst": {}}]}])),
        (False, one_test(runs=[{"steps": [{"http.request": {"metod": "PUT"}}]}])),
        (False, one_test(runs=[{"verdict": "helt"}])),
        (False, {"rule_files": ["a.yaml"]}),
    ],
)
def test_tests(sound, document):
    assert (problems("tests", document) == []) is sound


def guide(**more):
    return {"guides": {"g": {"summary": "s", "target": "http/a"} | more}}


@pytest.mark.parametrize(
    ("sound", "document"),
    [
        (True, guide(diagnose=[{"http.probe": {"url": "http://a/", "status": 204}}])),
        (True, guide(diagnose=[{"http.probe": {"url": "http://a/", "timeout": "{{ params.t }}", "body_limit": "{{ params.n }}"}}])),
        (True, guide(remedies=[{"name": "r", "steps": [{"kubernetes.scale": {"kind": "{{ params.kind }}", "name": "a", "namespace": "{{ labels.namespace }}", "by": 2}}]}])),
        (True, guide(timeout=0)),
        (False, guide(timeout=5)),
        (False, guide(timeout="5 minutes")),
        (False, guide(diagnose=[{"http.probe": {"url": "http://a/", "body_limit": "much"}}])),
        (False, guide(diagnose=[{"http.probe": {"ulr": "http://a/"}}])),
        (False, guide(diagnose=[{"http.request": {"url": "http://a/"}}])),  # it changes something
        (False, guide(verify={"all": [{"kubernetes.events": {"namespace": "a"}}]})),  # it checks nothing
        (False, guide(diagnose=[{"id": "a"}])),
        (False, guide(diagnose=[{"http.probe": {"url": "http://a/"}, "prometheus.query": {"query": "up"}}])),
        (False, guide(remedys=[])),
        (False, {"rules": [{"name": "a", "match": "a=b"}]}),
        (False, {"rules": [{"name": "a", "match": "a=b", "guide": "g", "mode": "on"}]}),
    ],
)
def test_rules(sound, document):
    assert (problems("rules", document) == []) is sound


@pytest.mark.parametrize(
    ("sound", "document"),
    [
        (True, {}),
        (True, {"max_mode": "ask", "allow": {"targets": ["http/a"]}, "connections": {"kubernetes": {"default": {}}}}),
        (True, {"connections": {"prometheus": {"default": {"url": "http://127.0.0.1:9090", "scrape_interval": "30s"}}}}),
        (True, {"limits": {"per_target": None, "overall": {"max": 3, "per": "1h"}}}),
        (False, {"connections": {"prometheus": {"default": {"uri": "http://127.0.0.1:9090"}}}}),
        (False, {"connections": {"promtheus": {}}}),
        (False, {"max_mod": "ask"}),
        (False, {"drain": "soon"}),
    ],
)
def test_config(sound, document):
    assert (problems("config", document) == []) is sound


def test_every_action_has_its_parameters_described():
    for name in registry.names():
        schema = SCHEMAS["rules"]["$defs"][name]
        assert schema["description"]
        assert {field.alias or key for key, field in registry.find(name).parameters.model_fields.items()} == set(schema["properties"])
        assert all("description" in one for one in schema["properties"].values())


@pytest.mark.parametrize("kind", SCHEMAS)
def test_examples_are_sound(kind):
    for name, definition in SCHEMAS[kind]["$defs"].items():
        sound = jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMAS[kind]["$defs"]})
        for example in definition.get("examples", []):
            sound.validate(example)
