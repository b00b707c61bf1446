"""The address step: what is there, where Moodle really is, and that nothing secret is ever sent."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from pytest_django import Settings

from demo.moodle import running
from moodle_sync.errors import MoodleError, MoodleRefused, Trouble
from moodle_sync.login import BY_CODE, UNENCRYPTED, explain_login, token_for
from moodle_sync.probe import Verdict, probe
from tests.contract import recordings as rec
from tests.moodle_sync.moodle import small_world
from tests.moodle_sync.wire import answering, http

Pages = dict[str, tuple[int, str]]
"""Path → status, and the body or the Location."""
REST = "/webservice/rest/server.php"
MOODLE = json.dumps({"exception": "moodle_exception", "errorcode": "invalidtoken", "message": "Invalid token"})


class Place:
    def __init__(self, url: str, asked: list[str]) -> None:
        self.url = url
        self.asked = asked


@contextlib.contextmanager
def place(pages: Pages) -> Iterator[Place]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            path = urlsplit(self.path).path
            status, text = pages.get(path, (404, "<h1>Not found</h1>"))
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", text)
                text = ""
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Place(f"http://127.0.0.1:{server.server_address[1]}", asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("version", rec.VERSIONS)
def test_a_real_moodle(version: str) -> None:
    recorded = rec.load(version, "errors/missing_token")["response"]["body"]
    with place({REST: (200, json.dumps(recorded))}) as here:
        found = probe(here.url)
    assert (found.verdict, found.url, found.offered) == (Verdict.UNENCRYPTED, here.url, "")


def test_the_simulated_moodle() -> None:
    with running(small_world()) as server:
        assert probe(server.url).verdict == Verdict.UNENCRYPTED


@pytest.mark.parametrize("version", rec.VERSIONS)
def test_web_services_switched_off(version: str) -> None:
    off = rec.load(version, "login/token_webservices_disabled")["response"]["body"]
    with place({REST: (403, ""), "/login/token.php": (200, json.dumps(off))}) as here:
        found = probe(here.url)
    assert (found.verdict, found.code) == (Verdict.SERVICES_OFF, Trouble.FORBIDDEN)
    with place({REST: (403, ""), "/": (200, "<h1>Private</h1>")}) as here:
        assert probe(here.url).verdict == Verdict.NOT_MOODLE, "any server may say 403"


@pytest.mark.parametrize("name", ["maintenance", "upgrade_running", "database_down"])
def test_a_moodle_in_trouble(name: str) -> None:
    recorded = rec.load("5.1", f"errors/{name}")["response"]["body"]
    with place({REST: (200, json.dumps(recorded))}) as here:
        assert probe(here.url).verdict == Verdict.PASSING


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_shown_and_offered(status: int) -> None:
    with place({REST: (200, MOODLE)}) as there:
        moved = {REST: (status, f"{there.url}{REST}"), "/": (status, f"{there.url}/")}
        with place(moved) as here:
            found = probe(here.url)
            assert (found.verdict, found.offered) == (Verdict.ELSEWHERE, there.url)


def test_several_hops() -> None:
    with contextlib.ExitStack() as places:
        there = places.enter_context(place({"/moodle" + REST: (200, MOODLE)}))
        second = places.enter_context(place({"/": (302, f"{there.url}/moodle/?lang=fr")}))
        first = places.enter_context(place({"/": (302, f"{second.url}/")}))
        assert probe(first.url).offered == f"{there.url}/moodle"


def test_redirects_in_a_circle_end() -> None:
    with place({}) as here:
        pages = {"/": (302, f"{here.url}/a/"), "/a/": (302, f"{here.url}/")}
        with place(pages) as circle:
            found = probe(circle.url)
        assert (found.verdict, found.offered) == (Verdict.NOT_MOODLE, "")


@pytest.mark.parametrize(
    ("typed", "real"), [("/course/view.php", ""), ("/moodle/course", "/moodle"), ("/a/b/c", "/a"), ("", "/moodle")]
)
def test_a_wrong_path(typed: str, real: str) -> None:
    with place({real + REST: (200, MOODLE)}) as here:
        found = probe(here.url + typed)
        assert (found.verdict, found.offered) == (Verdict.ELSEWHERE, here.url + real)


def test_moodle_s_own_pages_say_where_it_is() -> None:
    with place({REST: (200, MOODLE)}) as there:
        own = json.dumps({"wwwroot": there.url}).replace("/", "\\/").replace(": ", ":")
        with place({"/": (200, f"<script>M.cfg = {own};</script>")}) as here:
            assert probe(here.url).offered == there.url


@pytest.mark.parametrize("body", ["<html>login</html>", "", "[]", '{"ok": true}', "{"])
def test_not_a_moodle(body: str) -> None:
    with place({REST: (200, body), "/": (200, "<h1>Hello</h1>")}) as here:
        assert probe(here.url).verdict == Verdict.NOT_MOODLE


def test_nobody_there() -> None:
    found = probe("http://127.0.0.1:9")
    assert (found.verdict, found.code) == (Verdict.NO_ANSWER, Trouble.CONNECTION)


LOGINS = {
    "token_wrong_password": "invalidlogin",
    "token_unknown_user": "invalidlogin",
    "token_suspended_user": "invalidlogin",
    "token_locked_out": "invalidlogin",
    "token_mobile_disabled": "servicenotavailable",
    "token_unknown_service": "servicenotavailable",
    "token_webservices_disabled": "enablewsdescription",
    "token_service_not_allowed": "usernotallowed",
    "token_maintenance": "sitemaintenance",
    "token_no_password": "missingparam",
}


@pytest.mark.parametrize("version", rec.VERSIONS)
@pytest.mark.parametrize("name", LOGINS)
def test_each_recorded_refusal_has_its_words(version: str, name: str) -> None:
    body = json.dumps(rec.load(version, f"login/{name}")["response"]["body"]).encode()
    with answering(http(body)) as server, pytest.raises(MoodleError) as caught:
        token_for(server.url, "claire", "secret")
    assert caught.value.code == LOGINS[name]
    assert "secret" not in str(caught.value)
    words = explain_login(caught.value.code)
    assert LOGINS[name] not in str(words.what), "not the words for what nobody knows"


@pytest.mark.parametrize("version", rec.VERSIONS)
def test_the_password_goes_once_in_the_body(version: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    body = json.dumps(rec.load(version, "login/token_ok")["response"]["body"]).encode()
    with answering(http(body)) as server:
        assert token_for(server.url, "claire", "p&ss wörd") == "FAKETOKEN00000000000000000000000"
        (request,) = server.received
    head, _, sent = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /login/token.php HTTP/1.1")
    assert b"p%26ss+w%C3%B6rd" in sent
    assert b"moodle_mobile_app" in sent
    assert "p&ss" not in caplog.text
    assert "p%26ss" not in caplog.text


def test_no_password_over_plain_http(settings: Settings) -> None:
    settings.PRIVATE_SITES = []
    with pytest.raises(MoodleRefused) as caught:
        token_for("http://moodle.example.org", "claire", "secret")
    assert caught.value.code == UNENCRYPTED
    assert UNENCRYPTED in BY_CODE
