import json

from e2e.daemon import Site, start_daemon
from e2e.shop import shop_rules


async def test_it_holds_while_it_exists_and_everything_stands_in_the_audit_trail(tmp_path, shop):
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections, pause={"file": "pause"})
    file = tmp_path / "pause"
    file.write_text("the data centre is moved\n")
    async with start_daemon(site) as daemon:
        run = await daemon.alert(alertname="ShopDown")
        shown = await daemon.reaches(run, "held", held_by="pause")
        assert f"global is paused by the file {file}: the data centre is moved" in shown["reason"]
        [pause] = await daemon.api("/api/v1/pauses")
        assert pause["reason"] == "the data centre is moved"
        assert "until removed         the data centre is moved" in await daemon.cli("pauses")
        assert shop.changes == []

        file.unlink()
        await daemon.reaches(run, "succeeded")
        await daemon.cli("maintenance", "target:http/**", "--reason", "disks", "--for", "2h")
        lines = [json.loads(line) for line in (await daemon.cli("audit")).splitlines()]
        kinds = [line["kind"] for line in lines]
        assert kinds.index("decision") >= 0
        change = next(line for line in lines if line["kind"] == "change")
        assert (change["run"], change["action"], change["outcome"]) == (run, "http.request", "done")
        assert (lines[-1]["kind"], lines[-1]["subject"]) == ("maintenance", "target:http/**")
        assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
        paused, resumed = (line for line in lines if line["who"] == "pause file")
        assert (paused["kind"], paused["after"]["reason"], resumed["kind"]) == ("pause", "the data centre is moved", "resume")
        after = str(change["id"])
        assert [json.loads(line) for line in (await daemon.cli("audit", "--after", after)).splitlines()] == [
            line for line in lines if line["id"] > change["id"]
        ]
