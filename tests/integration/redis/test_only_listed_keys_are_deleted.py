import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from remediator.actions import registry
from remediator.actions.redis.connection import Connection, fits
from remediator.errors import PermanentError

LISTED = {"key_patterns": ["cache:*", "token:????"]}


async def test_exact_names(site, admin):
    admin.mset({"cache:a": 1, "cache:b": 1, "cache:c": 1})
    done = await site(**LISTED).perform("redis.delete_keys", keys=["cache:a", "cache:b", "cache:gone"])
    assert (done.deleted, done.matched) == (2, 3)
    assert admin.keys() == [b"cache:c"]


async def test_an_exact_name_with_wildcards_is_only_itself(site, admin):
    admin.mset({"cache:*": 1, "cache:[a]": 1, "cache:a": 1})
    done = await site(**LISTED).perform("redis.delete_keys", keys=["cache:*", "cache:[a]"])
    assert done.deleted == 2
    assert admin.keys() == [b"cache:a"]


@pytest.mark.parametrize("key", ["session:a", "acache:a", "token:12345", "token:123", "cache"])
async def test_a_name_that_no_pattern_covers_is_refused_and_nothing_is_deleted(site, admin, key):
    admin.mset({"cache:a": 1, key: 1})
    with pytest.raises(PermanentError, match="covers"):
        await site(**LISTED).perform("redis.delete_keys", keys=["cache:a", key])
    assert admin.dbsize() == 2


async def test_all_that_match_a_listed_pattern(site, admin):
    admin.mset({f"cache:{i}": 1 for i in range(2500)} | {"user:1": 1})
    made = site(**LISTED)
    shown = await made.preview("redis.delete_keys", pattern="cache:*", max=3000)
    assert shown.startswith("UNLINK 2500 keys that match cache:*, in database 0 of 127.0.0.1:")
    assert admin.dbsize() == 2501
    done = await made.perform("redis.delete_keys", pattern="cache:*", max=3000)
    assert (done.deleted, done.matched, len(done.sample)) == (2500, 2500, 10)
    assert admin.keys() == [b"user:1"]


@pytest.mark.parametrize("pattern", ["*", "cache:1*", "user:*", "cache:?"])
async def test_a_pattern_that_is_not_listed_is_refused(site, admin, pattern):
    admin.mset({"cache:1": 1, "user:1": 1})
    with pytest.raises(PermanentError, match="does not list"):
        await site(**LISTED).perform("redis.delete_keys", pattern=pattern)
    assert admin.dbsize() == 2


async def test_where_more_match_than_the_maximum_nothing_is_deleted(site, admin):
    admin.mset({f"cache:{i}": 1 for i in range(11)})
    for what in ("perform", "preview"):
        with pytest.raises(PermanentError, match="more than 10 keys match"):
            await getattr(site(**LISTED), what)("redis.delete_keys", pattern="cache:*", max=10)
    assert admin.dbsize() == 11


async def test_where_time_is_too_short_nothing_is_deleted(site, admin):
    admin.mset({f"cache:{i}": 1 for i in range(20_000)})
    with pytest.raises(PermanentError, match="takes longer than"):
        await site(**LISTED).perform("redis.delete_keys", pattern="cache:*", max=100_000, within="1ms")
    assert admin.dbsize() == 20_000


async def test_whether_it_happened_can_be_told(site, admin):
    made = site(**LISTED)
    for args in ({"keys": ["cache:a"]}, {"pattern": "cache:*"}):
        admin.set("cache:a", 1)
        intent = made.intent("redis.delete_keys", **args)
        assert await made.happened("redis.delete_keys", intent) is None
        await made.perform("redis.delete_keys", **args)
        assert await made.happened("redis.delete_keys", intent) is True


def test_how_many_keys_is_declared():
    action = registry.find("redis.delete_keys")
    assert action.amounts(action.parameters(keys=("a", "b"))) == {"keys": 2}
    assert action.amounts(action.parameters(pattern="cache:*", max=7)) == {"keys": 7}


