"""How long a caller waits for the next person when 50 ask at the same moment, each on a connection of their own."""

import statistics
import sys
import threading
import time
from datetime import datetime

from django.db import connection
from django.utils import timezone

from accounts.models import User
from benchmarks.roster_data import build
from dashboard.calls import leases
from dashboard.enums import State
from dashboard.models import FollowUp, Lease
from moodle_sync.enums import Standing
from moodle_sync.models import Enrolment

CALLERS = 50
TURNS = 21
"""Of each caller. The first opens the connections and does not count."""
LIST = 2_000


def measure() -> dict[str, float]:
    build()
    since = timezone.now()
    todo = Enrolment.objects.filter(standing=Standing.PRESENT, follow_up__state=State.TODO)
    left = list(todo.order_by("follow_up__due_at", "pk").values_list("pk", flat=True)[:LIST])
    callers = list(User.objects.filter(email__startswith="tutor").order_by("pk")[:CALLERS])
    with _Callers(callers, since) as team:
        times = []
        for turn in range(TURNS):
            claims = team.all_at_once(left)
            _check(claims)
            times += [milliseconds for milliseconds, _claimed in claims] if turn else []
            _called(claims)
            left = leases.still_to_call(left, since=since)
    p50, p95 = statistics.median(times), statistics.quantiles(times, n=20, method="inclusive")[-1]
    print(f"  {len(times)} claims: p50 {p50:.1f}, p95 {p95:.1f}, longest {max(times):.1f}", file=sys.stderr)
    return {"claim_ms_p95": p95}


Claims = list[tuple[float, leases.Claimed | None]]


class _Callers:
    """A thread and a connection each, waiting for the signal."""

    def __init__(self, users: list[User], since: datetime) -> None:
        self.users, self.since = users, since
        self.go, self.done = threading.Barrier(len(users) + 1), threading.Barrier(len(users) + 1)
        self.left: list[int] | None = None
        self.claims: Claims = []

    def __enter__(self) -> "_Callers":
        self.threads = [threading.Thread(target=self._work, args=[user]) for user in self.users]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.left = None
        self.go.wait()
        for thread in self.threads:
            thread.join()

    def all_at_once(self, left: list[int]) -> Claims:
        """Everybody has the same list: what a shared queue comes to at worst."""
        self.left, self.claims = left, []
        self.go.wait()
        self.done.wait()
        return self.claims

    def _work(self, user: User) -> None:
        while True:
            self.go.wait()
            if self.left is None:
                connection.close()
                return
            started = time.perf_counter()
            claimed = leases.claim_next(user, self.left, since=self.since)
            self.claims.append(((time.perf_counter() - started) * 1000, claimed))
            self.done.wait()


def _check(claims: Claims) -> None:
    persons = {claimed.person for _milliseconds, claimed in claims if claimed}
    if len(persons) != CALLERS:
        raise RuntimeError(f"{CALLERS} callers were given {len(persons)} people")


def _called(claims: Claims) -> None:
    """Everybody has had their call: the people are let go, and are not to be called again."""
    enrolments = [claimed.enrolment for _milliseconds, claimed in claims if claimed]
    FollowUp.objects.filter(enrolment__in=enrolments).update(last_contact_at=timezone.now())
    Lease.objects.all().delete()
