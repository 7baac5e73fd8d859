"""D-Bus: a real dbus-daemon with a fake systemd behind it. Over ssh: a real sshd with a fake ``systemctl`` on its path."""

import asyncio
import re
import time
from pathlib import Path

import pytest
from dbus_fast import Variant
from pydantic import ValidationError

from remediator.actions import registry
from remediator.actions.systemd.connection import Connection, UnitParameters
from remediator.errors import AmbiguousError, PermanentError, TemporaryError

RESTART = registry.find("systemd.restart")
UNIT = "shop.service"
#: What docs/hosts.md allows by sudo: user, right, then the program and its arguments.
SUDOERS = re.search(r"^remediator ALL=.*$", (Path(__file__).parents[3] / "docs/hosts.md").read_text(), re.MULTILINE)[0].split()[1:]


@pytest.fixture
def here(at, bus, systemd):
    systemd.add(UNIT, NRestarts=2, MemoryCurrent=Variant("t", 4096))
    return at(host={"local": True}, systemd={"bus": bus, "units": [UNIT, "gone.service"], "timeout": "1s"})


async def test_status(perform, here, systemd):
    said = await perform("systemd.status", here, unit=UNIT, active_for="1s")
    assert (said.holds, said.active_state, said.sub_state, said.restarts, said.memory_bytes, said.result) == (True, "active", "running", 2, 4096, "success")
    assert said.active_seconds == pytest.approx(float(Path("/proc/uptime").read_text().split()[0]) - 1, abs=2)
    assert said.since
    systemd.add(UNIT, ActiveEnterTimestampMonotonic=Variant("t", int(time.monotonic() * 1e6)))
    young = await perform("systemd.status", here, unit=UNIT, active_for="10m")
    assert not young.holds
    assert "not for 10m" in young.reason
    assert young.memory_bytes is None
    systemd.add(UNIT, ActiveState="failed", SubState="failed", Result="oom-kill", MainPID=0)
    failed = await perform("systemd.status", here, unit=UNIT)
    assert (failed.holds, failed.reason, failed.main_pid, failed.since) == (False, "shop.service is failed (failed, oom-kill)", None, "")
    with pytest.raises(PermanentError, match=r"there is no unit nobody\.service"):
        await perform("systemd.status", here, unit="nobody.service")


async def test_a_restart_and_what_can_be_told_of_it(here, systemd):
    p = RESTART.parameters(unit=UNIT)
    assert not RESTART.idempotent(p)
    assert RESTART.targets(p) == ("host/default/shop.service",)
    intent = await RESTART.resolve(p, here)
    assert await RESTART.happened(intent, here) is False
    assert await RESTART.preview(p, here) == "restart shop.service on this machine; it is active (running)"
    systemd.slow = 2
    said = await RESTART.perform(p, here)
    assert (said.active_state, said.under_way, said.started) == ("active", False, True)
    assert systemd.calls == [("RestartUnit", UNIT, "replace")]
    assert await RESTART.happened(intent, here) is True


async def test_a_restart_that_takes_longer_than_we_wait(here, systemd):
    systemd.slow = 1000
    said = await RESTART.perform(RESTART.parameters(unit=UNIT, wait="300ms"), here)
    assert said.under_way
    intent = await RESTART.resolve(RESTART.parameters(unit=UNIT), here)
    assert await RESTART.happened(intent, here) is None


async def test_a_unit_that_does_not_come_up_is_told(here, systemd):
    systemd.fails = True
    said = await RESTART.perform(RESTART.parameters(unit=UNIT), here)
    assert (said.active_state, said.result, said.started) == ("failed", "exit-code", True)


async def test_systemds_own_restart_is_not_taken_for_ours(here, systemd):
    intent = await RESTART.resolve(RESTART.parameters(unit=UNIT), here)
    systemd.restart(UNIT)
    systemd.units[UNIT]["NRestarts"] = 3
    assert await RESTART.happened(intent, here) is None


async def test_a_lost_answer_may_have_happened(here, systemd):
    systemd.silent = True
    intent = await RESTART.resolve(RESTART.parameters(unit=UNIT), here)
    with pytest.raises(AmbiguousError) as raised:
        await RESTART.perform(intent.parameters, here)
    assert raised.value.transport
    assert await RESTART.happened(intent, here) is True


async def test_a_refusal_did_not_happen(here, systemd):
    systemd.refuse = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
    with pytest.raises(PermanentError, match="InteractiveAuthorizationRequired: not for you"):
        await RESTART.perform(RESTART.parameters(unit=UNIT), here)


async def test_what_is_not_listed_is_not_restarted(here, systemd):
    systemd.add("ssh.service")
    with pytest.raises(PermanentError, match=r'does not list unit "ssh.service"'):
        await RESTART.perform(RESTART.parameters(unit="ssh.service"), here)
    systemd.add("gone.service", LoadState="masked")
    with pytest.raises(PermanentError, match="is masked"):
        await RESTART.perform(RESTART.parameters(unit="gone.service"), here)
    assert systemd.calls == []


async def test_no_systemd_on_the_bus_and_no_bus(perform, at, bus):
    for address in (bus, "unix:path=/nowhere/bus"):
        with pytest.raises(TemporaryError) as raised:
            await perform("systemd.status", at(host={"local": True}, systemd={"bus": address}), unit=UNIT)
        assert raised.value.transport
    with pytest.raises(PermanentError, match="no such address"):
        await perform("systemd.status", at(host={"local": True}, systemd={"bus": "nonsense"}), unit=UNIT)


