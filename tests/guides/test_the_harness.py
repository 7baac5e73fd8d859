"""The harness runs a pack in the real daemon: alert in, backend changed, verified, told."""

from __future__ import annotations

import yaml
from aiohttp import web

PACK = """
defaults:
  with: {api: elsewhere}
rules:
  - name: down
    match: alertname = "Down"
    guide: restart
    mode: auto
    for: 5m
guides:
  restart:
    summary: The service does not answer
    parameters:
      api: {type: string}
    target: http/{{ params.api }}
    diagnose:
      - id: health
        http.probe: {connection: "{{ params.api }}", path: /health}
    remedies:
      - name: restart it
        when: not steps.health.holds
        steps:
          - http.request: {connection: "{{ params.api }}", path: /restart, method: POST}
    verify:
      within: 10m
      hold: 2m
      all:
        - http.probe: {connection: "{{ params.api }}", path: /health}
"""


async def test_a_run_ends_verified(site, service, postgres, redis, kubernetes, prometheus):
    api = await service({"/health": 503})

    async def restart(_request):
        api.answers["/health"] = 200
        return web.json_response({})

    api.answers["POST /restart"] = restart
    async with site.running(yaml.safe_load(PACK), params={"api": "api"}, connections={
        "http": {"api": api.connection()}, "postgres": {"default": postgres.connection()},
        "redis": {"default": redis.connection()}, "kubernetes": {"default": kubernetes.connection},
        "prometheus": {"default": prometheus.connection()},
    }) as daemon:  # fmt: skip
        run = await daemon.alert(alertname="Down", severity="critical")
        await daemon.ends(run, "succeeded")
        assert "restart it" in await daemon.report(run)
    assert [request[:2] for request in api.changes()] == [("POST", "/restart")]
    assert "restart it" in daemon.console.getvalue()

