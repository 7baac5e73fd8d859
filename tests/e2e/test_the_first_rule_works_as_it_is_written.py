"""docs/first-rule.md from top to bottom: its files are written, its commands run, and they say what the page says."""

import asyncio
import os
import re
import shlex
import socket
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from e2e.daemon import Site, start_daemon
from fakes.forking import start

PAGE = Path(__file__).parents[2] / "docs/first-rule.md"
BLOCK = re.compile(r"(?:<!-- ([^\n]*) -->\n)?```(\w+)\n(.*?)```", re.DOTALL)


class Reader:
    """Somebody who does what the page says, in a folder and with a port of the test's."""

    def __init__(self, home, stack):
        self.home, self.stack = home, stack
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = str(probe.getsockname()[1])
        self.said = ""
        self.daemon = None
        self.environment = dict(os.environ)

    def here(self, text):
        return text.replace("/tmp/mail", str(self.home)).replace("8099", self.port)

    async def runs(self, line):
        if line.startswith("remediator serve"):
            self.daemon = await self.stack.enter_async_context(start_daemon(Site(self.home)))
            self.environment["REMEDIATOR_URL"] = self.daemon.url
        elif "http.server" in line:
            await self.serves(self.here(line).split()[1:])
        elif line.startswith("remediator "):
            with (self.home / "said").open("w+b") as said:
                program = await start(
                    *shlex.split(line)[1:], cwd=self.home, env=self.environment, out=said, err=said
                )  # fmt: skip
                assert await asyncio.wait_for(program.wait(), 30) in (0, 1, 3)
                said.seek(0)
                self.said += said.read().decode()
        else:
            process = await asyncio.create_subprocess_shell(
                self.here(line), cwd=self.home, env=self.environment, stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            out, _ = await asyncio.wait_for(process.communicate(), 30)
            self.said += out.decode()
            assert process.returncode == 0, out.decode()

    async def serves(self, words):
        process = await asyncio.create_subprocess_exec(
            sys.executable, *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        self.stack.push_async_callback(process.wait)
        self.stack.callback(process.kill)
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", int(self.port))
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
        raise AssertionError("the page's web server does not start")


async def test_from_top_to_bottom(tmp_path):
    seen = []
    async with AsyncExitStack() as stack:
        reader = Reader(tmp_path, stack)
        for about, language, text in BLOCK.findall(PAGE.read_text("utf-8")):
            if language == "sh":
                reader.said = ""
                for line in text.splitlines():
                    await reader.runs(line)
            elif language == "yaml" and about.startswith("first-rule: "):
                (tmp_path / about.removeprefix("first-rule: ")).write_text(reader.here(text))
            elif about == "said":
                seen.append(reader.said)
                assert reader.said == reader.here(text)
            elif about == "the daemon prints":
                await reader.daemon.tells(text.strip())
        assert (tmp_path / "status.json").read_text() == '{"workers": 0}\n'
    assert len(seen) == 5
