"""What takes a request back: the request that says the opposite, and how to know that nobody else spoke since."""

from __future__ import annotations

import warnings
from typing import Any, Literal

from pydantic import Field, model_validator

from remediator.actions.http.conditions import JsonCondition
from remediator.core.action import Json, Parameters

with warnings.catch_warnings():
    # "json" is the word that people expect; pydantic's old method of that name is not used here.
    warnings.filterwarnings("ignore", message='Field name "json"')

    class TakeBack(Parameters):
        """The opposite request, sent to the same place."""

        method: Literal["PUT", "DELETE", "POST", "PATCH"] = Field("PUT", description="The opposite request's method.")
        json: dict[str, Any] | list[Any] | Json | None = Field(  # type: ignore[assignment]  # see above
            None, description="Its body as JSON."
        )
        still: JsonCondition = Field(
            description="What a GET of the same place must still answer. Otherwise somebody else has changed it since, "
            "and it is left alone."
        )

        @model_validator(mode="after")
        def _says_something(self) -> TakeBack:
            if self.json is None and self.method != "DELETE":
                raise ValueError(f"say in json what {self.method} is to send")
            if self.still.equals is None and self.still.matches is None:
                raise ValueError("say in still what the value must be: equals or matches")
            return self
