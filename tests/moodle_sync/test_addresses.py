"""No private address is ever called, however it is written or hidden behind a name."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django import Settings

from demo.moodle import running
from moodle_sync import network
from moodle_sync.client import MoodleClient
from moodle_sync.errors import MoodleRefused, MoodleUnavailable, Trouble
from moodle_sync.login import token_for
from moodle_sync.probe import probe
from tests.moodle_sync.moodle import TOKEN, small_world
from tests.moodle_sync.wire import answering, http

PRIVATE = [
    "10.0.0.1", "172.16.5.4", "192.168.1.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "::1", "::", "fe80::1", "fd00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1",
    "2001:0:a00:1::1",
]  # fmt: skip
PUBLIC = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"]
Ask = Callable[[str], Any]


def site_info(url: str) -> Any:
    with MoodleClient(url, TOKEN) as client:
        return client.site_info()


def login(url: str) -> Any:
    return token_for(url, "claire", "secret")


def verdict(url: str) -> Any:
    found = probe(url)
    raise MoodleRefused(found.code)


@pytest.fixture
def closed(settings: Settings) -> None:
    """As in production: no private network is listed."""
    settings.PRIVATE_SITES = []


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """What each name leads to, one list per look-up; the last one stays."""
    known: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host not in known:
            return real(host, port, *args, **kwargs)
        answers = known[host]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


@pytest.mark.parametrize("address", PRIVATE)
def test_private_in_every_notation(address: str, closed: None) -> None:
    assert not network.is_allowed(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str, closed: None) -> None:
    assert network.is_allowed(address)


def test_only_the_networks_listed_are_open(settings: Settings) -> None:
    assert network.is_allowed("127.0.0.1"), "the simulated sites of tests and demo"
    assert not network.is_allowed("10.0.0.1")
    assert network.is_allowed("::ffff:127.0.0.1")


@pytest.mark.parametrize("ask", [site_info, login, verdict])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"])
def test_nothing_is_sent_to_a_private_address(ask: Ask, host: str, closed: None) -> None:
    with answering(http(b"{}")) as server:
        url = server.url.replace("127.0.0.1", host).replace("http:", "https:" if ask is login else "http:")
        with pytest.raises((MoodleRefused, MoodleUnavailable)) as caught:
            ask(url)
        assert server.received == []
    assert caught.value.code == Trouble.PRIVATE


def test_one_private_address_among_public_ones_is_refused(closed: None, names: dict[str, list[list[str]]]) -> None:
    names["moodle.example.org"] = [["93.184.216.34", "10.0.0.7"]]
    with pytest.raises(MoodleRefused) as caught:
        site_info("http://moodle.example.org")
    assert caught.value.code == Trouble.PRIVATE


def test_a_name_that_changes_its_mind(closed: None, names: dict[str, list[list[str]]]) -> None:
    """The address that was checked is the one called: another look-up in between leads nowhere."""
    called: list[tuple[str, int]] = []
    with pytest.MonkeyPatch.context() as patch:

        def create_connection(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
            called.append(address)
            raise ConnectionRefusedError

        patch.setattr(network, "create_connection", create_connection)
        names["moodle.example.org"] = [["93.184.216.34"], ["127.0.0.1"]]
        with pytest.raises(MoodleUnavailable):
            site_info("http://moodle.example.org:8080")
        assert called == [("93.184.216.34", 8080)]
        with pytest.raises(MoodleRefused) as caught:
            site_info("http://moodle.example.org:8080")
        assert caught.value.code == Trouble.PRIVATE
        assert len(called) == 1


@pytest.fixture
def local_moodle() -> Iterator[str]:
    with running(small_world()) as server:
        yield server.url


def test_a_name_that_leads_to_a_listed_network(local_moodle: str, names: dict[str, list[list[str]]]) -> None:
    names["moodle.example.org"] = [["127.0.0.1"]]
    info = site_info(local_moodle.replace("127.0.0.1", "moodle.example.org"))
    assert info.user_id
