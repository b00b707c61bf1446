"""A seeded world of people in every state, and the counts made the slow way: one person after another."""

import random
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from dashboard.enums import State
from dashboard.models import FollowUp
from moodle_sync.enums import EPOCH, Access, Standing
from moodle_sync.models import Course, Enrolment, Group
from tests.factories import EnrolmentFactory

STAMPS = [None, EPOCH, timedelta(days=1), timedelta(days=40)]


def populate(course: Course, groups: list[Group], now: datetime, *, people: int, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(people):
        stamps = [chance.choice(STAMPS) for _ in range(2)]
        course_access, site_access = (now - s if isinstance(s, timedelta) else s for s in stamps)
        state = chance.choice([State.TODO, State.TODO, State.CALLBACK, State.CONTACTED, State.CLOSED_IN])
        touched = chance.random() < 0.4
        EnrolmentFactory.create(
            course=course,
            groups=chance.sample(groups, k=chance.choice([0, 1, 1, min(2, len(groups))])),
            last_course_access=course_access,
            last_site_access=site_access,
            standing=chance.choice([Standing.PRESENT] * 5 + [Standing.SUSPENDED, Standing.STAFF]),
            follow_up__state=state,
            follow_up__due_at=now + timedelta(hours=chance.choice([-30, -1, 30])),
            follow_up__last_contact_at=now - timedelta(days=2) if touched else None,
        )


def access_of(enrolment: Enrolment, now: datetime) -> Access:
    """product.md §3, read aloud."""
    course, site = enrolment.last_course_access, enrolment.last_site_access
    if course is not None and course > EPOCH:
        return Access.ACTIVE if course > now - enrolment.course.dormant_after else Access.DORMANT
    if site == EPOCH:
        return Access.NEVER_PLATFORM
    return Access.NEVER_COURSE if course == EPOCH else Access.UNKNOWN


def counted(enrolments: Iterable[Enrolment], now: datetime) -> tuple[dict[str, int], tuple[int, int, int]]:
    """({access: people}, (to do, of which never contacted, callbacks due)) over those present."""
    states: Counter[str] = Counter()
    todo = untouched = callbacks = 0
    for enrolment in enrolments:
        if enrolment.standing != Standing.PRESENT:
            continue
        states[access_of(enrolment, now)] += 1
        follow_up = FollowUp.objects.get(enrolment=enrolment)
        due = follow_up.due_at is not None and follow_up.due_at <= now
        todo += due and follow_up.state == State.TODO
        untouched += due and follow_up.state == State.TODO and follow_up.last_contact_at is None
        callbacks += due and follow_up.state == State.CALLBACK
    return dict(states), (todo, untouched, callbacks)
