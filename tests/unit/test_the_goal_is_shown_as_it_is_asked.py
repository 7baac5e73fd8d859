"""A report shows what must hold as it is asked, everybody who agreed, the newest look first, and notes as they are meant."""

from fakes.small_site import SmallSite, alert

from remediator.interfaces.markdown import to_markdown
from remediator.interfaces.report import compose
from remediator.store import control, journal

TEXT = """
rules:
  - {name: heal, match: 'alertname = "Down"', guide: heal, mode: ask, with: {service: "{{ labels.service }}"}}
guides:
  heal:
    summary: it is down
    parameters: {service: {type: string}, most: {type: number, default: 0.05}}
    target: host/{{ params.service }}
    diagnose: [{id: seen, http.probe: {url: "http://web.example.com/"}}]
    remedies:
      - name: restart it
        steps: [{http.request: {url: "http://web.example.com/restart"}}]
    verify:
      all:
        - prometheus.query: {query: 'errors{service="{{ params.service }}"}', below: "{{ params.most }}"}
        - prometheus.query: {query: 'up == {{ steps.seen.status }}', above: 0}
"""


def shown(site, run):
    return to_markdown(compose(journal.view(site.tx, run)))


def test_as_far_as_is_known(tmp_path):
    site = SmallSite.of(tmp_path, TEXT)
    (work,) = site.admit(alert("web", starts_at=site.now)).works
    first = shown(site, work.run.id)
    assert 'errors{service="web"}, below=0.05' in first
    assert "up == {{ steps.seen.status }}" in first
    site.came(work, status=503, holds=False)
    assert "up == 503" in shown(site, work.run.id)


def test_everybody_who_has_approved_is_named(tmp_path):
    site = SmallSite.of(tmp_path, TEXT)
    (work,) = site.admit(alert("web", starts_at=site.now)).works
    work = site.came(site.came(site.came(work, status=503, holds=False), status=503, holds=False))
    assert site.status(work.run.id) == "awaiting_approval"
    site.tx.run("UPDATE run SET persons = 2")
    control.approve(site.tx, work.run.id, "ann", "seen before", "", site.now)
    site.tick(1)
    control.approve(site.tx, work.run.id, "bob", "agreed", "", site.now)
    site.came(site.begin(work.run.id), status=502, holds=False)
    said = shown(site, work.run.id)
    assert said.index("status=502") < said.index("What an earlier look found") < said.index("status=503")
    assert "**Approved by:** ann: seen before" in said
    assert "**Approved by:** bob: agreed" in said


def test_wrapped_notes_are_one_note(tmp_path):
    notes = "    notes: |\n      First look at the\n      cache. Then wait.\n      Long term: a larger\n      one.\n\n      - an item\n      - another\n"
    site = SmallSite.of(tmp_path, TEXT + notes)
    (work,) = site.admit(alert("web", starts_at=site.now)).works
    said = shown(site, work.run.id)
    for line in ("- First look at the cache. Then wait.", "- Long term: a larger one.", "- an item", "- another"):
        assert f"{line}\n" in said
