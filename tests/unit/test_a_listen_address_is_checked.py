"""What cannot be listened on is refused with its name, whatever it is."""

import pytest

from remediator.app.doors import listen, listen_address
from remediator.errors import ConfigurationError


@pytest.mark.parametrize("address", ["", "9095", "localhost", "localhost:http", "localhost:65536", "localhost:-1"])
def test_an_address_is_host_and_port(address):
    with pytest.raises(ConfigurationError, match="takes host:port"):
        listen_address(address)


@pytest.mark.parametrize("host", ["a..b", ".", "x" * 64, "nowhere.invalid", "a\0b", "192.0.2.1", "::g"])
def test_a_host_that_is_none_of_ours(host):
    with pytest.raises(ConfigurationError, match="cannot listen on ") as refused:
        listen(host, 0)
    assert str(refused.value).isprintable()
