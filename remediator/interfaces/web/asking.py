"""What the API says about things that have not happened: ``/api/v1/explain``. Nothing is written."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from remediator.core.alert import Alert
from remediator.engine.work import Site
from remediator.errors import NotFoundError
from remediator.store.sqlite import Tx

LabelName = Annotated[str, Field(min_length=1, max_length=1024)]
LabelValue = Annotated[str, Field(max_length=16 * 1024)]


class ExplainWish(BaseModel):
    """An alert by its labels, or a stored run or episode."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    labels: dict[LabelName, LabelValue] | None = Field(None, max_length=128)
    annotations: dict[LabelName, LabelValue] = Field({}, max_length=128)
    starts_at: int | None = Field(None, ge=0, description="Microseconds since 1970. Default: now.")
    run: str = Field("", max_length=64)
    episode: str = Field("", max_length=64)

    @model_validator(mode="after")
    def _one(self) -> ExplainWish:
        if [self.labels is not None, bool(self.run), bool(self.episode)].count(True) != 1:
            raise ValueError("give one of: labels, run, episode")
        return self


def explained(tx: Tx, site: Site, wish: ExplainWish, run: str, now: int) -> dict[str, Any]:
    """Return what would come of it now. ``run``: the run's whole id. Raise NotFoundError."""
    from remediator.interfaces.explained import explain, of_episode, of_run  # noqa: PLC0415 -- a start is quicker
    from remediator.interfaces.explained_text import document  # noqa: PLC0415 -- see above

    then: Any = ()
    if wish.labels is not None:
        began = now if wish.starts_at is None else wish.starts_at
        alert = Alert("", True, wish.labels, wish.annotations, began, None)
    elif run:
        alert, then = of_run(tx, run)
    else:
        found = of_episode(tx, wish.episode)
        if found is None:
            raise NotFoundError(f'there is no episode "{wish.episode}"')
        alert, then = found
    made = document(explain(site, alert, now, tx, run))
    return {**made, "then": [dict(one) for one in then]}
