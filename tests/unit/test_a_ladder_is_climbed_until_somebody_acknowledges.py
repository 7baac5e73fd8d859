from fakes.small_site import SmallSite, alert
from msgspec.structs import replace

from remediator.core.limits import Rung
from remediator.core.records import Outcome
from remediator.store import control, ladder

RUNGS = (Rung(900.0, "on-call"), Rung(3600.0, "team lead"), Rung(14400.0, "engineering manager"))


def escalated(tmp_path):
    site = SmallSite.of(tmp_path, reporters=("slack",))
    site.site = replace(site.site, ladders={"sev-2": RUNGS})
    work = site.came(site.admit(alert("a", starts_at=site.now)).works[0], Outcome.FAILED)
    assert site.status(work.run.id) == "escalated"
    return site, work.run.id


def climbed(site, seconds):
    """Let time pass; return whom the outbox names since then."""
    site.tick(seconds)
    before = {row[0] for row in site.tx.all("SELECT id FROM outbox")}
    ladder.climb(site.tx, ("slack",), site.now)
    rows = site.tx.all("SELECT id, topic FROM outbox WHERE telling = 'escalation' ORDER BY id")
    return [topic for number, topic in rows if number not in before]


def test_each_rung_is_told_once_when_its_time_comes(tmp_path):
    site, _ = escalated(tmp_path)
    assert climbed(site, 899) == []
    assert climbed(site, 1) == ["on-call"]
    assert climbed(site, 0) == []  # a restart looks again at once
    assert climbed(site, 14400) == ["team lead", "engineering manager"]


def test_nobody_else_after_somebody_has_acknowledged(tmp_path):
    site, run = escalated(tmp_path)
    climbed(site, 900)
    control.acknowledge(site.tx, run, "ann", "looking at it", site.now)
    assert climbed(site, 20000) == []
    audit = site.tx.one("SELECT who, what, detail FROM audit WHERE what = 'acknowledge'")
    assert audit == ("ann", "acknowledge", "looking at it (2 rungs were left)")
