import subprocess
import sys

import pytest

from remediator.actions import registry
from remediator.core.action import Intent

EXAMPLES = {
    "redis.big_keys": {"pattern": "ab*", "within": "1s"},
    "redis.check": {"hit_rate_above": 0.7, "over": "30s", "accepts_writes": True},
    "redis.config_set": {"parameter": "maxmemory", "value": "1gb"},
    "redis.delete_keys": {"keys": ["a", "é:*"]},
    "redis.evict_big_keys": {"pattern": "ab*", "keys": ["ab1"], "within": "250ms"},
    "redis.flush": {},
    "redis.info": {},
    "redis.keys": {"separator": "/", "depth": 2},
    "redis.latency": {"pings": 1},
    "redis.ping": {"latency_below": "5ms"},
    "redis.slowlog": {"max": 3},
    "network.dns": {"names": ["a", "b.example."], "servers": ["10.0.0.1", "[::1]:53"], "latency_below": "1s", "expect": ["10.0.0.0/8"]},
    "network.http": {"url": "https://h/x", "status": [200, 204], "total_below": "1s"},
    "network.tcp": {"host": "h", "port": 80, "latency_below": "1s"},
    "network.tls": {"connection": "shop", "min_days_left": 14},
}
ACTIONS = [action for system in ("redis", "network") for action in registry.of_system(system).values()]


def test_every_action_with_a_parameter_that_must_be_given_has_an_example():
    needy = {a.name for a in ACTIONS if any(field.is_required() for field in a.parameters.model_fields.values())}
    assert needy <= set(EXAMPLES), "add an example of its parameters above"
    assert set(EXAMPLES) <= {action.name for action in ACTIONS}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_an_intent_survives_the_journal(action):
    parameters = action.parameters.model_validate(EXAMPLES.get(action.name, {}))
    for by_alias in (True, False):
        assert action.parameters.model_validate_json(parameters.model_dump_json(by_alias=by_alias)) == parameters
        assert action.parameters.model_validate(parameters.model_dump(mode="json", by_alias=by_alias)) == parameters


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_what_changes_names_its_target_and_can_be_shown_beforehand(action):
    parameters = action.parameters.model_validate(EXAMPLES.get(action.name, {}))
    if not action.changes:
        assert action.targets(parameters) == ()
        return
    assert action.targets(parameters) == ("redis/default",)
    assert action.backend(parameters) == "redis/default"
    assert action.preview
    assert action.happened
    assert action.permissions(parameters)
    assert Intent(parameters, {})


def test_naming_them_imports_no_client_library():
    script = (
        "import sys; from remediator.actions import registry; registry.find('redis.ping'); registry.find('network.tls');"
        "print(sorted({'redis', 'cryptography'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"
