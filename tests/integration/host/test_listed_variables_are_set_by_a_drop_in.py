"""A unit's variables: over D-Bus (a fake systemd), and over a real sshd with a fake ``systemctl``. The files are real."""

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from remediator.actions import registry
from remediator.actions.systemd.connection import Connection
from remediator.actions.systemd.drop_in import parsed, rendered
from remediator.errors import PermanentError

SET = registry.find("systemd.set_environment")
UNIT = "shop.service"
VALUES = f"{UNIT}.d/90-remediator.env"
LISTED = {UNIT: {"WORKERS": {"pattern": "[0-9]{1,2}"}, "MODE": {"pattern": ".*"}, "TOKEN": {"file": "/nowhere"}}}
#: What docs/hosts.md allows by sudo.
SUDOERS = re.findall(r"/usr/bin/(.*)$", (Path(__file__).parents[3] / "docs/hosts.md").read_text(), re.MULTILINE)


@pytest.fixture
def token(tmp_path):
    file = tmp_path / "token"
    file.write_text("hunter2-hunter2\n")
    return file


def listed(token):
    return {UNIT: LISTED[UNIT] | {"TOKEN": {"file": str(token)}}}


@pytest.fixture
def here(at, bus, systemd, tmp_path, token):
    systemd.add(UNIT)
    systemd.folder = tmp_path / "units"
    connection = {"bus": bus, "environment": listed(token), "drop_ins": str(systemd.folder), "timeout": "1s"}
    return at(host={"local": True}, systemd=connection)


def asked(**more):
    return SET.parameters(unit=UNIT, **more)


async def test_set_and_taken_back(here, systemd):
    p = asked(set={"WORKERS": 4, "MODE": 'a "b" $c `d` \\e é'})
    assert SET.targets(p) == ("host/default/shop.service",)
    assert "WORKERS=4 (now not set by us)" in await SET.preview(p, here)
    assert not systemd.folder.exists()
    first = await SET.resolve(p, here)
    assert await SET.happened(first, here) is False
    said = await SET.perform(p, here)
    assert (said.changed, said.reloaded) == (["MODE", "WORKERS"], True)
    file = systemd.folder / VALUES
    assert file.stat().st_mode & 0o777 == 0o600
    shell = subprocess.run(["sh", "-c", f'. {file}; printf "%s|%s" "$WORKERS" "$MODE"'], capture_output=True, text=True, check=True)
    assert shell.stdout == '4|a "b" $c `d` \\e é'
    assert await SET.happened(first, here) is True

    second = await SET.resolve(asked(set={"WORKERS": 8}), here)
    assert second.before == {"set": {"WORKERS": "4"}, "secrets": []}
    assert (await SET.perform(second.parameters, here)).reloaded is False
    assert (await SET.perform(second.parameters, here)).changed == []
    with pytest.raises(PermanentError, match=r"WORKERS of shop\.service is not what we set"):
        await SET.undo(first, here)
    assert (await SET.undo(second, here)).changed == ["WORKERS"]
    assert (await SET.undo(first, here)).changed == ["MODE", "WORKERS"]
    assert list((systemd.folder / f"{UNIT}.d").iterdir()) == []
    assert systemd.calls == [("Reload",), ("Reload",)]


async def test_a_secret_stays_where_it_is(perform, here, systemd, token):
    intent = await SET.resolve(asked(from_files=["TOKEN"]), here)
    assert "hunter2" not in await SET.preview(intent.parameters, here)
    said = await SET.perform(intent.parameters, here)
    assert "hunter2-hunter2" in (systemd.folder / VALUES).read_text()
    assert "hunter2" not in said.model_dump_json()
    assert await SET.happened(intent, here) is True
    names = await perform("systemd.environment", here, unit=UNIT, expected=["TOKEN"])
    assert (names.names, names.missing, names.unread) == (["TOKEN"], [], [])
    again = await SET.resolve(intent.parameters, here)
    assert again.before == {"set": {}, "secrets": ["TOKEN"]}
    with pytest.raises(PermanentError, match="earlier value of TOKEN is a secret"):
        await SET.undo(again, here)
    token.write_text("another-one\n")
    assert await SET.happened(again, here) is None
    with pytest.raises(PermanentError, match="somebody changed it"):
        await SET.undo(intent, here)


