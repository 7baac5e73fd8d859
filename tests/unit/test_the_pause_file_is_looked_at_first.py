from types import SimpleNamespace

from remediator.engine.pause_file import look_at_pause_file
from remediator.engine.work import Site


def test_one_look_pauses_and_one_tells_that_it_is_gone(tmp_path):
    engine, clock = SimpleNamespace(site=Site()), SimpleNamespace(now=lambda: 7)
    file = tmp_path / "pause"
    file.write_text("freeze\n")
    assert not look_at_pause_file(engine, file, tmp_path, clock)
    assert [(pause.scope, pause.reason, pause.at) for pause in engine.site.paused] == [("global", "freeze", 7)]
    file.unlink()
    assert look_at_pause_file(engine, file, tmp_path, clock)
    assert engine.site.paused == ()
