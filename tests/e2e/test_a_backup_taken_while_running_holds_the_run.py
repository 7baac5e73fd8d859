import sqlite3

import yaml
from e2e.daemon import Site, command, start_daemon
from e2e.shop import shop_rules


async def test_backup_opens_and_serves(tmp_path, shop):
    shop.heals = set()
    site = Site.make(tmp_path, shop_rules(within="1h"), connections=shop.connections)
    async with start_daemon(site) as daemon:
        run = await daemon.alert(alertname="ShopDown")
        await daemon.reaches(run, "verifying")
        backup = ("backup", "--config.file", "remediator.yml")
        code, out, err = await command(tmp_path, *backup, "copy.db")
        assert code == 0, err
        assert "copy.db" in out
        code, _, err = await command(tmp_path, *backup, "copy.db")  # nothing is overwritten
        assert code == 1
        assert "copy.db" in err
        assert "Traceback" not in err
        shop.broken = False
        await daemon.reaches(run, "succeeded")  # the daemon has not noticed
    with sqlite3.connect(tmp_path / "copy.db") as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copy.execute("SELECT id, status FROM run").fetchall() == [(run, "verifying")]
    # A daemon on the copy goes on from there.
    settings = yaml.safe_load(site.config.read_text())
    site.config.write_text(yaml.safe_dump(settings | {"store": {"path": "copy.db"}}))
    async with start_daemon(site) as daemon:
        await daemon.reaches(run, "succeeded")
    assert shop.changes == ["reset-breaker"]