async def test_what_systemd_has_not_read_has_not_happened(here, systemd):
    intent = await SET.resolve(asked(set={"WORKERS": 4}), here)
    systemd.refuse = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
    with pytest.raises(PermanentError, match="not for you"):
        await SET.perform(intent.parameters, here)
    assert await SET.happened(intent, here) is None
    systemd.refuse = ""
    assert (await SET.perform(intent.parameters, here)).reloaded
    assert await SET.happened(intent, here) is True


async def test_what_is_not_listed_is_not_set(here, systemd):
    for args, why in (
        ({"set": {"LD_PRELOAD": "/x"}}, "lists no LD_PRELOAD of shop.service by a pattern"), ({"set": {"WORKERS": "100"}}, "does not allow this value of WORKERS"),
        ({"set": {"TOKEN": "x"}}, "lists no TOKEN"), ({"from_files": ["WORKERS"]}, "lists no WORKERS of shop.service from a file"),
    ):  # fmt: skip
        for step in (SET.perform, SET.preview, SET.resolve):
            with pytest.raises(PermanentError, match=why):
                await step(asked(**args), here)
    assert not systemd.folder.exists()


async def test_a_file_that_somebody_wrote_is_left_alone(here, systemd):
    file = systemd.folder / VALUES
    file.parent.mkdir(parents=True)
    file.write_text("TOKEN=hunter2\n")
    with pytest.raises(PermanentError, match="lines that remediator did not write") as raised:
        await SET.perform(asked(set={"WORKERS": 1}), here)
    assert "hunter2" not in str(raised.value)
    assert file.read_text() == "TOKEN=hunter2\n"


SYSTEMCTL = """
case "$*" in
*daemon-reload) cat {units}/{unit}.d/*.conf | sed -n 's/^EnvironmentFile=-//p' >{home}/files ;;
*) printf 'LoadState=loaded\\nActiveState=active\\nMainPID=0\\n'; while read file; do echo "EnvironmentFiles=$file (ignore_errors=yes)"; done <{home}/files ;;
esac"""


async def test_over_ssh_by_sudo(at, sshd, token):
    units = sshd.home / "units"
    (sshd.home / "files").touch()
    sshd.program("systemctl", SYSTEMCTL.format(units=units, unit=UNIT, home=sshd.home))
    sshd.program("sudo", f'shift; echo "$*" >>{sshd.home}/calls; exec "$@"')
    there = at(host=sshd.fields, systemd={"environment": listed(token), "drop_ins": str(units), "sudo": True})
    intent = await SET.resolve(asked(set={"WORKERS": 4}, from_files=["TOKEN"]), there)
    assert (await SET.perform(intent.parameters, there)).changed == ["TOKEN", "WORKERS"]
    assert await SET.happened(intent, there) is True
    assert (units / VALUES).read_text().splitlines()[1:] == ['TOKEN="hunter2-hunter2"', 'WORKERS="4"']
    assert (await SET.undo(intent, there)).changed == ["TOKEN", "WORKERS"]
    calls = (sshd.home / "calls").read_text()
    assert "hunter2" not in calls
    # sudoers(5): "=" is escaped in arguments.
    allowed = {line.replace("\\=", "=").replace("account-manager", "shop").replace("/etc/systemd/system", str(units)) for line in SUDOERS}
    assert set(calls.splitlines()) <= allowed


@given(st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True), st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=50).filter(lambda text: "\ufffd" not in text), max_size=5))
def test_what_was_written_is_read_again(variables):
    assert parsed(rendered(variables), "file") == variables


@pytest.mark.parametrize("value", ["a\nLD_PRELOAD=/x", "a\0", "\x1b[1m", 1.10])
def test_a_value_is_one_line(value):
    with pytest.raises(ValidationError):
        asked(set={"MODE": value})


@pytest.mark.parametrize("fields", [{"environment": {"x.timer": {}}}, {"environment": {UNIT: {"A": {}}}}, {"environment": {UNIT: {"A": {"pattern": "a", "file": "/f"}}}}, {"environment": {UNIT: {"A B": {"pattern": "a"}}}}, {"drop_ins": "/etc/../x"}, {"drop_ins": "etc"}])  # fmt: skip
def test_what_cannot_be_listed(fields):
    with pytest.raises(ValidationError):
        Connection(**fields)
