import asyncio

import pytest
from fakes.dns_server import Zone, dns_server
from pydantic import ValidationError

from remediator.actions import registry
from remediator.actions.network.resolv_conf import ResolvConf, candidates, parse

SHOP = {"orders.shop.svc.cluster.local": ["10.0.0.7"], "both.example": ["192.0.2.1", "2001:db8::1"], "www.example": ["both.example"]}


def zone(**fields):
    made = Zone(**SHOP)
    for key, value in fields.items():
        setattr(made, key, value)
    return made


async def ask(perform, made, *names, **args):
    async with dns_server(made) as server:
        return await perform("network.dns", names=names, servers=[server], system=False, search=["shop.svc.cluster.local"], **args)


async def test_full_and_short_names(perform):
    said = await ask(perform, zone(), "orders.shop.svc.cluster.local", "orders", "www.example")
    assert said.holds
    assert [(a.status, a.full_name, a.addresses) for a in said.answers] == [
        ("found", "", ["10.0.0.7"]),
        ("found", "orders.shop.svc.cluster.local", ["10.0.0.7"]),
        ("found", "", ["192.0.2.1", "2001:db8::1"]),
    ]
    assert (said.found, said.failed) == (3, 0)
    assert said.slowest_ms > 0


async def test_a_name_that_nobody_knows(perform):
    said = await ask(perform, zone(), "orders", "gone.example")
    assert not said.holds
    assert (said.found, said.failed) == (1, 1)
    assert said.answers[1].status == "no such name"
    assert "gone.example at 127.0.0.1:" in said.reason


async def test_a_name_with_a_dot_at_its_end_is_asked_as_it_is(perform):
    made = zone()
    said = await ask(perform, made, "orders.", family="ipv4")
    assert said.answers[0].status == "no such name"
    assert made.asked == [("orders", "A")]


@pytest.mark.parametrize(("code", "status"), [(2, "server failed"), (5, "refused"), (4, "server failed"), (0, "no address")])
async def test_what_a_server_refuses_is_told_apart(perform, code, status):
    assert (await ask(perform, zone(code=code), "orders")).answers[0].status == status


async def test_no_answer_in_time(perform):
    said = await ask(perform, zone(silent=True), "orders", timeout="200ms")
    assert said.answers[0].status == "no answer"


async def test_a_forged_answer_is_passed_over(perform):
    assert (await ask(perform, zone(raw=b"\x00" * 40), "orders", timeout="200ms")).answers[0].status == "no answer"


async def test_a_long_answer_is_asked_again_over_tcp(perform):
    made = zone(truncated=True)
    said = await ask(perform, made, "both.example", family="ipv6")
    assert said.answers[0].addresses == ["2001:db8::1"]
    assert made.asked == [("both.example", "AAAA")] * 2


async def test_nobody_there(perform):
    async with dns_server(zone()) as server:
        pass
    said = await perform("network.dns", names=["orders"], servers=[server], system=False, search=[], timeout="1s")
    assert said.answers[0].status == "unreachable"


async def test_servers_that_disagree_are_seen(perform):
    async with dns_server(zone()) as good, dns_server(Zone()) as bad:
        said = await perform("network.dns", names=["both.example"], servers=[good, bad], system=False, search=[])
    assert [answer.status for answer in said.answers] == ["found", "no such name"]
    assert not said.holds
    assert bad in said.reason


async def test_answers_must_lie_where_they_are_expected(perform):
    assert (await ask(perform, zone(), "orders", expect=["10.0.0.0/8"])).holds
    said = await ask(perform, zone(), "both.example", expect=["192.0.2.0/24"])
    assert not said.holds
    assert "2001:db8::1, which is not expected" in said.reason
    assert not (await ask(perform, zone(), "orders", latency_below="0ms")).holds


async def test_the_systems_resolver(perform):
    said = await perform("network.dns", names=["localhost", "127.0.0.1"], family="ipv4")
    assert said.holds
    assert [answer.addresses for answer in said.answers] == [["127.0.0.1"]] * 2
    said = await perform("network.dns", names=["no-such-name.invalid"], timeout="2s")
    assert said.answers[0].status in {"no such name", "no answer", "server failed"}


async def test_an_entry_of_the_site(perform):
    async with dns_server(zone()) as server:
        entry = {"host": "both.example", "names": ["www.example"], "servers": [server]}
        said = await perform("network.dns", {"shop": entry}, connection="shop", system=False)
    assert said.holds
    assert [answer.name for answer in said.answers] == ["both.example", "www.example"]


async def test_all_are_asked_at_the_same_time(perform):
    async with asyncio.timeout(2):
        said = await ask(perform, zone(silent=True), *(f"n{i}" for i in range(10)), timeout="500ms")
    assert said.failed == 10


@pytest.mark.parametrize("args", [
    {}, {"names": ["a"], "connection": "b"}, {"names": ["a b"]}, {"names": ["a/b"]}, {"names": [""]}, {"names": ["a" * 64]}, {"names": ["-a"]},
    {"names": ["a..b"]}, {"names": ["a\n"]}, {"names": ["a"], "servers": ["dns.example"]}, {"names": ["a"], "servers": ["10.0.0.1:0"]},
    {"names": ["a"], "servers": ["10.0.0.1:99999"]}, {"names": ["a"], "system": False}, {"names": ["a"] * 11}, {"names": ["a"], "expect": ["x"]},
])  # fmt: skip
def test_arguments_are_checked(args):
    with pytest.raises(ValidationError):
        registry.find("network.dns").parameters.model_validate(args)


def test_resolv_conf_is_read():
    text = "# a note\nnameserver 10.96.0.10\nnameserver fe80::1\nnameserver none\ndomain x\nsearch shop.svc cluster.local\noptions ndots:5 rotate ndots:x\n\x00\nnameserver 1.1.1.1\nnameserver 9.9.9.9\n"
    assert parse(text) == ResolvConf(("10.96.0.10", "fe80::1", "1.1.1.1"), ("shop.svc", "cluster.local"), 5)
    assert parse("") == ResolvConf()


def test_short_names_are_searched_first_and_full_ones_last():
    assert candidates("orders", ("a", "b."), 1) == ("orders.a", "orders.b", "orders")
    assert candidates("orders.shop", ("a",), 1) == ("orders.shop", "orders.shop.a")
    assert candidates("orders.shop", ("a",), 5) == ("orders.shop.a", "orders.shop")
    assert candidates("orders.", ("a",), 5) == ("orders.",)
