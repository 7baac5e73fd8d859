import json

import pytest
from aiohttp import web
from fakes.small_server import closed_port, serve
from pydantic import ValidationError

from remediator.actions import registry
from remediator.actions.http.destination import Connection
from remediator.errors import PermanentError

GRAPHQL = "query($shop: String!, $since: Time) { orders(shop: $shop, since: $since) { open } }"
QUERIES = {
    "orders": {"path": "/graphql", "graphql": GRAPHQL, "variables": {"shop": "[a-z]{1,20}", "max": "[0-9]+"}, "ago": {"since": "1h"}},
    "search": {"path": "/_search", "body": {"size": 0}},
}  # fmt: skip
VALUES = {"shop": "books", "max": 5}
ANSWER = {"data": {"orders": {"open": 7}}}


@pytest.fixture
def ask(perform, connected, tmp_path):
    (tmp_path / "token").write_text("hunter2-hunter2\n")

    def ask(server, query="orders", values=VALUES, **args):
        context = connected("http", "shop", base_url=server.url, queries=QUERIES, bearer_token_file=str(tmp_path / "token"))
        return perform("http.query", context, connection="shop", query=query, values=values, **args)

    return ask


async def test_a_graphql_query_is_asked_with_its_values(ask):
    async with serve(web.json_response(ANSWER)) as server:
        found = await ask(server, select={"open": {"path": "$.data.orders.open"}, "none": {"path": "$.nothing"}}, json={"path": "$.data.orders.open", "below": 10})
    assert (found.holds, found.found, found.value, found.status) == (True, {"open": 7, "none": None}, 7, 200)
    (seen,) = server.requests
    assert (seen.method, seen.path) == ("POST", "/graphql")
    assert json.loads(server.bodies[0]) == {"query": GRAPHQL, "variables": {**VALUES, "since": "2023-11-14T21:13:20Z"}}
    assert seen.headers["Authorization"] == "Bearer hunter2-hunter2"
    assert "Idempotency-Key" not in seen.headers


async def test_a_json_body_is_sent_as_it_is_listed(ask):
    async with serve(web.json_response({"hits": 3, "echo": "hunter2-hunter2"})) as server:
        found = await ask(server, "search", {}, select={"hits": {"path": "$.hits", "above": 3}})
    assert json.loads(server.bodies[0]) == {"size": 0}
    assert not found.holds
    assert found.reason == "$.hits is 3, not above 3"
    assert "hunter2" not in found.model_dump_json()


async def test_what_is_no_answer_does_not_hold(ask):
    for answer, why in (
        (web.json_response({"data": None, "errors": [{"message": "no such field"}]}), "it says: no such field"), (web.Response(status=503, text="later"), "status is 503"),
        (web.Response(status=302, headers={"Location": "/elsewhere"}), "status is 302"), (web.Response(text="<html>"), "not JSON"),
    ):  # fmt: skip
        async with serve(answer) as server:
            found = await ask(server)
        assert not found.holds
        assert why in found.reason
        assert len(server.requests) == 1
    async with serve(web.json_response(ANSWER)) as server:
        assert "longer than body_limit" in (await ask(server, body_limit=3)).reason


async def test_nobody_there_is_a_finding(perform, connected):
    context = connected("http", "shop", base_url=f"http://127.0.0.1:{await closed_port()}", queries=QUERIES)
    assert not (await perform("http.query", context, connection="shop", query="search")).holds


async def test_nothing_else_is_asked(ask):
    async with serve(web.json_response(ANSWER)) as server:
        for args, why in (
            (("delete",), 'lists no query "delete": orders, search'), (("orders", {"shop": "books"}), "other variables than were given: max, shop"),
            (("orders", {"shop": "BOOKS", "max": 5}), "does not allow this value of shop"), (("orders", {"shop": "books", "max": True}), "does not allow this value of max"),
            (("search", {"size": 1}), "other variables"),
        ):  # fmt: skip
            with pytest.raises(PermanentError, match=why):
                await ask(server, *args)
    assert server.requests == []
    assert not registry.find("http.query").changes


@pytest.mark.parametrize(
    "listed",
    [
        {"graphql": "mutation { drop }"}, {"graphql": "{ a } mutation M { drop }"}, {"graphql": 'query { a(x: "}") } subscription { b }'},
        {"graphql": "# {\nmutation { drop }"}, {"graphql": '"""\n{\n""" mutation { drop }'}, {"graphql": "{ a"}, {"graphql": "a"}, {}, {"graphql": "{a}", "body": {}},
        {"body": {}, "variables": {"a": "b"}}, {"graphql": "{a}", "variables": {"a": "b"}, "ago": {"a": "1h"}}, {"graphql": "{a}", "path": "/a/../b"},
    ],
)  # fmt: skip
def test_what_cannot_be_listed(listed):
    with pytest.raises(ValidationError):
        Connection(base_url="http://shop", queries={"q": {"path": "/graphql", **listed}})


def test_words_in_strings_and_fields_are_no_operations():
    Connection(base_url="http://shop", queries={"q": {"path": "/", "graphql": '{ mutation(x: "{ \\" mutation") subscription } # mutation {'}})
