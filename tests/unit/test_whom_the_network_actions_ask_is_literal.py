"""A label never chooses a host: a template there is refused when the file is read."""

import pytest

from remediator.actions import registry
from remediator.core.action import Lands
from remediator.core.templates.landing import lands_of, names_in_tree
from remediator.core.templates.template import compile_template
from remediator.errors import TemplateError

EVIL = "{{ labels.instance }}"


def problems(name, args):
    return [path for path, found in names_in_tree(args, registry.find(name).parameters) if isinstance(found, TemplateError)]


@pytest.mark.parametrize(("name", "args", "place"), [
    ("network.tcp", {"host": EVIL, "port": 80}, ("host",)),
    ("network.tcp", {"host": "db" + EVIL, "port": 80}, ("host",)),
    ("network.tcp", {"host": "db", "port": EVIL}, ("port",)),
    ("network.tls", {"host": EVIL}, ("host",)),
    ("network.tls", {"host": "a", "server_name": EVIL}, ("server_name",)),
    ("network.dns", {"names": ["a", EVIL]}, ("names", 1)),
    ("network.dns", {"names": ["a"], "servers": [EVIL]}, ("servers", 0)),
    ("network.dns", {"names": ["a"], "search": [EVIL]}, ("search", 0)),
    ("network.http", {"url": f"https://{EVIL}/"}, ("url",)),
])  # fmt: skip
def test_a_template_there_is_refused(name, args, place):
    assert problems(name, args) == [place]


@pytest.mark.parametrize("name", ["network.tcp", "network.tls", "network.dns", "network.http"])
def test_it_may_choose_an_entry_that_the_site_lists(name):
    assert problems(name, {"connection": EVIL}) == []


def test_a_whole_list_cannot_be_rendered_either():
    for field in ("names", "servers", "search"):
        assert lands_of(registry.find("network.dns").parameters, (field,)) is Lands.LITERAL
        assert problems("network.dns", {field: "{{ labels.names }}"}) == [(field,)]


def test_literal_text_is_text():
    assert compile_template("shop.example", Lands.LITERAL).is_literal
