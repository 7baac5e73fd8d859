"""The site, from its settings: what binds every run, in the daemon and in a rehearsal."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from remediator.actions import registry
from remediator.core.guards import Envelope
from remediator.core.guide import ThrottleText
from remediator.core.limits import Flapping, Rung, Storm, Throttle
from remediator.core.scopes import SiteLimits
from remediator.engine.work import Site
from remediator.interfaces.configuration import Connections
from remediator.settings import LimitSettings, Settings

log = structlog.get_logger("remediator")


def envelope_of(settings: Settings, connections: Connections, environ: Mapping[str, str]) -> Envelope:
    """Return what may be changed: never ourselves, unless the site says so. A restart would cut off its own run."""
    allow = settings.allow
    own = () if allow.own_workload else registry.own_places(connections, environ)
    if own:
        log.info("the daemon's own workload is protected", places=own, lifted_by="allow.own_workload")
    return Envelope(allow.targets, (*allow.protected, *own), settings.policy.policy())


def site_of(settings: Settings, envelope: Envelope, reporters: tuple[str, ...]) -> Site:
    """Return what binds every run, from the settings."""
    limits = settings.limits
    return Site(
        max_mode=settings.max_mode,
        envelope=envelope,
        limits=limits_of(limits),
        backend_breaker=settings.backend_breaker.limits(),
        outcome_breaker=settings.outcome_breaker.limits(),
        hold_max=limits.hold_max,
        pause_max=limits.pause_max,
        grace=limits.grace,
        reporters=reporters,
        ladders={
            severity: tuple(Rung(rung.after, rung.tell) for rung in rungs)
            for severity, rungs in settings.escalation.ladders.items()
        },
    )


def limits_of(limits: LimitSettings) -> SiteLimits:
    """Return the site's limits, from the settings."""
    storm, flapping = limits.storm, limits.flapping
    return SiteLimits(
        per_target=_throttle(limits.per_target),
        per_namespace=_throttle(limits.per_namespace),
        overall=_throttle(limits.overall),
        budget=_throttle(limits.budget),
        budget_per_namespace=_throttle(limits.budget_per_namespace),
        budget_per_cluster=_throttle(limits.budget_per_cluster),
        storm=Storm(storm.max, storm.per, storm.calm, storm.resume) if storm else None,
        loop_guard=limits.loop_guard,
        stale=limits.stale,
        flapping=Flapping(flapping.max, flapping.per, flapping.quiet) if flapping else None,
    )


def _throttle(text: ThrottleText | None) -> Throttle | None:
    return Throttle(text.max, text.per) if text else None
