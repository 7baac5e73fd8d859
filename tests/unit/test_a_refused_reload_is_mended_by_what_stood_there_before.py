"""A reload was refused; then the files are as they were before: that is a change, too, and ends "degraded"."""

from functools import partial

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


@pytest.mark.parametrize("wrong", ["", "rulez: []\n"])
async def test_it_is_read_again(store, tmp_path, wrong):
    metrics, clock, file = Metrics(), SystemClock(), tmp_path / "rules.yaml"
    engine = Engine(store, clock, Slots(1, 1), metrics, session=None, clients=Clients(), connections={})
    engine.site = replace(engine.site, table=table_of(RULES, tmp_path))
    watching = RuleWatch(("rules.yaml",), tmp_path, load_rules(["rules.yaml"], tmp_path))
    reloading = Reloading(partial(load_rules, ["rules.yaml"], tmp_path, {}), engine, metrics, clock, watching)

    file.rename(tmp_path / "away")
    if wrong:
        file.write_text(wrong)
    with pytest.raises(ConfigurationError):
        await reloading.reload("alice")
    assert not watching.changed()  # what was refused is not tried each minute
    (tmp_path / "away").replace(file)
    assert watching.changed()
    await reloading.reload("file watch")
    assert metrics.registry.get_sample_value("remediator_config_last_reload_successful") == 1
    assert not watching.changed()
