"""A page over HTTP, as browsers ask for it: one worker, one request at a time."""

import gzip
import html
import http.client
import re
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.test import Client

from accounts.models import User
from benchmarks.processes import serving

COUNTING = re.compile(rb'<span id="(?:re)?count" hx-get="([^"]+)"')


def p95(name: str, user: User, addresses: Sequence[str], *, has: bytes, target: str = "") -> float:
    """In milliseconds, on a server just started: the first request waits until it has loaded everything.

    `has`: what each answer must contain. With a `target`, all but the first are asked for by htmx, to swap it.
    """
    cookie = _cookie(user)
    with _gunicorn() as port:
        times = [
            _milliseconds(port, address, cookie, has, target if number else "")
            for number, address in enumerate(addresses)
        ]
    slowest = sorted(zip(times, addresses, strict=True), reverse=True)[:8]
    figure = statistics.quantiles(times, n=20, method="inclusive")[-1]
    print(f"  {name}: p50 {statistics.median(times):.1f}, p95 {figure:.1f}", file=sys.stderr)
    for milliseconds, address in slowest:
        print(f"  {milliseconds:8.1f} {address}", file=sys.stderr)
    return figure


def _cookie(user: User) -> str:
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


@contextmanager
def _gunicorn() -> Iterator[int]:
    """One worker that handles one request at a time."""
    options = ["--bind", "127.0.0.1:0", "--workers", "1", "--no-control-socket"]
    with serving("gunicorn", "gunicorn", "config.wsgi", *options, ready="Listening at") as line:
        yield int(line.split("127.0.0.1:")[1].split()[0])


def _milliseconds(port: int, address: str, cookie: str, has: bytes, target: str) -> float:
    headers = {"Cookie": cookie, "Accept-Language": "fr", "Accept-Encoding": "gzip"}
    if target:
        headers |= {"HX-Request": "true", "HX-Boosted": "true", "HX-Target": target}
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", address, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    seconds = time.perf_counter() - started
    if answer.getheader("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    connection.close()
    if answer.status != http.HTTPStatus.OK or has not in body:
        raise RuntimeError(f"{address}: {answer.status}, {len(body)} bytes")
    milliseconds = seconds * 1000
    if counting := COUNTING.search(body):
        # Its counts are brought by themselves: the page is not done before they are there.
        url = html.unescape(counting[1].decode())
        return milliseconds + _milliseconds(port, url, cookie, b'id="tiles"', "tiles")
    return milliseconds
