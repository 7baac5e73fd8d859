"""How the tests run: what takes long begins first, and how many examples Hypothesis tries."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from remediator.core.redaction import forget_secrets
from remediator.store.sqlite import SqliteStore

#: Files of more than some seconds, the longest first. Were one of them the last, the other workers would wait for it.
SLOW = (
    "crash/test_failpoints_before_and_after_every_commit.py",
    "crash/test_random_kills.py",
    "unit/test_the_packs_own_tests_pass.py",
    "e2e/test_the_demo_ends_with_a_verified_remedy.py",
    "integration/kubernetes/test_kubectl_edits_the_same.py",
    "simulation/test_days_of_trouble.py",
    "fuzz/test_no_body_crashes_the_receiver.py",
    "unit/test_the_schemas_are_current_and_true.py",
    "guides/sa/test_the_samples_raise_what_the_rules_answer.py",
    "guides/sm/test_sm_12_memory_is_freed_when_somebody_agrees.py",
    "guides/sa/test_sa_7_a_cache_finds_again_what_is_asked_for.py",
    "guides/sp/test_sp_3_a_service_that_answers_503_is_helped_by_cause.py",
    "guides/sm/test_sm_4_the_cause_decides_what_is_done.py",
    "guides/sm/test_sm_7_a_full_disk_is_told_the_truth.py",
)
_HERE = Path(__file__).parent

settings.register_profile("quick", max_examples=40, deadline=None)
settings.register_profile("thorough", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slow files first; the rest keeps its order. Needs --no-loadscope-reorder with --dist loadfile."""
    rank = {_HERE / name: place for place, name in enumerate(SLOW)}
    items.sort(key=lambda item: rank.get(item.path, len(SLOW)))


@pytest.fixture(autouse=True)
def _no_secret_of_another_test() -> Iterator[None]:
    """What one test reads from its files of secrets is no secret in the next."""
    yield
    forget_secrets()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store in a file of its own, open."""
    store = SqliteStore(tmp_path / "store.db")
    store.open()
    yield store
    await store.close()
