"""The roster, and the search from anywhere, among 1,000,000 enrolments."""

import random
from collections.abc import Iterator
from urllib.parse import quote, urlencode

from django.urls import reverse

from benchmarks.pages import p95
from benchmarks.roster import NOBODY, of_user, ready
from benchmarks.roster_data import HUGE, Team

SEARCHES = 200
FRAGMENTS = ["ac-roster", "tilleuls", "lycée", "063998", "+33 6 39 98", "0033639984"]


def measure() -> dict[str, float]:
    team = ready(HUGE)
    typed = [f"{reverse('dashboard:search')}?{urlencode({'q': text}, quote_via=quote)}" for text in _typed(team)]
    found = [
        p95(f"search, {user.role}", user, typed, has=b"data-announce", target="found")
        for user in (team.tutor, team.coordinator)
    ]
    return {
        "roster_ms_p95_tutor": of_user("tutor", team, team.tutor),
        "roster_ms_p95_coordinator": of_user("coordinator", team, team.coordinator),
        "search_ms_p95": max(found),
    }


def _typed(team: Team) -> Iterator[str]:
    """Names in either order, letter by letter from the second on; numbers in every form; what many or none have."""
    rng = random.Random("searches")
    for _ in range(SEARCHES):
        kind = rng.random()
        name = rng.choice(team.full_names)
        if kind < 0.5:
            words = name if rng.random() < 0.5 else " ".join(reversed(name.split()))
            yield words[: rng.randrange(2, len(words) + 1)]
        elif kind < 0.65:
            yield rng.choice(team.names)
        elif kind < 0.8:
            phone = rng.choice(team.phones)
            yield rng.choice([phone, phone.replace(" ", ""), "+33" + phone.replace(" ", "")[1:], phone[:11]])
        elif kind < 0.9:
            yield rng.choice(FRAGMENTS)
        else:
            yield rng.choice(NOBODY)