@pytest.mark.parametrize("args", [{}, {"keys": ["a"], "pattern": "a:*"}, {"keys": ["a\nb"]}, {"keys": ["\x00"]}, {"keys": [""]}, {"keys": ["x" * 513]}, {"keys": ["k"] * 101}, {"pattern": "aa*", "max": 0}])
def test_arguments_are_checked(args):
    with pytest.raises(ValidationError):
        registry.find("redis.delete_keys").parameters.model_validate(args)


@pytest.mark.parametrize("pattern", ["", "*", "a*", "?a*", "cache:[ab]*", "cache:\\*", "cache:\n*", "x" * 513])
def test_a_pattern_that_could_mean_everything_cannot_be_listed(pattern):
    with pytest.raises(ValidationError):
        Connection.model_validate({"host": "h", "key_patterns": [pattern]})


@given(st.lists(st.text("ab*?:.é", max_size=4), min_size=1, max_size=3).map(":".join), st.text("ab:.é\n", max_size=8))
def test_patterns_mean_what_the_server_means_by_them(pattern, key):
    assert fits(pattern, key.encode()) == plainly(pattern.encode(), key.encode())


def plainly(pattern, key):
    """The plainest reading of a pattern, byte by byte."""
    if not pattern:
        return not key
    if pattern[:1] == b"*":
        return any(plainly(pattern[1:], key[at:]) for at in range(len(key) + 1))
    return bool(key) and pattern[:1] in (b"?", key[:1]) and plainly(pattern[1:], key[1:])


async def test_the_largest_keys_of_a_pattern(site, admin):
    made = site(**LISTED)
    admin.mset({f"cache:{i}": "x" * (i * 10_000) for i in range(1, 6)} | {"user:1": "x" * 90_000})
    args = {"pattern": "cache:*", "min_bytes": 15_000, "max": 2}
    intent = await made.resolve("redis.evict_big_keys", **args)
    assert intent.parameters.keys == ("cache:4", "cache:5")
    assert registry.find("redis.evict_big_keys").amounts(intent.parameters) == {"keys": 2}
    assert "UNLINK 2 keys" in await made.preview("redis.evict_big_keys", **args)
    assert await made.happened("redis.evict_big_keys", intent) is None
    fixed = intent.parameters.model_dump(mode="json")
    done = await made.perform("redis.evict_big_keys", **fixed)
    assert (done.deleted, done.keys) == (2, ["cache:5", "cache:4"] if done.keys[0] == "cache:5" else ["cache:4", "cache:5"])
    assert done.freed_bytes > 90_000
    assert await made.happened("redis.evict_big_keys", intent) is True
    assert (await made.perform("redis.evict_big_keys", **fixed)).deleted == 0
    assert sorted(admin.keys()) == [b"cache:1", b"cache:2", b"cache:3", b"user:1"]


async def test_fixed_names_outside_of_the_pattern_and_small_ones_stay(site, admin):
    admin.mset({"cache:1": "x", "user:1": "x" * 50_000})
    done = await site(**LISTED).perform("redis.evict_big_keys", pattern="cache:*", keys=["cache:1", "user:1"])
    assert done.deleted == 0
    assert admin.dbsize() == 2


async def test_a_database_is_emptied_only_where_the_site_says_so(site, admin):
    admin.mset({"queue:1": 1, "queue:2": 1, "x": 1})
    with pytest.raises(PermanentError, match="may_flush"):
        await site().perform("redis.flush")
    made = site(may_flush=True)
    shown = await made.preview("redis.flush")
    assert "3 keys" in shown
    assert "queue:: 2 keys" in shown
    intent = made.intent("redis.flush")
    assert await made.happened("redis.flush", intent) is None
    assert (await made.perform("redis.flush")).keys == 3
    assert admin.dbsize() == 0
    assert await made.happened("redis.flush", intent) is True


async def test_another_database_stays(site, server, admin):
    admin.set("other", 1)
    assert (await site(may_flush=True, db=3).perform("redis.flush")).keys == 0
    assert admin.dbsize() == 1


def test_emptying_always_asks_and_is_never_repeated():
    action = registry.find("redis.flush")
    assert action.needs_approval
    assert not action.idempotent(action.parameters())