async def test_only_names_of_variables(perform, here, systemd, tmp_path):
    file = tmp_path / "shop.env"
    file.write_text("# DB_URL=commented\nDATABASE_URL=postgres://u:hunter2@h/d\n export X=1\nREDIS_URL='redis://:hunter2@h'\n")
    process = await asyncio.create_subprocess_exec("sleep", "60", env={"DATABASE_URL": "hunter2\nNOT_A_NAME=hunter2", "PATH": "/usr/bin:/bin"})
    try:
        systemd.add(UNIT, MainPID=process.pid, Environment=["TOKEN=hunter2", "hunter2"], EnvironmentFiles=Variant("a(sb)", [[str(file), True], ["/nowhere", False]]))
        said = await perform("systemd.environment", here, unit=UNIT, expected=["DATABASE_URL", "TOKEN", "CRM_KEY"])
    finally:
        process.kill()
        await process.wait()
    assert said.names == ["DATABASE_URL", "REDIS_URL", "TOKEN"]
    assert (said.missing, said.missing_in_process, said.unread) == (["CRM_KEY"], ["TOKEN", "CRM_KEY"], ["/nowhere"])
    assert "hunter2" not in said.model_dump_json()


SYSTEMCTL = """
echo "$*" >>{home}/calls
case "$*" in
*restart*) [ -e {home}/refuse ] && echo "Interactive authentication required." >&2 && exit 1
  echo 0123456789abcdef0123456789abcdef >{home}/invocation ;;
*) printf 'LoadState=loaded\\nActiveState=active\\nSubState=running\\nMainPID=1\\nNRestarts=0\\nMemoryCurrent=[not set]\\nJob=\\n'
  printf 'ActiveEnterTimestampMonotonic=2000000\\nInvocationID=%s\\n' "$(cat {home}/invocation)"
  printf 'Environment=TOKEN=hunter2 "MESSAGE=two words" PLAIN=1\\nEnvironmentFiles={home}/shop.env (ignore_errors=yes)\\n' ;;
esac"""


@pytest.fixture
def there(at, sshd):
    (sshd.home / "invocation").write_text("ff" * 16)
    (sshd.home / "shop.env").write_text("DATABASE_URL=hunter2\n")
    sshd.program("systemctl", SYSTEMCTL.replace("{home}", str(sshd.home)))
    sshd.program("sudo", '[ "$1" = -n ] && shift && exec "$@"')
    sshd.program("journalctl", f'echo "$*" >>{sshd.home}/calls; printf "2030-01-01T00:00:02 h shop[1]: error: disk\\n2030-01-01T00:00:01 h shop[1]: started\\n"')
    return at(host=sshd.fields, systemd={"units": [UNIT], "sudo": True})


async def test_over_ssh(perform, there, sshd):
    said = await perform("systemd.status", there, unit=UNIT, active_for="1s")
    assert (said.holds, said.sub_state, said.main_pid, said.memory_bytes) == (True, "running", 1, None)
    p = RESTART.parameters(unit=UNIT)
    intent = await RESTART.resolve(p, there)
    assert await RESTART.happened(intent, there) is False
    assert (await RESTART.perform(p, there)).started
    assert await RESTART.happened(intent, there) is True
    calls = (sshd.home / "calls").read_text().splitlines()
    assert SUDOERS[3:] in [call.replace("shop", "account-manager").split() for call in calls]
    names = await perform("systemd.environment", there, unit=UNIT, expected=["PLAIN", "words"])
    assert (names.names, names.missing) == (["DATABASE_URL", "MESSAGE", "PLAIN", "TOKEN"], ["words"])
    assert "hunter2" not in names.model_dump_json()
    (sshd.home / "refuse").touch()
    with pytest.raises(PermanentError, match="Interactive authentication required"):
        await RESTART.perform(p, there)


async def test_the_journal_is_counted(perform, there, sshd):
    said = await perform("systemd.journal", there, unit=UNIT, grep={"errors": "error"}, tail=7, since="90s")
    assert (said.lines, said.counts, said.shown, said.complete) == (2, {"errors": 1}, ("2030-01-01T00:00:02 h shop[1]: error: disk",), True)
    assert (await perform("systemd.journal", there, unit=UNIT)).shown[0].endswith("started")
    assert "--unit=shop.service --lines=7 --reverse --output=short-iso --no-pager --quiet --since=-90s" in (sshd.home / "calls").read_text()
    sshd.program("journalctl", "yes a-line-of-the-journal")
    long = await asyncio.wait_for(perform("systemd.journal", there, unit=UNIT, max_bytes=2048), 20)
    assert not long.complete
    assert long.lines == 2048 // 22


@pytest.mark.parametrize("unit", ["", "shop", "-H x.service", "--help.service", "a b.service", "a;id.service", "../x.service", "a\n.service", "x.service\n", "a*.service"])
def test_units_are_names(unit):
    with pytest.raises(ValidationError):
        UnitParameters(unit=unit)


@pytest.mark.parametrize("units", [["multi-user.target"], ["shop"], ["-.slice"]])
def test_what_cannot_be_listed(units):
    with pytest.raises(ValidationError):
        Connection(units=units)
