"""Real servers on loopback with certificates made here: good, expiring, expired, for another name, self-signed."""

import time

import pytest
from fakes.authority import Authority, serving
from fakes.small_server import certificate, closed_port, serve_bytes, serve_nothing
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from remediator.actions import registry
from remediator.actions.network.certificates import covers
from remediator.errors import PermanentError


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def look(perform, authority):
    """Looks at a server with this TLS context, trusting the authority."""

    async def make(tls, **args):
        async with serving(tls) as port:
            args = {"host": "localhost", "port": port, "ca_file": str(authority.file)} | args
            return await perform("network.tls", now=time.time(), **args)  # noqa: TID251 -- the certificates are really of today

    return make


async def test_a_good_one(look, authority):
    said = await look(authority.server("localhost", "127.0.0.1"), min_days_left=30)
    assert said.holds, said.reason
    assert (said.trusted, said.matches, said.self_signed) == (True, True, False)
    assert said.names == ["localhost", "127.0.0.1"]
    assert (said.subject, said.issuer) == ("CN=localhost", "CN=test authority")
    assert 59.9 < said.days_left <= 60
    assert said.protocol == "TLSv1.3"
    assert said.handshake_ms > 0
    assert len(said.fingerprint) == 64
    assert [each.subject for each in said.chain] == ["CN=localhost"]


async def test_one_that_expires_soon(look, authority):
    said = await look(authority.server("localhost", days=5), min_days_left=14)
    assert not said.holds
    assert said.trusted
    assert "expires in 5.0 days, which is not more than 14" in said.reason
    assert (await look(authority.server("localhost", days=5), min_days_left=4)).holds


async def test_one_that_has_expired_is_read_all_the_same(look, authority):
    said = await look(authority.server("localhost", days=-3), min_days_left=1)
    assert (said.holds, said.trusted, said.matches) == (False, False, True)
    assert said.trust_error == "certificate has expired"
    assert -3.1 < said.days_left < -2.9
    assert "expired 3.0 days ago" in said.reason


async def test_one_for_another_name(look, authority):
    said = await look(authority.server("shop.example", "*.localhost"))
    assert (said.holds, said.trusted, said.matches) == (False, True, False)
    assert said.reason == "it is for shop.example, *.localhost, not for localhost"
    assert (await look(authority.server("shop.example"), name_matches=False)).holds
    assert (await look(authority.server("shop.example"), server_name="shop.example")).holds


async def test_one_that_signed_itself(look, tmp_path):
    said = await look(certificate(tmp_path)[0], host="127.0.0.1")
    assert (said.holds, said.trusted, said.self_signed, said.matches) == (False, False, True, True)
    assert said.trust_error.startswith("self-signed certificate")
    assert (await look(certificate(tmp_path)[0], host="127.0.0.1", trusted=False, min_days_left=1)).holds


async def test_one_of_an_unknown_authority(look, authority, tmp_path):
    stranger = Authority(tmp_path, "stranger")
    said = await look(stranger.server("localhost"))
    assert (said.trusted, said.trust_error) == (False, "unable to get local issuer certificate")


async def test_the_whole_chain_counts(look, authority):
    said = await look(authority.server("localhost", days=2000, with_chain=True), min_days_left=899.5)
    assert [each.subject for each in said.chain] == ["CN=localhost", "CN=test authority"]
    assert said.chain[0].days_left > 1999
    assert said.days_left < 900.1
    assert said.holds


async def test_an_entry_of_the_site(perform, authority):
    async with serving(authority.server("shop.example")) as port:
        entry = {"host": "127.0.0.1", "port": port, "server_name": "shop.example", "ca_file": str(authority.file)}
        said = await perform("network.tls", {"shop": entry}, now=time.time(), connection="shop", min_days_left=30)  # noqa: TID251 -- as above
    assert said.holds, said.reason


async def test_no_handshake_is_a_finding(perform):
    said = await perform("network.tls", host="127.0.0.1", port=await closed_port())
    assert (said.holds, said.trusted, said.days_left) == (False, None, None)
    async with serve_bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        said = await perform("network.tls", host="127.0.0.1", port=int(server.url.rpartition(":")[2]), timeout="1s")
    assert not said.holds
    async with serve_nothing() as port:
        said = await perform("network.tls", host="127.0.0.1", port=port, timeout="200ms")
    assert "did not answer within 0.2s" in said.reason
    assert "does not resolve" in (await perform("network.tls", host="no-such-name.invalid", timeout="2s")).reason


async def test_a_file_of_ours_is_our_error(perform):
    with pytest.raises(PermanentError, match="cannot use the authorities"):
        await perform("network.tls", host="127.0.0.1", ca_file="/nonexistent")


@pytest.mark.parametrize(("names", "host", "fits"), [
    (["a.example"], "a.example", True), (["A.Example"], "a.eXample.", True), (["*.example.org"], "a.example.org", True),
    (["*.example.org"], "example.org", False), (["*.example.org"], "a.b.example.org", False), (["*.org"], "example.org", False),
    (["a*.example.org"], "ab.example.org", False), (["*"], "localhost", False), (["*.*.org"], "a.b.org", False), ([], "a", False),
    (["10.0.0.1"], "10.0.0.1", True), (["::1"], "0:0:0:0:0:0:0:1", True), (["*.0.0.1"], "10.0.0.1", False), (["a"], "10.0.0.1", False),
])  # fmt: skip
def test_names_are_compared_as_clients_do(names, host, fits):
    assert covers(tuple(names), host) is fits


@given(st.text("ab.*", max_size=8), st.text("ab.", max_size=8))
def test_a_wildcard_is_one_whole_label(name, host):
    if covers((name,), host):
        ours, theirs = host.removesuffix(".").split("."), name.split(".")
        assert len(ours) == len(theirs)
        assert ours[1:] == theirs[1:]
        assert theirs[0] in ("*", ours[0])


@pytest.mark.parametrize("args", [{"host": "a", "min_days_left": -1}, {"host": "a", "timeout": "0s"}, {"connection": "a", "port": 443}])
def test_arguments_are_checked(args):
    with pytest.raises(ValidationError):
        registry.find("network.tls").parameters.model_validate(args)
