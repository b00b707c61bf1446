"""Which step of its plan a reminder is, for the lines of many courses at once."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from dashboard.enums import Channel
from dashboard.follow_up.rules import DEFAULT_STEPS, Step
from dashboard.models import PlanStep, WorkingDays
from dashboard.plan.calendar import Calendar
from dashboard.plan.schedule import Schedule, day_zero, pending
from moodle_sync.models import Course


def schedules(courses: Collection[Course]) -> dict[int, Schedule]:
    """As `schedule_of`, in two queries for all. By course; each should have its site."""
    sites = {course.site_id for course in courses}
    steps: dict[tuple[str, int], list[Step]] = {}
    found = PlanStep.objects.filter(Q(plan__course__in=courses) | Q(plan__site__in=sites)).order_by("day")
    columns = ("plan__course", "plan__site", "day", "channel", "template")
    for course, site, day, channel, template in found.values_list(*columns):
        owner = ("course", course) if course else ("site", site)
        steps.setdefault(owner, []).append(Step(day, Channel(channel), template))
    days = WorkingDays.objects.in_bulk(list(sites))
    made = {}
    for course in courses:
        own = steps.get(("course", course.pk)) or steps.get(("site", course.site_id))
        week = days.get(course.site_id) or WorkingDays(site=course.site)
        calendar = Calendar(course.site.zone, frozenset(week.weekdays), week.country, week.subdivision)
        made[course.pk] = Schedule(tuple(own) if own else DEFAULT_STEPS, calendar)
    return made


def due_step(
    schedule: Schedule, course: Course, first_seen_at: datetime, step_day: int | None, now: datetime
) -> Step | None:
    """The step that asks for an e-mail now; None where something else does, as a wrong number."""
    found = pending(schedule.dated(day_zero(course, first_seen_at)), step_day, now)
    return found.step if found and found.at <= now and found.step.channel == Channel.EMAIL else None
