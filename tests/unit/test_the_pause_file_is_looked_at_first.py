from types import SimpleNamespace

from fakes.small_site import SmallSite

from remediator.engine.pause_file import PauseFile
from remediator.engine.work import Site
from remediator.errors import StoreError
from remediator.store import audit


class Store:
    """Takes what it is given, unless it refuses."""

    def __init__(self, tx):
        self.tx, self.refuses = tx, False

    async def do(self, unit):
        if self.refuses:
            raise StoreError("full")
        return unit(self.tx)

    read = do


async def test_looks_need_no_store_and_all_that_was_seen_is_told_later(tmp_path):
    small = SmallSite.of(tmp_path)
    engine = SimpleNamespace(site=Site(), store=Store(small.tx), wake=lambda *_: None)
    now = iter(range(7, 100))
    pause_file = PauseFile(engine, tmp_path / "pause", SimpleNamespace(now=lambda: next(now)))
    engine.store.refuses = True
    for text in ("freeze", "freeze", "deep freeze"):
        (tmp_path / "pause").write_text(text + "\n")
        pause_file.look()
        assert [(pause.scope, pause.reason, pause.at) for pause in engine.site.paused] == [("global", text, 7)]
        try:
            await pause_file.tell()
        except StoreError:
            continue
        raise AssertionError("the store refuses")
    (tmp_path / "pause").unlink()
    pause_file.look()
    assert engine.site.paused == ()

    engine.store.refuses = False
    await pause_file.tell()
    await pause_file.tell()
    told = [(e["what"], (e["before"] or {}).get("reason"), (e["after"] or {}).get("reason"))
            for e in reversed(audit.people(small.tx, 100, 10))]  # fmt: skip
    assert told == [("pause", None, "freeze"), ("pause changed", "freeze", "deep freeze"), ("resume", "deep freeze", None)]
