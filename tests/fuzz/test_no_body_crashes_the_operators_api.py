"""Whatever is sent to the operator's API: it is never answered 500, and nothing breaks."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from crash.nursery import SCRIPT
from crash.story import alert, lay_out
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

texts = st.text(max_size=40) | st.sampled_from(
    ("", "a", "global", "rule:x", "rule:", "\x00", "é😀", "x" * 5000, "9" * 5000 + "s", "1y1w1d1h1m1s1ms", "-1s", "0", "*", "?", "[", "../x")
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(("reason", "who", "shown", "happened", "scope", "duration", "name", "level")) | texts
documents = st.dictionaries(keys, values, max_size=6).map(lambda tree: json.dumps(tree).encode())
#: Nearly right: every key that is needed, with values of any kind.
wishes = st.fixed_dictionaries(
    {"reason": texts | values},
    optional={"who": texts | values, "shown": texts, "happened": st.booleans() | values, "scope": texts, "duration": texts},
).map(lambda tree: json.dumps(tree).encode())
names = st.fixed_dictionaries({"name": texts}, optional={"who": texts}).map(lambda tree: json.dumps(tree).encode())
levels = st.fixed_dictionaries({"level": texts | st.sampled_from(("debug", "info", "warning", "error\n"))}).map(
    lambda tree: json.dumps(tree).encode()
)
bodies = wishes | wishes | names | levels | documents | values.map(lambda tree: json.dumps(tree).encode()) | st.binary(max_size=60)
FIXED = ("/api/v1/pause", "/api/v1/resume", "/api/v1/breakers/reset", "/api/v1/log-level")
LISTS = ("/api/v1/runs", "/api/v1/decisions", "/api/v1/audit", "/api/v1/pauses", "/api/v1/breakers")
fuzzed = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


class Api:
    """A running daemon with one run that waits for an approval."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.run = ""

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> tuple[int, bytes]:
        """Return the answer's code and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            connection.request(method, path, body, {"Content-Type": kind} if body is not None else {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    root = tmp_path_factory.mktemp("api")
    config, errors = lay_out(root, "http://127.0.0.1:9"), root / "errors.log"
    command: list[str | Path] = [sys.executable, SCRIPT, "--config", config, "--out", "/dev/null", "--log", errors, "--level", "error"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        api = Api(json.loads(process.stdout.readline())["port"])
        body = json.dumps({"alerts": [alert("Asks", "a")]}).encode()
        api.run = json.loads(api.ask("POST", "/webhook", body)[1])["runs"][0]
        yield api
        assert api.ask("GET", "/-/healthy")[0] == 200
        process.terminate()
        assert process.wait() == 0
    assert complaints(errors) == []


def complaints(errors: Path) -> list[str]:
    """Return what was logged of defects; a bad request line is aiohttp's to complain of."""
    return [line for line in errors.read_text().splitlines() if '"level":"error"' in line or "remediator/" in line]


@given(path=st.sampled_from(FIXED), body=bodies)
@fuzzed
def test_wishes(api: Api, path: str, body: bytes) -> None:
    status, answer = api.ask("POST", path, body)
    assert status in (200, 404, 409), answer


@given(known=st.booleans(), part=texts, verb=st.sampled_from(("approve", "refuse", "cancel", "settle", "x")), body=bodies)
@fuzzed
def test_verbs_on_runs(api: Api, known: bool, part: str, verb: str, body: bytes) -> None:
    name = api.run if known else quote(part.replace("\ud800", ""), safe="")
    status, answer = api.ask("POST", f"/api/v1/runs/{name}/{verb}", body)
    assert status in (200, 400, 404, 405, 409), answer


@given(path=st.sampled_from(LISTS), query=st.dictionaries(st.sampled_from(("status", "rule", "target", "limit", "verdict", "format")), texts))
@fuzzed
def test_lists(api: Api, path: str, query: dict[str, str]) -> None:
    asked = "&".join(f"{key}={quote(value)}" for key, value in query.items())
    status, answer = api.ask("GET", f"{path}?{asked}")
    assert status in (200, 400), answer
    assert status == 400 or isinstance(json.loads(answer), list)


@given(part=texts, form=texts | st.just("markdown"))
@fuzzed
def test_one_run(api: Api, part: str, form: str) -> None:
    status, answer = api.ask("GET", f"/api/v1/runs/{quote(part, safe='')}?format={quote(form)}")
    assert status in (200, 400, 404), answer
