import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from yarl import URL

from remediator.actions import registry
from remediator.actions.context import Clients, Context
from remediator.actions.http.destination import Destination, place_of

CONNECTION = registry.connection_model("http").model_validate({"base_url": "https://api.example.com:8443/admin/v1/"})
CONTEXT = Context(session=None, clients=Clients(), connections={"http": {"api": CONNECTION}})

CLIMBING = [
    "x", "/../x", "/a/../../x", "/%2e%2e/x", "/a/%2E./x", "/./x", "/a#b", "/..\\x", "//../x", "/a/..", "@evil",
    "/..\n", "/.\t./x",
]  # fmt: skip
STAYING = ["", "/", "/a/b?c=d", "/@evil.example/", "//evil.example/x", "/a%2Fb", "/...", "/?x=../y"]


def url_of(path: str) -> URL:
    return place_of(Destination(connection="api", path=path), CONTEXT).url


@pytest.mark.parametrize("path", CLIMBING)
def test_a_path_that_climbs_is_refused(path):
    with pytest.raises(ValidationError):
        url_of(path)


@pytest.mark.parametrize("path", STAYING)
def test_a_path_is_appended(path):
    url = url_of(path)
    assert (url.scheme, url.host, url.port) == ("https", "api.example.com", 8443)
    assert str(url).startswith("https://api.example.com:8443/admin/v1")


@given(st.text(alphabet="/.%2eE5cfu\\@:?#a \n", max_size=14))
def test_no_path_leaves(tail):
    try:
        url = url_of("/" + tail)
    except ValidationError:
        return
    assert url.origin() == URL("https://api.example.com:8443")
    assert url.raw_path.startswith("/admin/v1/")
    assert ".." not in url.path.split("/")
