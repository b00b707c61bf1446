"""The roster over HTTP, as browsers ask for it, among 100,000 enrolments; `roster_small` and `million` use it too."""

import random
from collections.abc import Iterator
from urllib.parse import quote, urlencode

from django.core.management import call_command
from django.urls import reverse

from accounts.models import User
from benchmarks.pages import p95
from benchmarks.roster_data import LARGE, Shape, Team, build
from dashboard.enums import State
from dashboard.scope import visible_enrolments
from moodle_sync.enums import Access

REQUESTS = 200
SORTS = ["teacher", "course", "access", "state", "contact", "next"]
NOBODY = ["zzyzx", "Ximénès Inconnu", "06 39 98 99 99"]
PAGE_SIZE = 25
Params = list[tuple[str, str]]


def measure() -> dict[str, float]:
    team = ready(LARGE)
    return {
        "roster_ms_p95_tutor_100000": of_user("tutor", team, team.tutor),
        "roster_ms_p95_coordinator_100000": of_user("coordinator", team, team.coordinator),
    }


def ready(shape: Shape) -> Team:
    call_command("collectstatic", interactive=False, verbosity=0)
    return build(shape)


def of_user(name: str, team: Team, user: User) -> float:
    addresses = list(_addresses(team, user, visible_enrolments(user).count()))
    return p95(name, user, addresses, has=b'id="roster"', target="roster")


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
        groups = team.groups if user.is_tutor else [rng.randrange(1, team.all_groups + 1)]
        params.append(("group", str(rng.choice(groups))))
    return params


def _search(rng: random.Random, team: Team) -> Params:
    """What is typed: a name or its beginning, an address, a telephone number, what nobody is called."""
    if rng.random() >= 0.25:
        return []
    name = rng.choice(team.names)
    typed = [name, name[:4], name.lower(), rng.choice(team.phones), "ac-roster", rng.choice(NOBODY)]
    return [("q", rng.choice(typed))]
