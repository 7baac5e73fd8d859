"""Checks that ask a Prometheus: alerts that nobody raises, labels that they never carry, queries that fail.

Facts: Prometheus' documentation, "HTTP API" (rules, series, config, query).
"""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from msgspec import Struct
from pydantic import ValidationError

from remediator.actions.answers.access import credentials, hide, trust, trusting
from remediator.actions.answers.api import ApiConnection
from remediator.core.lint import Finding, Subject
from remediator.core.lint.names import all_steps, guide_names, labels_in
from remediator.core.lint.subject import RuleAt
from remediator.core.matchers import Matcher
from remediator.core.problems import Problem, nearest
from remediator.core.records import StepPlan
from remediator.errors import ConfigurationError, PermanentError, RenderError, TemplateError
from remediator.interfaces.rule_files.samples import sample_query

LARGEST = 64 * 1024 * 1024  #: bytes of an answer
_WITHIN = 30.0  #: seconds for an answer
_MEANT = {
    401: ": it wants credentials (see --prometheus.bearer-token-file, or name a connection)",
    403: ": these credentials are not enough",
}

Named = tuple[str, Finding]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A credential is for one host: another one that this one names does not get it."""

    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        """Follow nothing; who asked gets the 3xx as an error."""


class Prometheus(Struct, frozen=True):
    """A Prometheus that is asked a few things, one after the other: a connection, as the daemon has it."""

    api: ApiConnection

    @classmethod
    def at(cls, url: str) -> Prometheus:
        """Return one that asks for no credentials. Raise ConfigurationError for what is no URL."""
        try:
            return cls(ApiConnection(url=url))
        except ValidationError as error:
            said = error.errors(include_url=False, include_input=False)[0]["msg"].removeprefix("Value error, ")
            raise ConfigurationError((Problem(f"--prometheus: {said}"),)) from None  # what was given may be a secret

    def ask(self, path: str, **query: str) -> Any:
        """Return ``data`` of an answer. Raise ConfigurationError when there is none; ValueError with a refusal."""
        address = f"{self.api.url}{path}?{urllib.parse.urlencode(query)}"
        try:
            known = credentials(self.api)
            request = urllib.request.Request(address, headers=known.headers)  # noqa: S310 -- a BaseUrl is http or https
            with self._opener().open(request, timeout=_WITHIN) as answer:
                document = json.loads(answer.read(LARGEST))
        except PermanentError as error:
            raise self._failure(str(error)) from error
        except urllib.error.HTTPError as error:
            if error.code in (400, 422):
                raise ValueError(hide(_reason(error), known.secrets)) from error
            raise self._failure(f"answers {error.code}{_MEANT.get(error.code, '')}") from error
        except RecursionError as error:
            raise self._failure("does not answer as Prometheus does") from error
        except (OSError, ValueError, OverflowError, http.client.HTTPException) as error:
            raise self._failure(f"cannot be asked: {getattr(error, 'reason', error)}") from error
        if not isinstance(document, dict) or document.get("status") != "success":
            raise self._failure("does not answer as Prometheus does")
        return document.get("data")

    def _opener(self) -> urllib.request.OpenerDirector:
        trusted = trust(self.api.ca_file, tls_verify=self.api.tls_verify)
        if isinstance(trusted, bool):
            context = trusting()
            if not trusted:
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        else:
            context = trusted
        return urllib.request.build_opener(_NoRedirects, urllib.request.HTTPSHandler(context=context))

    def _failure(self, said: str) -> ConfigurationError:
        return ConfigurationError((Problem(f"--prometheus {self.api.url}: {said}"),))


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read(65536)).get("error", ""))[:300]
    except (OSError, ValueError, AttributeError, RecursionError, OverflowError, http.client.HTTPException):
        return "the query was refused"


def live_findings(server: Prometheus, subject: Subject) -> list[Named]:
    """Return what Prometheus says against the rules. Raise ConfigurationError when it cannot be asked."""
    try:
        known = _alerts(server)
        return [*_about_alerts(server, known, subject), *_about_queries(server, subject)]
    except (TypeError, KeyError, AttributeError, ValueError, yaml.YAMLError) as error:
        raise ConfigurationError(
            (Problem(f"--prometheus {server.api.url}: does not answer as Prometheus does"),)
        ) from error


def _alerts(server: Prometheus) -> dict[str, list[Mapping[str, Any]]]:
    """Return the alerting rules by the name of their alerts."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for group in server.ask("/api/v1/rules", type="alert")["groups"]:
        for rule in group["rules"]:
            found.setdefault(str(rule["name"]), []).append(rule)
    return found


