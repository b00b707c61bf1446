"""The right column's sessions of a tutor, and what waits in each session of a coordinator's scope."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Count, F, Q

from dashboard.courses.counts import BY_COURSE, AccessCounts
from dashboard.enums import Channel, State
from dashboard.queue.lists import Desk, can_come_in, untouched_newcomers
from dashboard.roster.counts import GENERATION, SECONDS

SESSIONS = 6
COURSES = 12


@dataclass(frozen=True)
class Session:
    pk: int
    name: str
    access: AccessCounts


@dataclass(frozen=True)
class Waiting:
    """What is due in one course, whosever it is."""

    course: int
    name: str
    callbacks: int
    calls: int
    reminders: int
    arrivals: int
    undecided: int


def sessions(desk: Desk) -> list[Session]:
    """Those people can enter, where most are still outside first."""
    by_course: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for row in filter(desk.can_enter, desk.people):
        by_course[row.course][row.access] += 1
    found = [Session(pk, str(desk.course_of[pk]), AccessCounts(states)) for pk, states in by_course.items()]
    return sorted(found, key=lambda session: (-session.access.never, session.name))[:SESSIONS]


def waiting(desk: Desk) -> tuple[Sequence[Waiting], int]:
    """The courses with the most overdue first, and how many more there are. Kept some seconds, as all counts."""
    key = f"queue:waiting:{cache.get(GENERATION, 0)}:{desk.user.pk}"
    found: list[Waiting] | None = cache.get(key)
    if found is None:
        found = _count(desk)
        cache.set(key, found, SECONDS)
    return found[:COURSES], len(found[COURSES:])


def _count(desk: Desk) -> list[Waiting]:
    now = desk.now
    todo = Q(follow_up__state=State.TODO)
    planned = todo & Q(follow_up__next_at__lte=now)
    kinds = {
        "callbacks": Q(follow_up__state=State.CALLBACK, follow_up__due_at__lte=now),
        "calls": planned & Q(follow_up__next_channel=Channel.CALL),
        "reminders": planned & Q(follow_up__next_channel=Channel.EMAIL),
        "arrivals": untouched_newcomers(now),
        "undecided": todo & Q(follow_up__next_channel="", follow_up__due_at__lte=now),
    }
    rows = (
        desk.seen.present()
        .filter(can_come_in(now), follow_up__state__in=[State.TODO, State.CALLBACK, State.WAITING])
        .order_by()
        .values(BY_COURSE, name=F("course__full_name"))
        .annotate(**{name: Count("pk", filter=condition) for name, condition in kinds.items()})
    )
    found = [Waiting(row.pop(BY_COURSE), **row) for row in rows if any(row[name] for name in kinds)]
    return sorted(found, key=lambda line: (-line.callbacks, -line.calls, -line.reminders, -line.arrivals, line.name))
