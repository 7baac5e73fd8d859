import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from remediator.actions.redis.connection import Connection, Settable
from remediator.actions.redis.sizes import in_bytes, same
from remediator.errors import PermanentError


async def set_(site, parameter, value, **fields):
    return await site(**fields).perform("redis.config_set", parameter=parameter, value=value)


async def test_what_the_site_does_not_list_is_refused(site, admin):
    with pytest.raises(PermanentError, match="it lists none"):
        await set_(site, "maxmemory", "1gb")
    with pytest.raises(PermanentError, match='does not list "timeout" as settable; it lists maxmemory'):
        await set_(site, "timeout", "1", settable={"maxmemory": {"values": ["1gb"]}})
    assert admin.config_get("maxmemory") == {"maxmemory": "0"}


@pytest.mark.parametrize("value", ["4gb", "0", "", "99mb", "-1", "1gb 2gb", "1gb\r\nCONFIG SET dir /", "200mb..300mb"])
async def test_a_value_outside_is_refused(site, admin, value):
    with pytest.raises(PermanentError, match="does not allow"):
        await set_(site, "maxmemory", value, settable={"maxmemory": {"values": ["100mb..1gb"]}})
    assert admin.config_get("maxmemory") == {"maxmemory": "0"}


@pytest.mark.parametrize("parameter", ["max*", "MAXMEMORY", "maxmemory maxclients", "dir"])
async def test_a_name_that_is_not_exactly_listed_is_refused(site, parameter):
    with pytest.raises(PermanentError, match="does not list"):
        await set_(site, parameter, "1gb", settable={"maxmemory": {"values": ["1gb"]}})


async def test_a_setting_that_the_server_does_not_know(site):
    with pytest.raises(PermanentError, match="has no setting no-such-thing"):
        await set_(site, "no-such-thing", "1", settable={"no-such-thing": {"values": ["1"]}})


async def test_what_the_server_refuses_did_not_happen(site):
    with pytest.raises(PermanentError, match="refuses"):
        await set_(site, "maxmemory-policy", "nonsense", settable={"maxmemory-policy": {"values": ["nonsense"]}})


@pytest.mark.parametrize("name", [
    "dir", "dbfilename", "requirepass", "masterauth", "aclfile", "logfile", "pidfile", "unixsocket", "bind", "port",
    "tls-key-file", "tls-key-file-pass", "loadmodule", "enable-debug-command", "replicaof", "protected-mode", "max*", "Dir",
])  # fmt: skip
def test_what_would_own_the_server_cannot_be_listed(name):
    with pytest.raises(ValidationError):
        Connection.model_validate({"host": "h", "settable": {name: {"values": ["x"]}}})


@pytest.mark.parametrize("values", [[], ["2gb..1gb"], ["1gb.."], ["a..b"]])
def test_ranges_are_checked_when_the_configuration_is_read(values):
    with pytest.raises(ValidationError):
        Settable.model_validate({"values": values})


@pytest.mark.parametrize(("text", "size"), [
    ("0", 0), ("1k", 1000), ("1kb", 1024), ("1M", 10**6), ("1mb", 2**20), ("2GB", 2**31), ("1g", 10**9), ("7b", 7),
    ("", None), ("-1", None), ("1.5gb", None), ("1 gb", None), ("1tb", None), ("noeviction", None), ("900 1", None), ("1" * 30, None), ("٣", None),
])  # fmt: skip
def test_sizes_are_read_as_redis_conf_means_them(text, size):
    assert in_bytes(text) == size


@given(st.integers(0, 10**15))
def test_a_number_is_itself(number):
    assert in_bytes(str(number)) == number
    assert same(str(number), f"{number}b")
    assert not same(str(number), str(number + 1))
