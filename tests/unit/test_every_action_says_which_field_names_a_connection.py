import inspect

import pytest

from remediator.actions import registry
from remediator.core.action import NamesConnection


def marked(action):
    fields = action.parameters.model_fields.items()
    return {name for name, info in fields if any(isinstance(mark, NamesConnection) for mark in info.metadata)}


@pytest.mark.parametrize("name", registry.names())
def test_it_does(name):
    action = registry.find(name)
    described = {
        field for field, info in action.parameters.model_fields.items()
        if (info.description or "").startswith(f"Name of an entry under connections.{action.system}")
    }  # fmt: skip
    assert marked(action) == described
    if registry.connection_model(action.system) is not None:
        assert described, inspect.getfile(action.perform)
