"""A course's plan as it stands: each step's day, and how many people are at it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from dashboard.courses.counts import counted_enrolments
from dashboard.enums import OPEN_STATES, Channel, State
from dashboard.follow_up.rules import Step
from dashboard.models import Plan
from dashboard.plan.next_step import CHASED
from dashboard.plan.schedule import Schedule, day_zero, pending, schedule_of
from moodle_sync.models import Course

ICONS = {Channel.EMAIL: "send", Channel.CALL: "phone"}


@dataclass(frozen=True)
class StepLine:
    step: Step
    day: date | None
    """For those who were there from the beginning; None: the opening is not known."""
    due: int
    to_come: int
    now: bool
    """The step at which the course is today."""
    passed: bool

    @property
    def icon(self) -> str:
        return "check" if self.passed else ICONS[self.step.channel]

    @property
    def title(self) -> str:
        return _("D+%(day)s, %(channel)s") % {"day": self.step.day, "channel": Channel(self.step.channel).label}

    @property
    def when(self) -> str:
        return date_format(self.day, "l j F") if self.day else ""


@dataclass(frozen=True)
class Overview:
    plan: Plan | None
    """The course's own; None: its site's, or the default."""
    schedule: Schedule
    lines: Sequence[StepLine]
    opening: date | None
    presumed: bool
    """The course is not open yet: days are those of its start date."""
    finished: int
    """People to do for whom no step is left."""

    @property
    def people(self) -> int:
        return self.finished + sum(line.due + line.to_come for line in self.lines)


def overview(course: Course, user: User, now: datetime) -> Overview:
    schedule = schedule_of(course)
    opened = course.opened_at or course.start_date
    due, to_come, finished = _people(course, user, schedule, now)
    dated = {one.step.day: one.at for one in schedule.dated(opened)}
    passed = [day for day, at in dated.items() if at <= now]
    current = passed[-1] if passed and course.is_open(now) and not course.has_ended(now) else None
    lines = [
        StepLine(
            step,
            dated[step.day].date() if step.day in dated else None,
            due[step.day],
            to_come[step.day],
            now=step.day == current,
            passed=step.day in passed and step.day != current,
        )
        for step in schedule.steps
    ]
    return Overview(
        Plan.objects.filter(course=course).select_related("changed_by").first(),
        schedule,
        lines,
        opened.astimezone(course.site.zone).date() if opened else None,
        presumed=course.opened_at is None,
        finished=finished,
    )


def _people(course: Course, user: User, schedule: Schedule, now: datetime) -> tuple[Counter[int], Counter[int], int]:
    """By the step's day: for whom it is due, for whom it is to come; and for how many none is left."""
    due: Counter[int] = Counter()
    to_come: Counter[int] = Counter()
    finished = 0
    if not course.is_open(now) or course.has_ended(now):
        return due, to_come, finished
    people = counted_enrolments(user, [course.pk]).filter(follow_up__state__in=OPEN_STATES).with_access(now=now)
    columns = ["access", "follow_up__state", "follow_up__step_day", "follow_up__next_at", "first_seen_at"]
    for access, state, step_day, next_at, first_seen_at in people.values_list(*columns):
        if access not in CHASED:
            continue
        step = pending(schedule.dated(day_zero(course, first_seen_at)), step_day, max(now, next_at or now))
        if step is None:
            finished += state == State.TODO  # the others wait for something else
        elif state == State.TODO and next_at is not None and next_at <= now:
            due[step.step.day] += 1
        else:
            to_come[step.step.day] += 1
    return due, to_come, finished
