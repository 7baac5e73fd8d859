"""A budget that cannot be full yet is judged by one look-up, however high it is and however much it has counted."""

from fakes.small_site import SmallSite, alert

from remediator.core.limits import Throttle

RULES = """
rules:
  - {name: restart, match: alertname = "Down", guide: restart, with: {service: "{{ labels.service }}"}, mode: auto}
guides:
  restart:
    summary: it is down
    parameters: {service: {type: string}}
    target: host/{{ params.service }}
    remedies:
      - name: restart it
        steps:
          - http.request: {url: "http://127.0.0.1:9/restart/{{ params.service }}", method: POST}
"""


def statements_of(site: SmallSite, service: str) -> list[str]:
    """Return the statements about the budget that admitting an alert runs, as SQLite sees them."""
    seen: list[str] = []
    site.db.set_trace_callback(seen.append)
    site.admit(alert(service))
    site.db.set_trace_callback(None)
    return [each for each in seen if "touched" in each and each.startswith("SELECT at")]


def test_no_rows_are_read_while_fewer_were_taken_than_are_free(tmp_path):
    site = SmallSite.of(tmp_path, RULES)
    site.limited(budget=Throttle(50, 3600))
    assert [statements_of(site, f"s{number}") for number in range(50)] == [[]] * 50
    assert statements_of(site, "s50") != []  # now it may be full, and is

