from typing import get_args

import pytest
from pydantic import BaseModel

from remediator.actions import registry

SYSTEMS = ("alertmanager", "command", "http", "prometheus")
ACTIONS = [action for system in SYSTEMS for action in registry.of_system(system).values()]


def models(annotation):
    found = [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []
    return found + [model for argument in get_args(annotation) for model in models(argument)]


def undescribed(model):
    for name, field in model.model_fields.items():
        if not (field.description or "").endswith("."):
            yield f"{model.__name__}.{name}"
        for inner in models(field.annotation):
            yield from undescribed(inner)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_parameters_and_outputs(action):
    assert list(undescribed(action.parameters)) == []
    assert list(undescribed(action.outputs)) == []
    assert action.summary.endswith(".")
    assert action.parameters.__doc__
    assert action.parameters.model_json_schema()
    assert action.outputs.model_json_schema()


@pytest.mark.parametrize("system", SYSTEMS)
def test_connections(system):
    model = registry.connection_model(system)
    assert list(undescribed(model)) == []
    assert model.model_config["frozen"]
    assert model.model_config["extra"] == "forbid"
    assert model.model_json_schema()


EXAMPLES = {
    "http.probe": {"url": "http://h/x", "status": [204, "3xx"], "json": {"path": "$.a", "equals": 1}, "timeout": "1s"},
    "http.query": {"connection": "c", "query": "q", "values": {"a": 1, "b": "x", "c": True}, "select": {"d": {"path": "$.d", "above": 1}}, "json": {"path": "$.a"}},
    "http.request": {"url": "http://h/x", "json": {"a": 1}, "headers": {"X-A": "b"}, "expect": 201},
    "prometheus.query": {"query": "up", "below": 1, "settle": "5m"},
    "alertmanager.alerts": {"labels": {"alertname": "A"}, "is": "firing"},
    "alertmanager.expire": {"labels": {"alertname": "A"}},
    "alertmanager.groups": {"by": ["alertname", "team"], "recent": "30m", "top": 3},
    "alertmanager.silence": {"labels": {"alertname": "A"}, "duration": "1h", "ends_at": "2030-01-31T12:00:00Z", "mark": "m"},
    "prometheus.range": {"query": "up", "over": "6h", "samples": 10},
    "prometheus.rules": {"rule": "A.*"},
    "prometheus.targets": {"job": "j", "instance": "i.*"},
    "command.run": {"command": "it", "arguments": ["a"], "expect_exit": [0, 3]},
    "command.check": {"command": "it"},
}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_an_intent_survives_the_journal(action):
    parameters = action.parameters.model_validate(EXAMPLES[action.name])
    for by_alias in (True, False):
        text = parameters.model_dump_json(by_alias=by_alias)
        assert action.parameters.model_validate_json(text) == parameters
        assert action.parameters.model_validate(parameters.model_dump(mode="json", by_alias=by_alias)) == parameters
