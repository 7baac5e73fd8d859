"""Which Prometheus."""

from __future__ import annotations

from pydantic import Field

from remediator.actions.answers.api import ApiConnection
from remediator.core.durations import Duration


class Connection(ApiConnection):
    """One entry under ``connections.prometheus``."""

    scrape_interval: Duration = Field(
        15.0, description="The longest time between two samples, of scraping and of evaluating recording rules."
    )
