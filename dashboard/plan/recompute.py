"""Keeps `step_day`, `next_channel` and `next_at` of follow-ups what the plan makes of them.

A row is written only when it changes, and only if nobody moved it since it was read: whoever did computed it anew.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from itertools import islice
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from dashboard.addresses import bad_addresses, holds, with_address
from dashboard.enums import CLOSED_STATES, REACHED, Kind
from dashboard.models import FollowUp
from dashboard.plan.next_step import Next, Situation, next_step
from dashboard.plan.schedule import Schedule, day_zero, schedule_of, schedules_of
from moodle_sync.enums import Standing
from moodle_sync.models import Course, Enrolment
from moodle_sync.querysets import EnrolmentQuerySet

logger = logging.getLogger(__name__)
BATCH = 2000
WRITTEN = {Kind.EMAIL, Kind.MESSAGE}
BEGUN_ANEW = {Kind.REJOINED, Kind.REOPENED, Kind.DORMANT}
COLUMNS = [
    "follow_up__pk", "follow_up__version", "follow_up__next_channel", "follow_up__next_at", "follow_up__step_day",
    "follow_up__state", "follow_up__due_at", "access", "standing", "first_seen_at", "participant__email",
    "participant__account__person", "participant__account__person__do_not_call", "follow_up__last_contact__outcome",
]  # fmt: skip


class Row(NamedTuple):
    """One follow-up as it is stored, with what decides of its next step: see COLUMNS."""

    pk: int
    version: int
    next_channel: str
    next_at: datetime | None
    step_day: int | None
    state: str
    due_at: datetime | None
    access: str
    standing: str
    first_seen_at: datetime
    email: str
    person: int | None
    do_not_call: bool | None
    last_outcome: str | None


class Act(NamedTuple):
    """What was just done with a follow-up: it may do the plan's step, or begin the plan anew."""

    kind: Kind | None = None
    outcome: str = ""


NO_ACT = Act()


class Change(NamedTuple):
    pk: int
    version: int
    step_day: int | None
    next: Next


def recompute(course: Course, now: datetime | None = None) -> int:
    """Every follow-up of the course. Returns how many rows were written."""
    asleep = Q(follow_up__state__in=CLOSED_STATES, follow_up__next_channel="", follow_up__next_at=None)
    return _recompute(course, Enrolment.objects.filter(course=course).exclude(asleep), now or timezone.now())


def recompute_some(follow_ups: Collection[int], act: Act = NO_ACT, now: datetime | None = None) -> int:
    """These follow-ups, in the transaction that moved them. Returns how many rows were written."""
    now, written = now or timezone.now(), 0
    enrolments = Enrolment.objects.filter(follow_up__in=follow_ups)
    courses = list(Course.objects.filter(pk__in=enrolments.values("course")).select_related("site"))
    schedules = schedules_of(courses)
    for course in courses:
        rows = [Row(*values) for values in _rows(enrolments.filter(course=course), now)]
        written += _write(Planning(course, schedules[course.pk], now, act).changes(rows))
    return written


def recompute_people_later(persons: Collection[int]) -> None:
    """Whether they have an address or want no calls has changed, for all their courses.

    After the commit: their other follow-ups may be held by somebody who waits for one of these persons.
    """
    ids = FollowUp.objects.filter(enrolment__participant__account__person__in=list(persons))
    transaction.on_commit(lambda: recompute_some(list(ids.values_list("pk", flat=True))))


def recompute_later(course_id: int) -> None:
    transaction.on_commit(partial(_recompute_by_id, course_id))


def _recompute_by_id(course_id: int) -> None:
    recompute(Course.objects.select_related("site").get(pk=course_id))


def check(course: Course, now: datetime | None = None) -> int:
    """From scratch, the closed ones too: how many rows were not what they should be. They are repaired.

    Does what was kept up with every event agree with all of it computed anew? Only the number is told.
    """
    wrong = _recompute(course, Enrolment.objects.filter(course=course), now or timezone.now())
    if wrong:
        logger.warning("Plan of course %s: %s follow-ups had another next step than they should.", course.pk, wrong)
    return wrong


