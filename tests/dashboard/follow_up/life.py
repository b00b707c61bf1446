"""A follow-up's life, event by event: everything that people, Moodle and time can do to it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from dashboard.enums import Cause, Channel, ClosedFor, Kind, Outcome, State
from dashboard.follow_up import acts, moves, system
from dashboard.follow_up.machine import Forbidden
from dashboard.follow_up.rules import Target
from dashboard.models import Contact, FollowUp, Plan
from dashboard.plan.waits import after_reminder
from moodle_sync.enums import EPOCH, Standing
from moodle_sync.models import Course, Enrolment
from tests.factories import EnrolmentFactory

DAY = timedelta(days=1)


@dataclass
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Life:
    clock: Clock
    course: Course
    team: Sequence[User]
    refused: int = 0
    acts: list[tuple[User, uuid.UUID]] = field(default_factory=list)
    enrolment: Enrolment = field(init=False)

    def __post_init__(self) -> None:
        self.enrolment = EnrolmentFactory(course=self.course, first_seen_at=self.clock.now, follow_up=False)
        self.read()

    @property
    def follow_up(self) -> FollowUp:
        return FollowUp.objects.select_related("enrolment__course__site").get(enrolment=self.enrolment)

    def do(self, event: Event) -> None:
        getattr(self, event.name)(*event.arguments)

    # People.

    def call(self, who: int, outcome: Outcome, days: int, owner: int | None) -> None:
        chosen = self.clock.now + days * DAY if days or outcome == Outcome.CALLBACK else None
        call = acts.Call(
            outcome, Cause.CREDENTIALS, "", chosen, callback_for=None if owner is None else self.team[owner].pk
        )
        person = self.enrolment.participant.account.person
        follow_up, by = self.follow_up, self.team[who]
        self._try(by, lambda: acts.log_call(person, [(follow_up, follow_up.version)], call, by=by, now=self.clock.now))

    def contacted(self, who: int) -> None:
        self._try(
            self.team[who],
            lambda: (
                acts.mark_contacted(
                    self.follow_up, by=self.team[who], version=self.follow_up.version, now=self.clock.now
                ).act
            ),
        )

    def reminded(self, who: int) -> None:
        self._record(who, Kind.EMAIL, after_reminder([self.follow_up], self.clock.now)[self.follow_up.pk])

    def note(self, who: int) -> None:
        self._record(who, Kind.NOTE, None, note="Préfère le midi.")

    def caused(self, who: int) -> None:
        self._record(who, Kind.CAUSE, None, cause=Cause.WRONG_PORTAL)

    def blocked(self, who: int) -> None:
        self._record(who, Kind.BLOCKED, Target(State.BLOCKED, self.clock.now + 14 * DAY), cause=Cause.CREDENTIALS)

    def lifted(self, who: int) -> None:
        self._record(who, Kind.LIFTED, Target(State.TODO, self.clock.now))

    def taken_up(self, who: int) -> None:
        self._record(who, Kind.RESUMED, Target(State.TODO, self.clock.now))

    def closed(self, who: int) -> None:
        self._record(who, Kind.CLOSED, Target(State.CLOSED_OUT, closed_for=ClosedFor.WRONG))

    def declared(self, who: int) -> None:
        self._record(who, Kind.DECLARED, Target(State.CLOSED_IN))

    def redated(self, who: int, days: int, owner: int | None) -> None:
        pk = None if owner is None else self.team[owner].pk
        self._record(who, Kind.REDATED, Target(State.CALLBACK, self.clock.now + days * DAY, callback_for=pk))

    def handed(self, who: int, to: int) -> None:
        self._record(who, Kind.ASSIGNED, None, assignee=self.team[to].pk)

    def undone(self) -> None:
        if self.acts:
            by, act = self.acts.pop()
            try:
                moves.undo(act, by=by, among=FollowUp.objects.values_list("pk", flat=True))
            except moves.NotUndoable:
                self.refused += 1

    def _record(self, who: int, kind: Kind, target: Target | None, **details: Any) -> None:
        by = self.team[who]
        self._try(by, lambda: moves.record(self.follow_up, kind=kind, author=by, target=target, **details).act)

    def _try(self, by: User, act: Callable[[], uuid.UUID]) -> None:
        before = self.told()
        try:
            self.acts.append((by, act()))
        except Forbidden:
            self.refused += 1
            assert self.told() == before, "what is forbidden writes nothing"

    # Moodle.

    def enters(self) -> None:
        self._moodle(last_course_access=self.clock.now, last_site_access=self.clock.now)

    def hides_access(self) -> None:
        self._moodle(last_course_access=None, last_site_access=self.clock.now)

    def tells_never(self) -> None:
        self._moodle(last_course_access=EPOCH, last_site_access=EPOCH)

    def leaves(self) -> None:
        self._moodle(standing=Standing.LEFT, left_at=self.clock.now)

    def suspended(self) -> None:
        self._moodle(standing=Standing.SUSPENDED, left_at=None)

    def returns(self) -> None:
        self._moodle(standing=Standing.PRESENT, left_at=None)

    def _moodle(self, **fields: Any) -> None:
        Enrolment.objects.filter(pk=self.enrolment.pk).update(**fields)
        self.read()

    def read(self) -> None:
        system.after_read(self._course(), self.clock.now)

    # The course, its plan, and time.

    def shown(self, visible: bool) -> None:
        self._facts(visible=visible)

    def ends_in(self, days: int | None) -> None:
        self._facts(end_date=None if days is None else self.clock.now + days * DAY)

    def begins_in(self, days: int) -> None:
        self._facts(start_date=self.clock.now + days * DAY)

    def _facts(self, **fields: Any) -> None:
        Course.objects.filter(pk=self.course.pk).update(**fields)
        self.read()

    def planned(self, days: list[int], dormant: bool) -> None:
        Plan.objects.filter(course=self.course).delete()
        plan = Plan.objects.create(course=self.course, reopen_dormant=dormant)
        for n, day in enumerate(days):
            plan.steps.create(day=day, channel=Channel.CALL if n % 2 else Channel.EMAIL)
        system.advance(self._course(), self.clock.now)

    def days_pass(self, days: int) -> None:
        self.clock.now += days * DAY + timedelta(hours=1)
        system.advance(self._course(), self.clock.now)

    def _course(self) -> Course:
        return Course.objects.select_related("site").get(pk=self.course.pk)

    def told(self) -> list[dict[str, Any]]:
        return [dict(entry) for entry in Contact.objects.filter(follow_up=self.follow_up).order_by("pk").values()]


@dataclass(frozen=True)
class Event:
    name: str
    arguments: tuple[Any, ...] = ()
