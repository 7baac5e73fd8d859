"""The reference pages and the reference configuration are made from these words."""

from typing import get_args

import pytest
from pydantic import BaseModel

from remediator.actions import registry
from remediator.core.guide import RuleFileText
from remediator.rehearsal.documents import TestFileText
from remediator.settings import Settings

ACTIONS = [registry.find(name) for name in registry.names()]
DOCUMENTS = {
    "rule files": RuleFileText,
    "settings": Settings,
    "tests of rules": TestFileText,
    **{f"connections.{s}": model for s in registry.systems() if (model := registry.connection_model(s))},
    **{f"{action.name} parameters": action.parameters for action in ACTIONS},
    **{f"{action.name} outputs": action.outputs for action in ACTIONS},
}


def models_in(annotation):
    """Return the models that an annotation names, however deep."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in models_in(argument)]


def undescribed(model, seen=()):
    """Yield the fields of a model, and of the models in it, that no sentence describes."""
    for name, field in model.model_fields.items():
        if not (field.description or "").endswith("."):
            yield f"{model.__name__}.{name}"
        for inner in models_in(field.annotation):
            if inner not in (*seen, model):
                yield from undescribed(inner, (*seen, model))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_in_a_sentence(name):
    assert list(undescribed(DOCUMENTS[name])) == []


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_so_is_the_action_itself(action):
    assert action.summary.endswith(".")
    assert action.parameters.__doc__
    assert action.outputs.__doc__


def test_a_field_without_words_is_found():
    class Inner(BaseModel):
        silent: int

    class Outer(BaseModel):
        inner: dict[str, list[Inner] | None]

    assert list(undescribed(Outer)) == ["Outer.inner", "Inner.silent"]
