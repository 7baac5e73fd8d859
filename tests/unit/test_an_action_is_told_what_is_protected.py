from types import SimpleNamespace

from remediator.app.site import envelope_of
from remediator.engine.advance import Engine
from remediator.engine.work import Site
from remediator.settings import PROTECTED, Settings


def test_as_it_is_at_that_moment():
    """A node's pods are known only when it is looked at: the engine cannot judge them, the action must."""
    engine = Engine(None, None, None, None, session=None, clients=None, connections={})
    run = SimpleNamespace(id="r1", plan=SimpleNamespace(starts_at=0))
    for protected in (PROTECTED, ("kubernetes/*/shop/**",)):
        settings = Settings.model_validate({"allow": {"protected": protected}})
        engine.site = Site(envelope=envelope_of(settings, {}, {}))
        assert engine.carrier.context(run, "k", 0).protected == protected