def _about_alerts(
    server: Prometheus, known: Mapping[str, list[Mapping[str, Any]]], subject: Subject
) -> Iterator[Named]:
    added: frozenset[str] | None = None
    for each in subject.rules:
        place = next(((path, m) for path, m in each.matchers if m.name == "alertname"), None)
        if place is None:
            continue
        path, matcher = place
        names = [name for name in known if all(m.matches({"alertname": name}) for m in _of(each, "alertname"))]
        if not names:
            hint = nearest(matcher.value, known)
            yield "unknown-alert", Finding(each.file, path, f"no alerting rule raises an alert with {matcher}", hint)
            continue
        added = _external(server) if added is None else added
        if added is _ANYTHING:
            continue
        carried = _carried(server, names, known)
        if carried is not None:
            yield from _unknown_labels(each, subject, names, carried | added)


def _of(each: RuleAt, label: str) -> list[Matcher]:
    return [matcher for _, matcher in each.matchers if matcher.name == label]


_ANYTHING: frozenset[str] = frozenset({"*"})  #: labels that cannot be foreseen


def _external(server: Prometheus) -> frozenset[str]:
    """Return the labels that Prometheus adds when it sends alerts; ``_ANYTHING`` when it relabels them."""
    config = yaml.safe_load(server.ask("/api/v1/status/config")["yaml"]) or {}
    if (config.get("alerting") or {}).get("alert_relabel_configs"):
        return _ANYTHING
    return frozenset(map(str, (config.get("global") or {}).get("external_labels") or {}))


def _carried(
    server: Prometheus, names: list[str], known: Mapping[str, list[Mapping[str, Any]]]
) -> frozenset[str] | None:
    """Return the labels of these alerts as they were seen; None when one of them was never seen."""
    labels = {"alertname"}
    for name in names:
        active = [alert["labels"] for rule in known[name] for alert in rule.get("alerts") or ()]
        selector = f"ALERTS{{alertname={json.dumps(name)}}}"
        seen = [*active, *server.ask("/api/v1/series", **{"match[]": selector})]
        if not seen:
            return None
        for one in (*seen, *(rule.get("labels") or {} for rule in known[name])):
            labels.update(one)
    return frozenset(labels - {"__name__", "alertstate"})


def _unknown_labels(each: RuleAt, subject: Subject, names: list[str], carried: frozenset[str]) -> Iterator[Named]:
    alerts = ", ".join(names[:3])
    hint = f"they carry {', '.join(sorted(carried)[:12])}"
    for path, matcher in each.matchers:
        if matcher.name not in carried and not matcher.matches({}):
            message = f'alerts {alerts} never carry a label "{matcher.name}": the rule cannot match'
            yield "unknown-label", Finding(each.file, path, message, hint)
    used = labels_in(guide_names(each.rule.guide, subject.find), each.rule)
    for label in sorted(used - carried - {"*"}):
        message = f"the rule uses labels.{label}, which alerts {alerts} never carry"
        yield "unknown-label", Finding(each.file, (*each.path, "guide"), message, hint)


def _about_queries(server: Prometheus, subject: Subject) -> Iterator[Named]:
    for each in subject.guides:
        for path, step in _placed(each.path, subject, each.guide.name):
            query = step.args.get("query")
            if step.action != "prometheus.query" or not isinstance(query, str):
                continue
            place = (*path, step.action, "query")
            try:
                asked, exact = sample_query(query, each.guide)
            except (RenderError, TemplateError):
                continue
            try:
                result = server.ask("/api/v1/query", query=asked)
            except ValueError as error:
                yield "promql-error", Finding(each.file, place, f"Prometheus cannot read this query: {error}")
                continue
            if exact and result.get("resultType") in ("vector", "matrix") and not result.get("result"):
                message = "the query returns nothing at this moment"
                yield "promql-empty", Finding(each.file, place, message, "an absent series never verifies anything")


def _placed(
    path: tuple[str | int, ...], subject: Subject, name: str
) -> Iterator[tuple[tuple[str | int, ...], StepPlan]]:
    """Yield each step of a guide with its place."""
    guide = next(each.guide for each in subject.guides if each.guide.name == name)
    places: list[tuple[str | int, ...]] = [(*path, "diagnose", at) for at in range(len(guide.diagnose))]
    for at, remedy in enumerate(guide.remedies):
        places += [(*path, "remedies", at, "steps", index) for index in range(len(remedy.steps))]
    if guide.verify:
        key = "all" if guide.verify.every else "any"
        places += [(*path, "verify", key, at) for at in range(len(guide.verify.conditions))]
    yield from zip(places, all_steps(guide), strict=True)
