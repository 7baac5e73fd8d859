"""``kubernetes.set_resources``: memory and CPU of one container, as ``kubectl set resources`` sets them.

Absolutely, or by a factor of what there is, and never above a ceiling. The pods restart.
"""

from __future__ import annotations

from typing import Literal

from remediator.actions.kubernetes.api import Api
from remediator.actions.kubernetes.caution import KEEPS_ALL, caution_about
from remediator.actions.kubernetes.containers import container_at
from remediator.actions.kubernetes.documents import Document, clean, section, text
from remediator.actions.kubernetes.edit import Edit, EditOutputs
from remediator.actions.kubernetes.places import Fields, Place, value_at
from remediator.actions.kubernetes.quantity import quantity_or_none, same_quantity
from remediator.actions.kubernetes.quotas import added, pods_of, quota_right, shortages
from remediator.actions.kubernetes.resources import ResourceParameters, absolute
from remediator.actions.kubernetes.workloads import backend, path, replicas_of, right, targets, title
from remediator.core.action import Action
from remediator.core.quantities import exact_quantity
from remediator.errors import PermanentError


def _fix(p: ResourceParameters, workload: Document) -> ResourceParameters:
    """Make factors absolute, keep all below the ceilings, and record what there was."""
    name, container = container_at(workload, p.container, init=True)
    if p.former is not None:
        return p
    wanted: dict[str, dict[str, str]] = {"limits": {}, "requests": {}}
    former: dict[str, str] = {}
    for which, resource, asked in p.asked():
        now = value_at(workload, _place(container, which, resource))
        shown = str(now) if isinstance(now, (str, int, float)) and quantity_or_none(str(now)) is not None else None
        about = f"{title(p)}: the {resource} {which.removesuffix('s')} of container {name}"
        wanted[which][resource] = absolute(asked, resource, shown, p.ceiling(resource), about)
        if shown is not None:
            former[f"{which}.{resource}"] = shown
    more = {which: getattr(p, which).model_copy(update=amounts) for which, amounts in wanted.items() if amounts}
    return p.model_copy(update={"container": name, "former": former, **more})


def _wanted(p: ResourceParameters, workload: Document) -> Fields:
    container = container_at(workload, p.container, init=True)[1]
    return {_place(container, which, resource): asked for which, resource, asked in p.asked()}


def _objection(p: ResourceParameters, workload: Document) -> None:
    container = container_at(workload, p.container, init=True)[1]
    for which, resource, asked in p.asked():
        now = value_at(workload, _place(container, which, resource))
        former = (p.former or {}).get(f"{which}.{resource}")
        if not same_quantity(now, former) and not same_quantity(now, asked):
            raise PermanentError(
                f"{title(p)}: its {resource} {which} were meant to go from {former or 'none'} to {asked}, "
                f"but somebody set {clean(str(now), 40)}"
            )


def _place(container: Place, which: Literal["limits", "requests"], resource: str) -> Place:
    return (*container, "resources", which, resource)


def _amounts(p: ResourceParameters) -> dict[str, float]:
    """Return the most memory (bytes) and CPU (cores) set, and the largest growth; what is relative is left out."""
    found: dict[str, float] = {}
    for which, resource, asked in p.asked():
        amount = quantity_or_none(asked)
        if amount is None:
            continue
        found[resource] = max(found.get(resource, 0.0), float(amount))
        former = (p.former or {}).get(f"{which}.{resource}")
        if former is not None and exact_quantity(former):
            found["factor"] = max(found.get("factor", 0.0), float(amount / exact_quantity(former)))
    return found


async def _findings(api: Api, found: Document, answer: Document) -> list[str]:
    """Return which quotas cannot take what all its pods ask for more; a pod more for the time of the rollout aside."""
    count = replicas_of(found)
    before, after = section(found, "spec", "template"), section(answer, "spec", "template")
    more = added(pods_of(after, count), pods_of(before, count))
    return await shortages(api, text(found, "metadata", "namespace"), [(after, more)])


def _caution(_p: ResourceParameters, workload: Document) -> str:
    return caution_about(workload, keeps=KEEPS_ALL)


_EDIT: Edit[ResourceParameters] = Edit(
    path=path, title=title, wanted=_wanted, caution=_caution, fix=_fix, objection=_objection, findings=_findings
)

ACTION: Action[ResourceParameters, EditOutputs] = Action(
    name="kubernetes.set_resources",
    summary="Sets memory and CPU of a workload's container, absolutely or by a factor; its pods restart.",
    parameters=ResourceParameters,
    outputs=EditOutputs,
    perform=_EDIT.perform,
    backend=backend,
    changes=True,
    # By a factor of what there is, a second time would grow again; the engine performs the resolved intent.
    idempotent=lambda p: all(quantity_or_none(asked) is not None for _, _, asked in p.asked()),
    targets=targets,
    resolve=_EDIT.resolve,
    happened=_EDIT.happened,
    preview=_EDIT.preview,
    caution=_EDIT.warn,
    amounts=_amounts,
    undo=_EDIT.undo,
    undo_is_safe=True,
    permissions=lambda p: (right(p, "get"), right(p, "patch"), quota_right(p.namespace)),
)
