"""kubernetes_asyncio without its models: its configuration loaders and its ApiClient, nothing more.

The package's ``__init__`` imports every generated model: with version 36.1 we measured 39 MB and
0.35 s, against 5 MB and 0.1 s for the six modules that we need (Python 3.11, aiohttp loaded before).
So those six are imported below stand-ins for their packages, and the stand-ins are taken out of
``sys.modules`` again: whoever imports kubernetes_asyncio later gets the whole package, undisturbed.
A version that is laid out differently is imported as a whole.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec import Struct

from remediator.actions.kubernetes.credential_plugin import in_a_group_of_its_own
from remediator.actions.kubernetes.inline_files import for_a_moment
from remediator.errors import PermanentError

_ROOT = "kubernetes_asyncio"


class Library(Struct, frozen=True):
    """The four things that we take from kubernetes_asyncio."""

    api_client: Any
    configuration: Any
    load_kube_config: Any
    load_incluster_config: Any


@cache
def library() -> Library:
    """Import what we need, the first time; PermanentError when the package is not installed."""
    # It logs what a credential plug-in says, and at debug level whole answers: both may hold secrets.
    logging.getLogger(_ROOT).setLevel(logging.CRITICAL + 1)
    try:
        return _whole() if _ROOT in sys.modules else _narrow()
    except (ImportError, AttributeError):
        pass  # laid out differently, or absent: the whole package tells
    try:
        return _whole()
    except ImportError as error:
        raise PermanentError("the package kubernetes_asyncio is not installed") from error


def _whole() -> Library:
    client = importlib.import_module(f"{_ROOT}.client")
    config = importlib.import_module(f"{_ROOT}.config")
    _in_our_ways(importlib.import_module(f"{_ROOT}.config.kube_config"))
    return Library(client.ApiClient, client.Configuration, config.load_kube_config, config.load_incluster_config)


def _narrow() -> Library:
    spec = importlib.util.find_spec(_ROOT)  # finds, does not run
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(_ROOT)
    place = Path(next(iter(spec.submodule_search_locations)))
    try:
        root = _stand_in(_ROOT, place)
        root.client = client = _stand_in(f"{_ROOT}.client", place / "client")
        root.config = _stand_in(f"{_ROOT}.config", place / "config")
        client.models = _stand_in(f"{_ROOT}.client.models", place / "nowhere")
        client.Configuration = importlib.import_module(f"{_ROOT}.client.configuration").Configuration
        client.ApiClient = importlib.import_module(f"{_ROOT}.client.api_client").ApiClient
        kube_config = _in_our_ways(importlib.import_module(f"{_ROOT}.config.kube_config"))
        incluster = importlib.import_module(f"{_ROOT}.config.incluster_config")
        return Library(
            client.ApiClient, client.Configuration, kube_config.load_kube_config, incluster.load_incluster_config
        )
    finally:
        for name in [name for name in sys.modules if name == _ROOT or name.startswith(f"{_ROOT}.")]:
            del sys.modules[name]


def _in_our_ways(kube_config: Any) -> Any:
    """Its loaders take from here who runs a credential plug-in and who makes files; they have no parameter for it."""
    kube_config.ExecProvider = in_a_group_of_its_own(kube_config.ExecProvider)
    kube_config.FileOrData = for_a_moment(kube_config.FileOrData)
    return kube_config


def _stand_in(name: str, place: Path) -> Any:
    module = ModuleType(name)
    module.__path__ = [str(place)]
    sys.modules[name] = module
    return module
