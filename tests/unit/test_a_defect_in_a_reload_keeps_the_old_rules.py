"""Rule files that hit a defect of ours are refused like wrong ones: the old table stays, and the daemon goes on."""

import sqlite3
from functools import partial
from pathlib import Path

import pytest
from fakes.small_site import RULES, table_of
from msgspec.structs import replace

from remediator.actions.context import Clients
from remediator.app.reloading import Reloading
from remediator.engine.advance import Engine
from remediator.engine.clock import SystemClock
from remediator.engine.limits import Slots
from remediator.errors import ConfigurationError
from remediator.interfaces.metrics import Metrics
from remediator.interfaces.rule_files import load_rules
from remediator.interfaces.rule_files.watching import RuleWatch
from remediator.store.sqlite import SqliteStore, migrate


class Broken(dict):
    """Connections that cannot be asked for."""

    def get(self, *_):
        raise AttributeError("a defect")


async def test_the_old_table_stays(tmp_path):
    rows = sqlite3.connect(":memory:", isolation_level=None)
    migrate(rows)
    store = SqliteStore(Path(":memory:"), memory=rows)
    store.open()
    metrics, clock = Metrics(), SystemClock()
    engine = Engine(store, clock, Slots(1, 1), metrics, session=None, clients=Clients(), connections={})
    engine.site = replace(engine.site, table=table_of(RULES, tmp_path))
    old = engine.site.table
    (tmp_path / "new.yaml").write_text(RULES)
    watching = RuleWatch(("new.yaml",), tmp_path, load_rules(["new.yaml"], tmp_path))
    reloading = Reloading(partial(load_rules, ["new.yaml"], tmp_path, Broken()), engine, metrics, clock, watching)
    with pytest.raises(ConfigurationError, match="defect in remediator: AttributeError"):
        await reloading.reload("file watch")
    assert engine.site.table is old
    assert metrics.registry.get_sample_value("remediator_config_last_reload_successful") == 0
    assert rows.execute("SELECT count(*) FROM audit").fetchone()[0] == 1
    await store.close()
    rows.close()
