"""À faire over HTTP, of a tutor with 300 people among 100,000 enrolments."""

import random
from collections.abc import Iterator

from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from benchmarks.pages import p95
from benchmarks.roster_data import build
from dashboard.enums import Channel, State
from dashboard.queue.lists import Work

REQUESTS = 200
NEWCOMERS = 20
"""One in so many joined after the first read."""
NEXT = {Channel.CALL: 4, Channel.EMAIL: 5, "": 1}


def measure() -> dict[str, float]:
    call_command("collectstatic", interactive=False, verbosity=0)
    team = build()
    _plan()
    return {"queue_ms_p95": p95("queue", team.tutor, list(_addresses()), has=b'id="call"')}


def _addresses() -> Iterator[str]:
    """The page itself, sometimes with one of its groups shown whole."""
    rng, path = random.Random("requests"), reverse("dashboard:queue")
    yield path
    for _ in range(REQUESTS - 1):
        yield path if rng.random() < 0.8 else f"{path}?all={rng.choice(list(Work)).name.lower()}"


def _plan() -> None:
    """What the plan has next for each, and who is new; drawn, not computed: only reading it is measured here."""
    channels, weights = list(NEXT), list(NEXT.values())
    drawn = random.Random("queue").choices(channels, weights, k=1000)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE dashboard_followup SET next_channel = (%s::text[])[1 + id %% 1000],"
            " next_at = CASE WHEN (%s::text[])[1 + id %% 1000] <> '' THEN due_at END WHERE state = %s",
            [drawn, drawn, State.TODO],
        )
        cursor.execute(
            "UPDATE moodle_sync_enrolment SET first_seen_at = now() - interval '3 days' WHERE id %% %s = 0", [NEWCOMERS]
        )
        cursor.execute("UPDATE moodle_sync_course SET first_synced_at = now() - interval '15 days'")
        cursor.execute("VACUUM ANALYZE")
