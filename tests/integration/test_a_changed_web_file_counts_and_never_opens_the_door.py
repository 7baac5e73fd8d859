"""The web file's users are read again when it changes; one that is wrong, or names nobody any more, changes nothing."""

import base64
import os

import pytest
import yaml
from fakes.front_door import hashed, opened

from remediator.interfaces.configuration import read_web_file
from remediator.interfaces.web.watched import WatchedCredentials

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")

WORDS = {"ann": hashed("anns word"), "bob": hashed("bobs word"), "new": hashed("anns word")}


class WebFile:
    """A web file, changed so that each change is seen: the file system's clock may stand still for some milliseconds."""

    def __init__(self, path):
        self.path, self._at = path, 1_000_000_000

    def write(self, text):
        self._at += 1
        self.path.write_text(text)
        os.utime(self.path, (self._at, self._at))

    def users(self, **users):
        self.write(yaml.safe_dump({"basic_auth_users": users}))


@pytest.fixture
def file(tmp_path):
    file = WebFile(tmp_path / "web.yml")
    file.users(ann=WORDS["ann"])
    return file


@pytest.fixture
async def asked(store, file):
    """Ask for the runs as somebody; return the status."""
    async with opened(store, operators=WatchedCredentials(file.path, read_web_file(file.path))) as door:

        async def ask(who=""):
            said = base64.b64encode(f"{who}:{who}s word".encode()).decode()
            return await door.ask("GET", "/api/v1/runs", headers={"Authorization": f"Basic {said}"} if who else {})

        yield ask


async def test_who_comes_is_let_in_and_who_goes_is_not(asked, file):
    assert [await asked("ann"), await asked("bob"), await asked()] == [200, 401, 401]
    file.users(ann=WORDS["ann"], bob=WORDS["bob"])
    assert [await asked("ann"), await asked("bob"), await asked()] == [200, 200, 401]
    file.users(bob=WORDS["bob"])
    assert [await asked("ann"), await asked("bob"), await asked()] == [401, 200, 401]


async def test_a_new_password_ends_the_old_one(asked, file):
    assert await asked("ann") == 200
    file.users(ann=WORDS["bob"])
    assert await asked("ann") == 401


async def test_another_file_in_its_place_is_read(asked, file, tmp_path):
    """With the same time, as some tools copy it."""
    file.users(ann=WORDS["ann"])
    assert await asked("bob") == 401
    other = WebFile(tmp_path / "other.yml")
    other.users(bob=WORDS["bob"])
    found = file.path.stat()
    os.utime(other.path, ns=(found.st_atime_ns, found.st_mtime_ns))
    other.path.replace(file.path)
    assert await asked("bob") == 200


async def test_what_is_written_within_one_tick_of_the_clock_is_read(asked, file):
    file.write("")
    assert await asked("bob") == 401
    found = file.path.stat()
    file.users(bob=WORDS["bob"])
    os.utime(file.path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert await asked("bob") == 200


@pytest.mark.parametrize(
    "text",
    [
        "", "# nobody\n", "{}\n", "basic_auth_users: {}\n", "basic_auth_users:\n", "basic_auth_users: {ann: secret}\n",
        "basic_auth_users: [", "basic_auth_user: {}\n", "- ann\n", "null\n", "tls_server_config: {cert_file: a, key_file: b}\n",
    ],
)  # fmt: skip
async def test_a_wrong_or_empty_one_opens_nothing(asked, file, text):
    file.write(text)
    for _ in range(2):
        assert [await asked(), await asked("bob"), await asked("ann")] == [401, 401, 200]
    file.users(bob=WORDS["bob"])  # put right again
    assert [await asked(), await asked("bob"), await asked("ann")] == [401, 200, 401]


@pytest.mark.parametrize("how", ["removed", "a folder", "no text"])
async def test_a_file_that_cannot_be_read_opens_nothing(asked, file, how):
    if how == "no text":
        file.path.write_bytes(b"\xff\xfe\x00")
    else:
        file.path.unlink()
        if how == "a folder":
            file.path.mkdir()
    for _ in range(2):
        assert [await asked(), await asked("bob"), await asked("ann")] == [401, 401, 200]


async def test_the_first_users_close_an_open_door(store, file):
    """A file that named nobody at the start."""
    file.write("basic_auth_users: {}")
    async with opened(store, operators=WatchedCredentials(file.path, read_web_file(file.path))) as door:
        assert await door.ask("GET", "/api/v1/runs") == 200
        file.users(ann=WORDS["ann"])
        assert await door.ask("GET", "/api/v1/runs") == 401
