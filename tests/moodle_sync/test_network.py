"""The client on a bad line, and on servers that are no Moodle."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import responses

from moodle_sync import client as client_module
from moodle_sync.client import MoodleClient
from moodle_sync.errors import MoodleError, MoodleRefused, MoodleUnavailable, Trouble
from tests.moodle_sync.wire import answering, http, self_signed

URL = "https://moodle.example.org"
ENDPOINT = f"{URL}/webservice/rest/server.php"
TOKEN = "FAKESECRET1234567890FAKESECRET12"
GOOD_ROW = {"id": 7, "fullname": "Camille Exemple", "roles": []}


def read(url: str, **options: Any) -> Any:
    with MoodleClient(url, TOKEN, **options) as client:
        return client.enrolled(2, start=0, limit=1000)


def error_of(url: str, **options: Any) -> MoodleError:
    with pytest.raises(MoodleError) as caught:
        read(url, **options)
    assert TOKEN not in f"{caught.value!s}{caught.value!r}{caught.value.__dict__}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None, "requests' errors hold the token"
    return caught.value


@pytest.fixture(autouse=True)
def nothing_in_the_logs(caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.DEBUG)
    yield
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "303 See Other", "307 X", "308 X"])
def test_a_redirect_is_not_followed(status: str) -> None:
    with answering(http(b"[]")) as elsewhere:
        moved = http(b"", status=status, Location=f"{elsewhere.url}/webservice/rest/server.php")
        with answering(moved) as here:
            exc = error_of(here.url)
            assert TOKEN.encode() in here.received[0]
        assert elsewhere.received == []
    assert type(exc) is MoodleRefused
    assert exc.code == Trouble.REDIRECT


def test_a_certificate_nobody_signed(tmp_path: Path) -> None:
    with answering(http(b"[]"), tls=self_signed(tmp_path)) as server:
        exc = error_of(server.url)
        assert not any(TOKEN.encode() in received for received in server.received)
        # The very same server with its certificate known: it was the certificate.
        assert read(server.url, verify=str(tmp_path / "server.pem")) == []
    assert type(exc) is MoodleRefused
    assert exc.code == Trouble.TLS


def test_plain_http_behind_an_https_address() -> None:
    with answering(http(b"[]")) as server:
        assert error_of(server.url.replace("http:", "https:")).code == Trouble.TLS


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    exc = error_of(f"http://127.0.0.1:{port}")
    assert type(exc) is MoodleUnavailable
    assert exc.code == Trouble.CONNECTION


def test_no_such_host() -> None:
    exc = error_of("http://moodle.invalid")
    assert type(exc) is MoodleUnavailable
    assert exc.code == Trouble.CONNECTION


@pytest.mark.parametrize("url", ["http://", "http://a..b", f"http://{'a' * 70}.example.org", "http://127.0.0.1:99999"])
def test_addresses_that_are_none(url: str) -> None:
    assert error_of(url).code in {Trouble.NOT_FOUND, Trouble.CONNECTION}


@pytest.mark.parametrize("sent", [b"", http(b"[", length=10)], ids=["before the answer", "in the middle"])
def test_silence(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "TIMEOUT", (5, 0.2))
    with answering(sent, then_silent=True) as server:
        exc = error_of(server.url)
    assert type(exc) is MoodleUnavailable
    assert exc.code == Trouble.TIMEOUT


def test_hung_up_without_a_word() -> None:
    with answering(b"") as server:
        exc = error_of(server.url)
    assert type(exc) is MoodleUnavailable
    assert exc.code == Trouble.CONNECTION


@pytest.mark.parametrize(
    "answer",
    [
        http(b'[{"id": 7, "fullna', length=4000),
        http(b'[{"id": 7, "fullna'),
        http(b'{"exception": "moodle_excep'),
        http(b"not gzip at all", Content_Encoding="gzip"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
    ],
    ids=["dropped", "half", "half an error", "not gzip", "wrong chunks"],
)
def test_half_answers(answer: bytes) -> None:
    with answering(answer) as server:
        exc = error_of(server.url)
    assert type(exc) is MoodleUnavailable
    assert exc.code == Trouble.BROKEN_BODY


def test_an_answer_far_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MAX_BYTES", 1000)
    body = json.dumps([GOOD_ROW] * 30).encode()
    with answering(http(body)) as server:
        exc = error_of(server.url)
        monkeypatch.setattr(client_module, "MAX_BYTES", len(body))
        assert len(read(server.url)) == 30
    assert type(exc) is MoodleUnavailable
    assert exc.code == Trouble.TOO_LARGE


@pytest.mark.parametrize(
    ("status", "wait", "code", "retry_after"),
    [
        (429, "17", Trouble.TOO_MANY_CALLS, 17),
        (429, "", Trouble.TOO_MANY_CALLS, None),
        (503, "300", Trouble.HTTP_5XX, 300),
        (500, "", Trouble.HTTP_5XX, None),
        (502, "Wed, 21 Oct 2026 07:28:00 GMT", Trouble.HTTP_5XX, None),
        (503, "²", Trouble.HTTP_5XX, None),
        (503, "9" * 5000, Trouble.HTTP_5XX, None),
        (504, "-5", Trouble.HTTP_5XX, None),
    ],
)
@responses.activate
def test_come_back_later(status: int, wait: str, code: Trouble, retry_after: int | None) -> None:
    responses.post(ENDPOINT, "<html>…</html>", status=status, headers={"Retry-After": wait} if wait else {})
    exc = error_of(URL)
    assert isinstance(exc, MoodleUnavailable)
    assert (exc.code, exc.retry_after) == (code, retry_after)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, "", Trouble.NOT_JSON),
        (200, "This site is not available currently.", Trouble.NOT_JSON),
        (200, "<!DOCTYPE html><html>login</html>", Trouble.NOT_JSON),
        (200, '<?xml version="1.0"?><RESPONSE/>', Trouble.NOT_JSON),
        (403, "", Trouble.FORBIDDEN),
        (403, "<html>blocked by a firewall</html>", Trouble.FORBIDDEN),
        (401, "", Trouble.FORBIDDEN),
        (404, "<html>", Trouble.NOT_FOUND),
        (410, "", Trouble.NOT_FOUND),
    ],
)
@responses.activate
def test_somebody_else_answers(status: int, body: str, code: Trouble) -> None:
    responses.post(ENDPOINT, body, status=status)
    exc = error_of(URL)
    assert type(exc) is MoodleRefused
    assert exc.code == code


WRONG: list[Any] = [
    None,
    {},
    {"users": []},
    "people",
    3,
    True,
    [1, 2],
    [None],
    [[]],
    [{}],
    [{"id": 7}],
    [GOOD_ROW | {"id": None}],
    [GOOD_ROW | {"id": "seven"}],
    [GOOD_ROW | {"id": -1}],
    [GOOD_ROW | {"id": 2**63}],
    [GOOD_ROW | {"id": True}],
    [GOOD_ROW | {"fullname": None}],
    [GOOD_ROW | {"fullname": ["Camille"]}],
    [GOOD_ROW | {"email": 12}],
    [GOOD_ROW | {"phone1": {"number": "06"}}],
    [GOOD_ROW | {"lastaccess": -5}],
    [GOOD_ROW | {"lastaccess": "yesterday"}],
    [GOOD_ROW | {"lastaccess": 10**15}],
    [GOOD_ROW | {"lastcourseaccess": 1.5}],
    [GOOD_ROW | {"lastcourseaccess": float("inf")}],
    [GOOD_ROW | {"lastcourseaccess": float("nan")}],
    [GOOD_ROW | {"roles": "student"}],
    [GOOD_ROW | {"roles": {"0": "student"}}],
    [GOOD_ROW | {"roles": [{"shortname": 5}]}],
    [GOOD_ROW | {"groups": [{"id": 1}]}],
    [GOOD_ROW | {"groups": [{"id": 1, "name": None}]}],
    [GOOD_ROW | {"groups": {"1": {"id": 1, "name": "A"}}}],
]


@pytest.mark.parametrize("body", WRONG, ids=lambda body: json.dumps(body)[:60])
@responses.activate
def test_answers_of_a_wrong_shape(body: Any) -> None:
    responses.post(ENDPOINT, json.dumps(body))
    exc = error_of(URL)
    assert type(exc) is MoodleRefused
    assert exc.code == Trouble.WRONG_SHAPE


ASKS: list[Callable[[MoodleClient], Any]] = [
    lambda client: client.site_info(),
    lambda client: client.courses(),
    lambda client: client.own_courses(4),
    lambda client: client.courses_by_id([2]),
    lambda client: client.groups(2),
    lambda client: client.suspended_ids(2),
    lambda client: client.active_ids(2),
    lambda client: client.accounts_suspended([4]),
]


@pytest.mark.parametrize("ask", ASKS, ids=range(len(ASKS)))
@pytest.mark.parametrize(
    "body",
    [None, 5, "x", [5], [{"id": []}], {"courses": [{"id": {}}]}, {"courses": {"id": 2}}, {"functions": 3}],
    ids=json.dumps,
)
@responses.activate
def test_every_function_survives_any_shape(ask: Callable[[MoodleClient], Any], body: Any) -> None:
    responses.post(ENDPOINT, json.dumps(body))
    with MoodleClient(URL, TOKEN) as client, pytest.raises(MoodleRefused) as caught:
        ask(client)
    assert caught.value.code == Trouble.WRONG_SHAPE


@pytest.mark.parametrize("changed", [{"startdate": 10**18}, {"enddate": -1}, {"fullname": 3}, {"id": 1e3}])
@responses.activate
def test_courses_of_a_wrong_shape(changed: dict[str, Any]) -> None:
    responses.post(ENDPOINT, json.dumps([{"id": 2, "fullname": "Session", "startdate": 0} | changed]))
    with MoodleClient(URL, TOKEN) as client, pytest.raises(MoodleRefused) as caught:
        client.courses()
    assert caught.value.code == Trouble.WRONG_SHAPE


@responses.activate
def test_nested_beyond_reason() -> None:
    responses.post(ENDPOINT, "[" * 200_000)
    assert error_of(URL).code == Trouble.BROKEN_BODY


@responses.activate
def test_a_byte_order_mark_and_blanks_around_the_answer() -> None:
    responses.post(ENDPOINT, b"\xef\xbb\xbf" + json.dumps([GOOD_ROW]).encode() + b"\r\n")
    (person,) = read(URL)
    assert person.full_name == "Camille Exemple"


@responses.activate
def test_characters_that_no_database_takes() -> None:
    responses.post(ENDPOINT, '[{"id": 7, "fullname": "Ca\\u0000mille \\ud83c", "roles": []}]')
    (person,) = read(URL)
    assert person.full_name == "Camille ?"


@responses.activate
def test_an_error_code_is_kept_as_a_code_only() -> None:
    responses.post(ENDPOINT, json.dumps({"exception": "x", "errorcode": "bad\u0000 <b>" + "y" * 200, "message": "m"}))
    exc = error_of(URL)
    assert exc.code.startswith("badb")
    assert len(exc.code) == 60


def test_the_proxy_of_this_machine_never_sees_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(http(b"[]")) as proxy, answering(http(b"[]")) as site:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "")
        assert read(site.url) == []
        assert proxy.received == []


@responses.activate
def test_calls_are_spaced_as_the_site_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("moodle_sync.client.time.sleep", slept.append)
    responses.post(ENDPOINT, "[]")
    with MoodleClient(URL, TOKEN, pause=0.4) as client:
        client.groups(2)
        assert slept == []
        client.groups(2)
        client.groups(2)
    assert slept == [0.4, 0.4]