def _recompute(course: Course, enrolments: QuerySet[Enrolment], now: datetime) -> int:
    """Batch by batch: a course of 50,000 needs no more memory than one of 2,000."""
    plan = Planning(course, schedule_of(course), now)
    rows = map(Row._make, _rows(enrolments, now).iterator(chunk_size=BATCH))
    written = 0
    while batch := list(islice(rows, BATCH)):
        written += _write(plan.changes(batch))
    return written


def _rows(enrolments: QuerySet[Enrolment], now: datetime) -> QuerySet[Enrolment, tuple[Any, ...]]:
    assert isinstance(enrolments, EnrolmentQuerySet)
    return enrolments.filter(follow_up__isnull=False).with_access(now=now).values_list(*COLUMNS)


@dataclass
class Planning:
    course: Course
    schedule: Schedule
    now: datetime
    act: Act = NO_ACT
    known: dict[Situation, Next] = field(default_factory=dict)
    """Thousands of rows, few situations."""

    def changes(self, rows: Sequence[Row]) -> list[Change]:
        bad = bad_addresses({row.person for row in rows if row.person is not None})
        direct = {row.pk for row in rows if holds(row.email, row.person, bad)}
        reachable = with_address({row.person for row in rows if row.pk not in direct and row.person is not None}, bad)
        found = []
        for row in rows:
            situation = self._situation(row, row.pk in direct or row.person in reachable)
            if situation not in self.known:
                self.known[situation] = next_step(self.now, situation, self.schedule)
            step_day, following = situation.step_day, self.known[situation]
            if (row.step_day, row.next_channel, row.next_at) != (step_day, *following):
                found.append(Change(row.pk, row.version, step_day, following))
        return found

    @cached_property
    def _may_chase(self) -> bool:
        return self.course.is_open(self.now) and not self.course.has_ended(self.now)

    def _situation(self, row: Row, reachable: bool) -> Situation:
        zero = day_zero(self.course, row.first_seen_at)
        return Situation(
            state=row.state,
            due_at=row.due_at,
            step_day=self._step_day(row, zero),
            access=row.access,
            may_chase=self._may_chase and row.standing == Standing.PRESENT,
            day_zero=zero,
            has_email=reachable,
            do_not_call=bool(row.do_not_call),
            last_outcome=row.last_outcome or "",
        )

    def _step_day(self, row: Row, zero: datetime | None) -> int | None:
        kind = self.act.kind
        if kind in BEGUN_ANEW:
            return None
        if kind in WRITTEN or kind == Kind.CONTACTED or self.act.outcome in REACHED:
            return self.schedule.done(row.step_day, zero, now=self.now, written=kind in WRITTEN)
        return row.step_day


@transaction.atomic(savepoint=False)
def _write(changed: Sequence[Change]) -> int:
    """Locked in the order in which acts lock theirs; then one statement."""
    if not changed:
        return 0
    ids = [change.pk for change in changed]
    columns: list[Any] = [
        ids,
        [change.version for change in changed],
        [change.step_day for change in changed],
        [change.next.channel for change in changed],
        [change.next.at for change in changed],
    ]
    with connection.cursor() as cursor:
        if len(ids) > 1:
            cursor.execute(f"SELECT id FROM {TABLE} WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [ids])
        cursor.execute(STATEMENT, columns)
        return int(cursor.rowcount)


TABLE = FollowUp._meta.db_table
STATEMENT = f"""
UPDATE {TABLE} AS kept
SET step_day = planned.step_day, next_channel = planned.next_channel, next_at = planned.next_at
FROM unnest(%s::bigint[], %s::integer[], %s::integer[], %s::text[], %s::timestamptz[])
    AS planned (id, version, step_day, next_channel, next_at)
WHERE kept.id = planned.id AND kept.version = planned.version
"""
