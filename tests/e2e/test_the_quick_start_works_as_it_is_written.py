"""docs/quickstart.md, step 2 to 6: its files, its commands, and what it says that one sees."""

import re
import shlex
from pathlib import Path

from e2e.daemon import Site, start_daemon

PAGE = (Path(__file__).parents[2] / "docs/quickstart.md").read_text("utf-8")
FILES = dict(re.findall(r"<!-- quickstart: (\S+) -->\n```yaml\n(.*?)```", PAGE, re.DOTALL))
SENDS = re.findall(r"^remediator (send .*)$", PAGE, re.MULTILINE)
SHOWN = re.search(r"```text\n(.*?)\n```", PAGE)[1]


class Reader:
    """Somebody who does what the page says, in a folder of the test's."""

    def __init__(self, home):
        self.lock = home / "shop/import.lock"
        self.lock.parent.mkdir()
        self.site = Site(home)
        self.config = FILES["remediator.yml"].replace("/tmp/shop", str(self.lock.parent))
        (home / "rules").mkdir()
        (home / "rules/import.yaml").write_text(FILES["rules/import.yaml"])

    def write(self, head=""):
        first, _, rest = self.config.partition("\n")
        self.site.config.write_text(f"{head or first}\n{rest}")

    async def sends(self, daemon, number):
        """Send the page's alert of this number; return the run that it started, or ""."""
        said = await daemon.cli(*shlex.split(SENDS[number]))
        return next(iter(re.findall(r'"runs":\["(\w+)"', said)), "")


async def test_observe_then_ask_then_act(tmp_path):
    reader = Reader(tmp_path)
    reader.write()
    reader.lock.touch()
    async with start_daemon(reader.site) as daemon:
        await daemon.reaches(await reader.sends(daemon, 0), "observed")
        await daemon.tells(SHOWN)
        assert await reader.sends(daemon, 0) == ""  # the same trouble
        assert reader.lock.exists()

    reader.write(FILES["asking"])
    async with start_daemon(reader.site) as daemon:
        run = await reader.sends(daemon, 1)
        await daemon.reaches(run, "awaiting_approval")
        assert run in await daemon.cli("runs", "list", "--status", "open")
        assert reader.lock.exists()
        await daemon.cli("runs", "approve", run[-6:], "--reason", "the import is not running")
        await daemon.reaches(run, "succeeded")
        assert not reader.lock.exists()

    reader.write(FILES["asking"].replace("max_mode: ask", "max_mode: auto"))
    reader.lock.touch()
    async with start_daemon(reader.site) as daemon:
        await daemon.reaches(await reader.sends(daemon, 2), "succeeded")
    assert not reader.lock.exists()
