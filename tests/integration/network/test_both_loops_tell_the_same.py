"""The daemon runs on uvloop where it installs: what a loop tells of a TLS connection is its own business."""

import asyncio
import time

import aiohttp
import pytest
import uvloop
from fakes.authority import Authority, serving
from fakes.dns_server import Zone, dns_server

from remediator.actions import registry
from remediator.actions.context import Clients, Context


async def perform(name, **args):
    action = registry.find(name)
    async with aiohttp.ClientSession() as session:
        now = int(time.time() * 1_000_000)  # noqa: TID251 -- the certificates are really of today
        return await action.perform(action.parameters.model_validate(args), Context(session=session, clients=Clients(), now=now))


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_all_parts_are_there(loop, tmp_path):
    async def look():
        authority = Authority(tmp_path)
        async with serving(authority.server("localhost", with_chain=True)) as port:
            shown = await perform("network.tls", host="localhost", port=port, ca_file=str(authority.file))
            timed = await perform("network.http", url=f"https://localhost:{port}/", ca_file=str(authority.file))
            refused = await perform("network.tls", host="localhost", port=port)
        async with dns_server(Zone(shop=["10.0.0.1"])) as server:
            named = await perform("network.dns", names=["shop"], servers=[server], system=False, search=[])
        gone = await perform("network.dns", names=["shop"], servers=[server], system=False, search=[], timeout="1s")
        return shown, timed, refused, named, gone

    with asyncio.Runner(loop_factory=loop) as runner:
        shown, timed, refused, named, gone = runner.run(look())
    assert shown.holds, shown.reason
    assert len(shown.chain) == 2
    assert refused.trust_error
    assert all(part is not None for part in (timed.dns_ms, timed.connect_ms, timed.tls_ms, timed.wait_ms))
    assert named.holds
    assert gone.answers[0].status == "unreachable"
