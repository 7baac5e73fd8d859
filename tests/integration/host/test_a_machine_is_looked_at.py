"""The facts of this very machine, from its real /proc: asked directly, and over a real sshd on loopback."""

import asyncio
import os
import shutil
import sys

import psutil
import pytest
from aiohttp import web
from fakes.small_server import closed_port, serve


async def test_disk(perform, machine):
    said = await perform("host.disk", machine)
    known = {disk.mount: disk for disk in said.disks}
    root = shutil.disk_usage("/")
    assert known["/"].size_bytes == root.total
    assert known["/"].free_bytes == pytest.approx(root.free, rel=0.05)
    assert said.used_share == max(disk.used_share for disk in said.disks)


async def test_memory(perform, machine):
    said, real = await perform("host.memory", machine), psutil.virtual_memory()
    assert said.total_bytes == real.total
    assert said.available_bytes == pytest.approx(real.available, rel=0.2)
    assert 0 < said.used_share < 1


async def test_cpu(perform, machine):
    said = await perform("host.cpu", machine, over="200ms")
    assert said.processors == psutil.cpu_count()
    assert said.load_1m == pytest.approx(os.getloadavg()[0], abs=2)
    assert 0 <= said.busy_share <= 1


async def test_processes(perform, machine):
    burning = await asyncio.create_subprocess_exec(sys.executable, "-c", "secret = 'hunter2'\nwhile True: pass")
    try:
        said = await perform("host.processes", machine, by="cpu", over="500ms", top=50)
        ours = next(one for one in said.top if one.pid == burning.pid)
        assert ours.cpu_cores > 0.05
        assert ours.name.startswith("python")
        assert ours.memory_bytes == pytest.approx(psutil.Process(burning.pid).memory_info().rss, rel=0.2)
        assert said.count > 1
        assert "hunter2" not in said.model_dump_json()
        by_memory = await perform("host.processes", machine, by="memory", over="50ms", top=3)
        sizes = [one.memory_bytes for one in by_memory.top]
        assert sizes == sorted(sizes, reverse=True)
    finally:
        burning.kill()
        await burning.wait()


async def test_who_holds_a_port(perform, machine):
    async with serve(web.Response()) as server:
        port = int(server.url.rpartition(":")[2])
        said = await perform("host.sockets", machine, port=port)
        assert (said.held, said.count) == (True, 1)
        (held,) = said.sockets
        assert (held.protocol, held.address, held.port, held.pid) == ("tcp", "127.0.0.1", port, os.getpid())
        assert said.holder == held.process == psutil.Process().name()[:15]
        assert (await perform("host.sockets", machine)).count >= 1
    free = await perform("host.sockets", machine, port=await closed_port())
    assert (free.held, free.holder, free.sockets) == (False, "", [])


async def test_udp(perform, at):
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(asyncio.DatagramProtocol, ("::1", 0))
    port = transport.get_extra_info("sockname")[1]
    try:
        said = await perform("host.sockets", at(host={"local": True}), port=port, udp=True)
        assert [(one.protocol, one.address) for one in said.sockets] == [("udp6", "::1")]
        assert not (await perform("host.sockets", at(host={"local": True}), port=port)).held
    finally:
        transport.close()


async def test_what_the_kernel_counted(perform, machine):
    said = await perform("host.oom", machine)
    assert said.since_boot is None or said.since_boot >= 0
    assert said.unread or said.kills >= 0


async def test_check(perform, machine):
    fine = await perform("host.check", machine, disk_below=1, memory_below=1, cpu_below=1, mounts=["/"], over="50ms")
    assert fine.memory_share < 1
    assert fine.disk_share <= 1
    tight = await perform("host.check", machine, memory_below=0.0001, mounts=["/nowhere"], disk_below=1)
    assert not tight.holds
    assert "of memory are in use, not below 0.0%" in tight.reason
    assert "no file system is mounted at /nowhere" in tight.reason
