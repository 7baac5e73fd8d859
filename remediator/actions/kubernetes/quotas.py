"""What a namespace's ResourceQuotas leave, against what a change would add.

A dry run of a workload does not tell: a quota is charged for pods when the workload's controller creates
them, and it is the controller that is refused then, with nobody listening. So the quotas are read and
compared with what the pods ask for that the change adds.

Sources: Kubernetes, "Resource Quotas": ``pods`` and ``count/pods``, ``requests.*`` (``cpu`` and ``memory``
mean requests, too) and ``limits.*``; a quota counts only pods that match all of its scopes; a limit stands
for a request that is not given. What a LimitRange would fill in is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from remediator.actions.kubernetes.api import Api
from remediator.actions.kubernetes.documents import Document, clean, objects, section, text
from remediator.actions.kubernetes.quantity import cpu_text, memory_text, quantity_or_none
from remediator.core.action import Permission

Amounts = Mapping[str, Fraction]
_SHORT = {"cpu": "requests.cpu", "memory": "requests.memory", "ephemeral-storage": "requests.ephemeral-storage"}
_MOST_NAMED = 5


def pods_of(template: Document, count: int) -> dict[str, Fraction]:
    """Return what so many pods of this template count for, by a quota's own words (``requests.memory``)."""
    spec = section(template, "spec")
    found = {"pods": Fraction(count)}
    items = [*objects(spec, "containers"), *objects(spec, "initContainers")]
    names = {name for item in items for which in ("requests", "limits") for name in section(item, "resources", which)}
    for name in names:
        for which in ("requests", "limits"):
            found[f"{which}.{name}"] = count * _of_pod(spec, which, name)
    return found


def added(after: Amounts, before: Amounts) -> dict[str, Fraction]:
    """Return what there is more of afterwards."""
    more = {name: amount - before.get(name, Fraction(0)) for name, amount in after.items()}
    return {name: amount for name, amount in more.items() if amount > 0}


async def shortages(api: Api, namespace: str, changes: Iterable[tuple[Document, Amounts]]) -> list[str]:
    """Return, in sentences, which quotas cannot take what is added: (pod template, amounts) a workload.

    Reads nothing when nothing is added.
    """
    growing = [(template, amounts) for template, amounts in changes if amounts]
    if not growing:
        return []
    found = await api.list(f"/api/v1/namespaces/{namespace}/resourcequotas")
    return [line for quota in found.items for line in _short_of(quota, growing)]


def with_shortages(shown: str, found: list[str]) -> str:
    """Return a preview with these sentences below it."""
    return "\n".join([shown, *found])


def quota_right(namespace: str) -> Permission:
    """Return what reading the quotas takes."""
    return Permission("list", "resourcequotas", namespace)


def _short_of(quota: Document, growing: list[tuple[Document, Amounts]]) -> list[str]:
    counted = [amounts for template, amounts in growing if _counts(quota, template)]
    name, used = clean(text(quota, "metadata", "name"), 253), section(quota, "status", "used")
    lines = []
    for resource, written in sorted(section(quota, "spec", "hard").items()):
        plain = _SHORT.get(resource, resource.removeprefix("count/") if resource == "count/pods" else resource)
        more = sum((amounts.get(plain, Fraction(0)) for amounts in counted), Fraction(0))
        most, there = quantity_or_none(written), quantity_or_none(used.get(resource, "0"))
        if more and most is not None and there is not None and there + more > most:
            lines.append(
                f"The quota {name} has room for {_shown(plain, max(most - there, Fraction(0)))} more of "
                f"{clean(resource, 100)}, and this adds {_shown(plain, more)}: its controller would be refused pods."
            )
    return lines[:_MOST_NAMED]


def _of_pod(spec: Document, which: str, resource: str) -> Fraction:
    """Return what one pod counts for: its containers together, or the largest init container, and the overhead."""
    steady = sum((_asked(item, which, resource) for item in objects(spec, "containers")), Fraction(0))
    largest = Fraction(0)
    for item in objects(spec, "initContainers"):
        asked = _asked(item, which, resource)
        if item.get("restartPolicy") == "Always":
            steady += asked
        else:
            largest = max(largest, asked)
    return max(steady, largest) + (quantity_or_none(section(spec, "overhead").get(resource)) or Fraction(0))


def _asked(container: Document, which: str, resource: str) -> Fraction:
    value = section(container, "resources", which).get(resource)
    if value is None and which == "requests":
        value = section(container, "resources", "limits").get(resource)
    return quantity_or_none(value) or Fraction(0)


def _counts(quota: Document, template: Document) -> bool:
    """Whether a quota counts such pods; of a scope that we do not know, no."""
    scopes = section(quota, "spec").get("scopes") or []
    asked = [{"scopeName": scope, "operator": "Exists"} for scope in scopes if isinstance(scope, str)]
    asked += objects(quota, "spec", "scopeSelector", "matchExpressions")
    return all(_in_scope(item, section(template, "spec")) for item in asked)


def _in_scope(asked: Document, spec: Document) -> bool:
    ends = spec.get("activeDeadlineSeconds") is not None
    kinds = ("containers", "initContainers")
    effort = any(section(item, "resources", which) for kind in kinds for item in objects(spec, kind)
                 for which in ("requests", "limits"))  # fmt: skip
    plain = {"Terminating": ends, "NotTerminating": not ends, "BestEffort": not effort, "NotBestEffort": effort}
    scope, operator = text(asked, "scopeName"), text(asked, "operator")
    if scope != "PriorityClass":
        return plain.get(scope, False)
    name, values = text(spec, "priorityClassName"), asked.get("values") or ()
    among = {"In": name in values, "NotIn": name not in values, "Exists": bool(name), "DoesNotExist": not name}
    return among.get(operator, False)


def _shown(resource: str, amount: Fraction) -> str:
    if resource.endswith(".memory"):
        return memory_text(amount)
    return f"{amount}" if amount.denominator == 1 else cpu_text(amount)
