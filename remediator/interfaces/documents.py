"""YAML that people write: read, checked against a model, and every problem shown where it stands.

This is the door. Behind it: ``yaml_reading`` reads, ``places`` remembers, ``faults`` explains what a
model refuses.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from remediator.errors import ConfigurationError
from remediator.interfaces.faults import problems_of
from remediator.interfaces.places import Document, Path, Place, problem_at
from remediator.interfaces.yaml_reading import read_document

__all__ = ["Document", "Path", "Place", "problem_at", "read_document", "validate"]

M = TypeVar("M", bound=BaseModel)


def validate(document: Document, model: type[M], path: Path = ()) -> M:
    """Return the model of what stands at ``path``.

    Raises ConfigurationError with a problem for everything that the model refuses. A validator of
    the model raises ValueError; when the error (or its cause) has an ``offset``, the caret stands
    that many characters into the text, and its ``hint`` is shown.
    """
    data: Any = document.data
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            raise ConfigurationError((problem_at(document, path, f'"{part}" is missing', on_key=True),)) from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = problems_of(error, document, model, data, path)
    # Not "from": pydantic's text shows every value, secret ones too.
    raise ConfigurationError(problems)
