"""Where the daemon itself runs, when it runs in a cluster: so that no rule restarts it by accident.

The downward API can tell a pod its name and namespace, not its owner. The owner's name follows from the
pod's: controllers append ``-<hash>-<5 characters>`` (Deployment), ``-<number>`` (StatefulSet) or
``-<5 characters>`` (DaemonSet, ReplicaSet). Where the owner cannot be told, the whole namespace is protected.
Sources: Kubernetes, "Downward API"; "Deployments", pod-template-hash; apiserver, ``names.SimpleNameGenerator``
(63 characters at most, the base is cut; the characters are those of ``rand.SafeEncodeString``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_SAFE = "[bcdfghjklmnpqrstvwxz2456789]"
_OWNED = (
    re.compile(rf"(.+)-{_SAFE}{{1,10}}-{_SAFE}{{5}}", re.ASCII),
    re.compile(rf"(.+)-{_SAFE}{{5}}", re.ASCII),
    re.compile(r"(.+)-[0-9]{1,9}", re.ASCII),
)
_LONGEST = 63
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", re.ASCII)


def own_places(environ: Mapping[str, str], account: Path = _ACCOUNT) -> tuple[str, ...]:
    """Return patterns of the targets that are the daemon itself; none outside of a cluster.

    Reads POD_NAME and POD_NAMESPACE, which the pod's manifest sets by the downward API. Without a name that
    an owner's can be told from, the whole namespace is meant; without a namespace (then there is no service
    account here, either) the name in each of them. Every connection is meant: another name may lead to
    this very cluster.
    """
    if "KUBERNETES_SERVICE_HOST" not in environ and "POD_NAME" not in environ:
        return ()
    where = f"kubernetes/*/{_namespace(environ, account)}"
    owners = _owners(environ.get("POD_NAME", ""))
    if not owners:
        return () if where.endswith("/*") else (where, f"{where}/**")
    of_owners = tuple(
        pattern
        for owner in owners
        for pattern in (f"{where}/*/{owner}", f"{where}/*/{owner}/**", f"{where}/pod/{owner}-*")
    )
    # A change of the whole namespace would be one of ours, too.
    return of_owners if where.endswith("/*") else (where, *of_owners)


def _namespace(environ: Mapping[str, str], account: Path) -> str:
    """Return the pod's namespace; ``*`` when nothing tells it."""
    found = environ.get("POD_NAMESPACE", "")
    if not found:
        try:
            found = (account / "namespace").read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return "*"
    return found if _NAME.fullmatch(found) else "*"


def _owners(pod: str) -> tuple[str, ...]:
    if len(pod) >= _LONGEST or not _NAME.fullmatch(pod):
        return ()
    return tuple(dict.fromkeys(found[1] for pattern in _OWNED if (found := pattern.fullmatch(pod))))
