"""Questions that a service is asked by POST, and that the site declares to be reads.

A rule names one and gives values for its variables; path and document stand in the daemon's configuration. So no rule
can make a change look like a read.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from remediator.actions.answers.reading import Regex
from remediator.core.durations import Duration

_DOCUMENT = 65_536  #: bytes
#: What hides words: comments, block strings, strings (GraphQL, October 2021, section 2).
_HIDING = re.compile(r'#[^\n\r]*|"""(?:\\"""|(?s:.))*?(?:"""|\Z)|"(?:\\.|[^"\\\n])*"?')
_WORDS = re.compile(r"[{}]|[A-Za-z_][A-Za-z0-9_]*")
_CHANGING = {"mutation", "subscription"}


def _is_path(path: str) -> str:
    if not path.startswith("/") or "#" in path or not path.isprintable() or ".." in path:
        raise ValueError('a path begins with "/"; it has no "#" and no ".."')
    return path


def _only_reads(document: str) -> str:
    """Refuse a GraphQL document with another operation than queries."""
    depth, found = 0, False
    for word in _WORDS.findall(_HIDING.sub(" ", document)):
        if word in {"{", "}"}:
            depth += 1 if word == "{" else -1
            found = True
        elif depth == 0 and word in _CHANGING:
            raise ValueError(f"a {word} is no read")
    if not found or depth:
        raise ValueError("this is no GraphQL document")
    return document


VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]


class Listed(BaseModel):
    """One question: a GraphQL query with its variables, or a JSON body."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    path: Annotated[str, Field(max_length=2048), AfterValidator(_is_path)] = Field(
        description="Where it is posted, below base_url."
    )
    graphql: Annotated[
        str, Field(max_length=_DOCUMENT), AfterValidator(lambda text: _only_reads(text) if text else text)
    ] = Field("", description="A GraphQL document of queries only.")
    variables: dict[VariableName, Regex] = Field(
        {}, max_length=50, description="The query's variables that a step gives; each value must match its RE2 regex."
    )
    ago: dict[VariableName, Duration] = Field(
        {}, max_length=10, description="The query's variables that are set to the time so long ago (RFC 3339, UTC)."
    )
    body: dict[str, Any] | None = Field(None, description="Instead of graphql: a JSON body, sent as it stands here.")

    @model_validator(mode="after")
    def _one(self) -> Listed:
        if bool(self.graphql) == (self.body is not None):
            raise ValueError("give one of graphql and body")
        if self.body is not None and (self.variables or self.ago):
            raise ValueError("variables go with graphql")
        if set(self.variables) & set(self.ago):
            raise ValueError("a variable is given either by a step or by ago")
        if self.body is not None and len(orjson.dumps(self.body)) > _DOCUMENT:
            raise ValueError(f"the body has more than {_DOCUMENT} bytes")
        return self
