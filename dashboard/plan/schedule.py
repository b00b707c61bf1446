"""A course's steps on the calendar of its site: which step falls on which day for whom."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Q

from dashboard.enums import Channel
from dashboard.follow_up.rules import DEFAULT_STEPS, Step
from dashboard.models import Plan, WorkingDays
from dashboard.plan.calendar import Calendar
from moodle_sync.models import Course, Site

NEAR = timedelta(days=3)
"""An e-mail sent by hand so shortly before the plan's own is that one: nobody gets two within the cooldown."""


class Dated(NamedTuple):
    """A step and the midnight at which its day begins."""

    step: Step
    at: datetime


@dataclass(frozen=True)
class Schedule:
    """The plan that holds for a course: its own, else its site's, else the default."""

    steps: tuple[Step, ...]
    calendar: Calendar
    reopen_dormant: bool = False
    _known: dict[date, tuple[Dated, ...]] = field(default_factory=dict, compare=False, repr=False)

    def dated(self, day_zero: datetime | None) -> tuple[Dated, ...]:
        """Every step with its moment, for this day 0: so many days later, or the next working day."""
        if day_zero is None:
            return ()
        first = day_zero.astimezone(self.calendar.zone).date()
        if first not in self._known:
            self._known[first] = tuple(Dated(step, self._moment(first, step.day)) for step in self.steps)
        return self._known[first]

    def _moment(self, first: date, days: int) -> datetime:
        return self.calendar.midnight(self.calendar.working_from(first + timedelta(days=days)))

    def first_at(self, day_zero: datetime | None) -> datetime | None:
        """When the plan begins; None: never, by itself."""
        dated = self.dated(day_zero)
        return dated[0].at if dated else None

    def latest_day_zero(self, now: datetime) -> date | None:
        """Who has a day 0 later than this has not come to the first step."""
        if not self.steps:
            return None
        today = now.astimezone(self.calendar.zone).date()
        return self.calendar.working_until(today) - timedelta(days=self.steps[0].day)

    def done(self, step_day: int | None, day_zero: datetime | None, *, now: datetime, written: bool) -> int | None:
        """The last step that is done or left behind after the person was reached, or written to."""
        for step, at in reversed(self.dated(day_zero)):
            early = written and step.channel == Channel.EMAIL and at <= now + NEAR
            if at <= now or early:
                return step.day if step_day is None else max(step_day, step.day)
        return step_day


def pending(dated: Iterable[Dated], step_day: int | None, by: datetime) -> Dated | None:
    """The step to do: the latest that is due by then, as nothing is made up for; else the next to come."""
    left = [one for one in dated if step_day is None or one.step.day > step_day]
    due = [one for one in left if one.at <= by]
    return due[-1] if due else left[0] if left else None


def day_zero(course: Course, first_seen_at: datetime) -> datetime | None:
    """The course's, or the day the person was first seen for who joined after the first read."""
    opened = course.opened_at
    if opened is not None and joined_later(course, first_seen_at):
        return max(opened, first_seen_at)
    return opened


def joined_later(course: Course, first_seen_at: datetime) -> bool:
    return course.first_synced_at is not None and first_seen_at > course.first_synced_at


def schedule_of(course: Course) -> Schedule:
    return schedules_of([course])[course.pk]


def schedules_of(courses: Collection[Course]) -> dict[int, Schedule]:
    """By course. Two queries however many; their `site` should be there."""
    ids, sites = [course.pk for course in courses], {course.site_id: course.site for course in courses}
    days = {rest.site_id: rest for rest in WorkingDays.objects.filter(site__in=sites)}
    calendars = {pk: calendar_of(site, days.get(pk)) for pk, site in sites.items()}
    plans = Plan.objects.filter(Q(course__in=ids) | Q(site__in=sites)).prefetch_related("steps")
    own, default = {}, {}
    for plan in plans:
        if plan.course_id is not None:
            own[plan.course_id] = plan
        else:
            default[plan.site_id] = plan
    return {
        course.pk: of_plan(own.get(course.pk) or default.get(course.site_id), calendars[course.site_id])
        for course in courses
    }


def of_plan(plan: Plan | None, calendar: Calendar) -> Schedule:
    if plan is None:
        return Schedule(DEFAULT_STEPS, calendar)
    steps = tuple(Step(step.day, Channel(step.channel), step.template_id) for step in plan.steps.all())
    return Schedule(steps, calendar, plan.reopen_dormant)


def calendar_of(site: Site, days: WorkingDays | None) -> Calendar:
    days = days or WorkingDays(site=site)
    return Calendar(site.zone, frozenset(days.weekdays), days.country, days.subdivision)
