import subprocess
import sys

import pytest

from remediator.actions import registry

EXAMPLES = {
    "docker.logs": {"container": "shop", "grep": {"errors": "error"}, "since": "1h"},
    "docker.restart": {"container": "shop", "stop_within": "5s"},
    "docker.state": {"container": "shop", "is": "healthy", "running_for": "1m"},
    "host.check": {"disk_below": 0.8, "mounts": ["/"], "over": "250ms"},
    "host.cpu": {"over": "2s"},
    "host.disk": {},
    "host.memory": {},
    "host.oom": {"since": "1h"},
    "host.processes": {"by": "cpu", "top": 3},
    "host.sockets": {"port": 8080, "udp": True},
    "systemd.environment": {"unit": "shop.service", "expected": ["A", "b_1"]},
    "systemd.journal": {"unit": "shop@1.service", "since": "1h30m", "grep": {"oom": "(?i)out of memory"}},
    "systemd.restart": {"unit": "shop.service", "wait": "1m"},
    "systemd.set_environment": {"unit": "shop.service", "set": {"A": 5, "B": "x"}, "from_files": ["C"]},
    "systemd.status": {"unit": "shop.timer", "active_for": "10m"},
}
ACTIONS = [action for system in ("docker", "host", "systemd") for action in registry.of_system(system).values()]


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


@pytest.mark.parametrize("action", [each for each in ACTIONS if each.changes], ids=lambda action: action.name)
def test_what_changes_can_be_shown_beforehand_and_told_afterwards(action):
    parameters = action.parameters.model_validate(EXAMPLES.get(action.name, {}))
    assert action.targets(parameters)
    assert action.idempotent(parameters) == (action.name == "systemd.set_environment")
    assert action.resolve
    assert action.preview
    assert action.happened
    assert action.permissions(parameters)


def test_naming_them_imports_no_client_library():
    script = (
        "import sys; from remediator.actions import registry; [registry.find(n) for n in ('docker.state', 'host.cpu', 'systemd.status')];"
        "print(sorted({'aiodocker', 'asyncssh', 'dbus_fast'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"
