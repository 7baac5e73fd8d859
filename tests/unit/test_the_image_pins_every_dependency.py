import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
IMAGE = re.search(r"FROM python:([\d.]+)-", (ROOT / "Dockerfile").read_text())[1]
#: What a dependency is asked about: the image's Python, whichever these tests run on.
PYTHON = {"python_full_version": IMAGE, "python_version": IMAGE.rpartition(".")[0]}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


ASKED = [
    *PROJECT["dependencies"],
    *(text for extra in ("postgres", "redis", "host", "docker") for text in PROJECT["optional-dependencies"][extra]),
]


def pinned():
    lines = (ROOT / "config/container/constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def needed(names, found, extra=""):
    """Add these and all that they need."""
    for text in names:
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": extra, **PYTHON})):
            continue
        found.add(name)
        try:
            needed(requires(name) or (), found)
            for wanted in requirement.extras:
                needed(requires(name) or (), found, wanted)
        except PackageNotFoundError:
            continue
    return found


def test_what_pyproject_asks_for_stands_there_in_a_version_that_it_allows():
    versions = pinned()
    for text in ASKED:
        requirement = Requirement(text)
        assert versions.get(canonicalize_name(requirement.name), "none") in requirement.specifier, text


def test_what_these_need_stands_there_too():
    assert needed(ASKED, set()) <= set(pinned())
