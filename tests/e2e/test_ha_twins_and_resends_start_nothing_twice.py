import asyncio
import json
from pathlib import Path

from e2e.daemon import Site, start_daemon

PAYLOADS = Path(__file__).parents[1] / "data" / "payloads"
HEALTH = {"http.probe": {"connection": "shop", "path": "/health"}}
RULES = {
    "rules": [
        {"name": "errors", "match": "alertname = HighErrorRate", "guide": "look", "mode": "auto", "with": {
            "service": "{{ labels.service }}",
        }},
    ],
    "guides": {
        "look": {
            "summary": "Too many errors",
            "parameters": {"service": {"type": "string"}},
            "target": "http/{{ params.service }}",
            "remedies": [{"name": "restart", "steps": [
                {"http.request": {"connection": "shop", "path": "/admin/restart-{{ params.service }}"}},
            ]}],
        }
    },
}  # fmt: skip


def payload(name):
    return (PAYLOADS / f"{name}.json").read_bytes()


async def all_over(daemon, count):
    for _ in range(300):
        found = await daemon.runs()
        if len(found) == count and all(run["status"] == "unverified" for run in found):
            return found
        await asyncio.sleep(0.03)
    raise AssertionError([(run["target"], run["status"], run["reason"]) for run in found])


async def test_twins_resends_changed_groups_and_a_restart(tmp_path, shop):
    site = Site.make(tmp_path, RULES, connections=shop.connections)
    async with start_daemon(site) as daemon:
        # Both of an HA pair send the group, at once; each alert acts once.
        answers = await asyncio.gather(*(daemon.post(payload("firing-3")) for _ in range(4)))
        assert [status for status, _ in answers] == [202] * 4
        assert sum(len(answer["runs"]) for _, answer in answers) == 3
        await all_over(daemon, 3)
        # Any change in a group sends all of it again; repeat_interval does, too.
        for name in ("firing-3", "partly-resolved", "firing-3"):
            status, answer = await daemon.post(payload(name))
            assert (status, answer["runs"]) == (202, [])
        # One alert's startsAt was moved, as Alertmanager does when it merges: the same trouble.
        moved = json.loads(payload("firing-3"))
        moved["alerts"][0]["startsAt"] = "2026-11-22T01:00:00.000Z"
        assert (await daemon.post(json.dumps(moved).encode()))[1]["runs"] == []
        runs = await all_over(daemon, 3)
        assert await daemon.metric("remediator_decisions_total", verdict="run", rule="errors") == 3
        await daemon.stop()
    async with start_daemon(site) as daemon:
        assert (await daemon.post(payload("firing-3")))[1]["runs"] == []
        await all_over(daemon, 3)
    assert len({run["target"] for run in runs}) == 3
    assert len(shop.changes) == len(set(shop.changes)) == 3


async def test_sixty_alerts_of_one_group_are_all_dealt_with(tmp_path, shop):
    name = json.loads(payload("firing-60"))["alerts"][0]["labels"]["alertname"]
    rules = json.loads(json.dumps(RULES).replace("alertname = HighErrorRate", f"alertname = {name}"))
    rules["rules"][0]["with"]["service"] = "{{ alert.fingerprint }}"
    free = {"per_target": None, "per_namespace": None, "overall": None, "budget": None}
    site = Site.make(tmp_path, rules, connections=shop.connections, limits=free)
    async with start_daemon(site) as daemon:
        answers = await asyncio.gather(*(daemon.post(payload("firing-60")) for _ in range(2)))
        assert sum(len(answer["runs"]) for _, answer in answers) == 60
        await all_over(daemon, 60)
    assert len(shop.changes) == len(set(shop.changes)) == 60
