"""The roster over HTTP, as browsers ask for it, among 100,000 enrolments."""

import http.client
import random
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlencode

from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.models import User
from benchmarks.processes import serving
from benchmarks.roster_data import Team, build
from dashboard.enums import State
from dashboard.scope import visible_enrolments
from moodle_sync.enums import Access

REQUESTS = 200
SORTS = ["teacher", "course", "access", "state", "contact", "next"]
NOBODY = ["zzyzx", "Ximénès Inconnu", "06 39 98 99 99"]
PAGE_SIZE = 25
Params = list[tuple[str, str]]


def measure() -> dict[str, float]:
    call_command("collectstatic", interactive=False, verbosity=0)
    team = build()
    return {
        "roster_ms_p95_tutor": _p95("tutor", team, team.tutor),
        "roster_ms_p95_coordinator": _p95("coordinator", team, team.coordinator),
    }


def _p95(name: str, team: Team, user: User) -> float:
    """In milliseconds, on a server just started: the first request waits until it has loaded everything."""
    people = visible_enrolments(user).count()
    cookie = _cookie(user)
    addresses = list(_addresses(team, user, people))
    with _gunicorn() as port:
        times = [_milliseconds(port, address, cookie, address is not addresses[0]) for address in addresses]
    slowest = sorted(zip(times, addresses, strict=True), reverse=True)[:8]
    p95 = statistics.quantiles(times, n=20, method="inclusive")[-1]
    print(f"  {name}: {people} people, p50 {statistics.median(times):.1f}, p95 {p95:.1f}", file=sys.stderr)
    for milliseconds, address in slowest:
        print(f"  {milliseconds:8.1f} {address}", file=sys.stderr)
    return p95


def _cookie(user: User) -> str:
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def _addresses(team: Team, user: User, people: int) -> Iterator[str]:
    """First the bare list, then what people ask for: filters, sorts, pages and searches, alone and together."""
    rng, path = random.Random(f"requests:{user.role}"), reverse("dashboard:roster")
    yield path
    for _ in range(REQUESTS - 1):
        params = [
            *_filters(rng, team, user),
            *_search(rng, team),
            *([("sort", rng.choice(["", "-"]) + rng.choice(SORTS))] if rng.random() < 0.5 else []),
            *([("page", str(rng.randrange(2, 3 + people // PAGE_SIZE)))] if rng.random() < 0.3 else []),
        ]
        yield f"{path}?{urlencode(params, quote_via=quote)}"


def _filters(rng: random.Random, team: Team, user: User) -> Params:
    params: Params = []
    if rng.random() < 0.4:
        params.append(("access", rng.choice(list(Access))))
    if rng.random() < 0.4:
        params += [("state", state) for state in rng.sample(list(State), rng.choice([1, 1, 2]))]
    if rng.random() < 0.2:
        params += [("course", str(pk)) for pk in rng.sample(team.courses, rng.choice([1, 1, 3]))]
    if rng.random() < 0.2:
        groups = team.groups if user.is_tutor else [rng.randrange(1, 10 * len(team.courses))]
        params.append(("group", str(rng.choice(groups))))
    return params


def _search(rng: random.Random, team: Team) -> Params:
    """What is typed: a name or its beginning, an address, a telephone number, what nobody is called."""
    if rng.random() >= 0.25:
        return []
    name = rng.choice(team.names)
    typed = [name, name[:4], name.lower(), rng.choice(team.phones), "ac-roster", rng.choice(NOBODY)]
    return [("q", rng.choice(typed))]


@contextmanager
def _gunicorn() -> Iterator[int]:
    """One worker that handles one request at a time."""
    options = ["--bind", "127.0.0.1:0", "--workers", "1", "--no-control-socket"]
    with serving("gunicorn", "gunicorn", "config.wsgi", *options, ready="Listening at") as line:
        yield int(line.split("127.0.0.1:")[1].split()[0])


def _milliseconds(port: int, address: str, cookie: str, from_htmx: bool) -> float:
    headers = {"Cookie": cookie, "Accept-Language": "fr", "Accept-Encoding": "gzip"}
    if from_htmx:  # links and the form of the list swap it; only the first page is loaded whole
        headers |= {"HX-Request": "true", "HX-Boosted": "true", "HX-Target": "roster"}
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", address, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    seconds = time.perf_counter() - started
    connection.close()
    if answer.status != http.HTTPStatus.OK or b'id="roster"' not in body:
        raise RuntimeError(f"{address}: {answer.status}, {len(body)} bytes")
    return seconds * 1000
