async def test_info_tells_memory_clients_and_lookups(site, admin):
    admin.config_set("maxmemory", "200mb")
    admin.set("user:1", "x")
    admin.set("user:2", "x", ex=100)
    for key in ("user:1", "user:1", "user:1", "gone"):
        admin.get(key)
    said = await site().perform("redis.info")
    assert said.server == "valkey"
    assert said.role == "master"
    assert said.max_memory == 200 * 1024 * 1024
    assert 0 < said.used_share < 1
    assert said.policy == "noeviction"
    assert (said.hits, said.misses, said.hit_rate) == (3, 1, 0.75)
    assert (said.keys, said.expiring_keys) == (2, 1)
    assert said.clients >= 1
    assert said.clients_share < 0.1
    assert (said.evicted, said.rejected_connections) == (0, 0)
    assert said.last_save_ok


async def test_without_a_limit_and_lookups_there_is_no_share(site):
    said = await site().perform("redis.info")
    assert (said.used_share, said.hit_rate) == (None, None)


async def test_keys_are_counted_by_prefix(site, admin):
    admin.mset({f"session:{i}": "x" * 1000 for i in range(300)} | {f"queue:{i}": "x" for i in range(50)} | {"alone": "x"})
    said = await site().perform("redis.keys")
    assert said.complete
    assert said.keys == said.looked_at == 351
    assert [(line.prefix, line.keys) for line in said.prefixes] == [("session:", 300), ("queue:", 50), ("", 1)]
    assert 300_000 < said.prefixes[0].bytes < 500_000


async def test_a_sample_is_scaled_to_the_whole(site, admin):
    admin.mset({f"session:{i}": "x" for i in range(3000)})
    said = await site().perform("redis.keys", sample=1000)
    assert not said.complete
    assert 1000 <= said.looked_at < 1500
    assert said.prefixes[0].keys == 3000


async def test_what_does_not_fit_is_added_up(site, admin):
    admin.mset({f"kind{i}:a": "x" for i in range(10)})
    said = await site().perform("redis.keys", top=3)
    assert [line.prefix for line in said.prefixes][3:] == ["(others)"]
    assert said.prefixes[3].keys == 7


async def test_the_slow_log_names_commands_and_keys_but_no_values(site, admin):
    admin.config_set("slowlog-log-slower-than", 0)
    admin.set("user:1", "very-private")
    admin.eval("return 'very-private'", 0)
    said = await site().perform("redis.slowlog")
    assert [(e.command, e.key, e.arguments) for e in said.entries if e.command in {"set", "eval"}] == [("eval", "", 2), ("set", "user:1", 2)]
    assert "very-private" not in said.model_dump_json()
    assert said.length >= 2
    assert said.commands["set"] == 1
    assert said.slowest_ms > 0


async def test_latency_is_measured_and_events_are_told(site, admin):
    admin.config_set("latency-monitor-threshold", 1)
    admin.eval("local n = 0; for i = 1, 3000000 do n = n + i end; return n", 0)
    said = await site().perform("redis.latency", pings=3)
    assert 0 < said.fastest_ms <= said.median_ms <= said.slowest_ms
    assert said.events[0].event == "command"
    assert said.events[0].longest_ms >= 1
    assert said.commands[0].command == "eval"


async def test_big_keys_are_the_largest_first(site, admin):
    admin.set("report:1", "x" * 3_000_000, ex=500)
    admin.rpush("queue:mail", *["x" * 1000] * 2000)
    admin.mset({f"small:{i}": "x" for i in range(2000)})
    said = await site().perform("redis.big_keys")
    assert [(key.key, key.type) for key in said.keys] == [("report:1", "string"), ("queue:mail", "list")]
    assert said.largest_bytes == said.keys[0].bytes >= 3_000_000
    assert 400 < said.keys[0].ttl_seconds <= 500
    assert said.keys[1].ttl_seconds is None
    assert said.complete


async def test_big_keys_of_a_pattern_only(site, admin):
    admin.mset({"a:big": "x" * 5000, "ab:big": "x" * 5000})
    said = await site().perform("redis.big_keys", pattern="ab:*", min_bytes=1000)
    assert [key.key for key in said.keys] == ["ab:big"]


async def test_looking_is_bounded_by_count(site, admin):
    admin.mset({f"k:{i}": "x" for i in range(5000)})
    said = await site().perform("redis.big_keys", sample=1000, min_bytes=1)
    assert not said.complete
    assert len(said.keys) == 20


async def test_names_that_are_no_text_are_told_as_text(site, admin):
    admin.set(b"\xff\x00\x1b[31m:x", "x" * 2000)
    keys = await site().perform("redis.keys")
    big = await site().perform("redis.big_keys", min_bytes=1)
    assert keys.prefixes[0].prefix.endswith(":")
    assert "\x1b" not in keys.model_dump_json() + big.keys[0].key
