"""The ACL users of docs/redis.md, made on a real server: they can do what they are for, and no more."""

import re
from pathlib import Path

import pytest
import valkey
import yaml

from remediator.errors import PermanentError

PAGE = (Path(__file__).parents[3] / "docs/redis.md").read_text()
ACL = dict(re.findall(r"<!-- acl: (\w+) -->\n```\nuser remediator (.*?)\n```", PAGE))
CONNECTION = yaml.safe_load(re.search(r"<!-- with redis -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)[1])["connections"]["redis"]["sessions"]
LOOKING = ("ping", "info", "keys", "slowlog", "latency", "big_keys", "check")


@pytest.fixture
def as_user(site, admin, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("PASSWORD")
    yield lambda kind: (
        admin.execute_command("ACL", "SETUSER", "remediator", "reset", *ACL[kind].split()),
        site(**{key: value for key, value in CONNECTION.items() if key != "host"} | {"password_file": str(secret)}),
    )[1]
    admin.execute_command("ACL", "DELUSER", "remediator")


@pytest.mark.parametrize("kind", ["looking", "changing"])
async def test_looking(as_user, admin, kind):
    admin.mset({"cache:1": "x", "user:1": "x"})
    made = as_user(kind)
    for name in LOOKING:
        said = await made.perform(f"redis.{name}", **({"accepts_writes": True} if name == "check" else {}))
        assert getattr(said, "holds", True), said
    assert (await made.perform("redis.big_keys", min_bytes=1)).keys[0].type == "string"


async def test_changing(as_user, admin):
    admin.mset({"cache:1": "x" * 2000, "cache:2": "x", "crm-token:1": "x", "user:1": "x"})
    made = as_user("changing")
    policy = {"parameter": "maxmemory-policy", "value": "allkeys-lru"}
    intent = await made.resolve("redis.config_set", **policy)
    assert await made.preview("redis.config_set", **policy)
    assert (await made.perform("redis.config_set", **policy)).changed
    assert (await made.undo("redis.config_set", intent)).changed
    assert (await made.perform("redis.evict_big_keys", pattern="cache:*", min_bytes=1024)).deleted == 1
    assert await made.preview("redis.delete_keys", keys=["crm-token:1"])
    assert (await made.perform("redis.delete_keys", keys=["crm-token:1"])).deleted == 1
    assert (await made.perform("redis.delete_keys", pattern="cache:*")).deleted == 1
    assert admin.keys() == [b"user:1"]


async def test_one_that_may_look_cannot_change(as_user, admin):
    admin.set("cache:1", "x")
    made = as_user("looking")
    for name, args in (("config_set", {"parameter": "maxmemory", "value": "2gb"}), ("delete_keys", {"keys": ["cache:1"]})):
        with pytest.raises(PermanentError, match="permission"):
            await made.perform(f"redis.{name}", **args)
    assert admin.dbsize() == 1


@pytest.mark.parametrize("command", ["GET user:1", "UNLINK user:1", "SETRANGE user:1 0 x", "FLUSHDB", "KEYS *", "EVAL x 0", "CLIENT LIST", "ACL LIST", "SHUTDOWN"])
def test_nothing_beyond(as_user, server, command):
    as_user("changing")
    with valkey.Valkey(host=server.host, port=server.port, username="remediator", password="PASSWORD") as client, pytest.raises(valkey.exceptions.NoPermissionError):
        client.execute_command(*command.split())
