"""Until when a reminder is left to do its work."""

from collections.abc import Iterable
from datetime import datetime

from dashboard.enums import State
from dashboard.follow_up.rules import WAIT_AFTER_CONTACT, Target, start_of_day
from dashboard.models import FollowUp
from dashboard.plan.schedule import Schedule, day_zero, pending, schedule_of
from moodle_sync.enums import EPOCH


def after_reminder(follow_ups: Iterable[FollowUp], now: datetime) -> dict[int, Target]:
    """`reminded` until the plan's next step; three days where no step is left. By follow-up.

    Wants `enrolment.course.site`; one look at the plan for each course.
    """
    schedules: dict[int, Schedule] = {}
    targets = {}
    for follow_up in follow_ups:
        course = follow_up.enrolment.course
        if course.pk not in schedules:
            schedules[course.pk] = schedule_of(course)
        until = _next_step_at(follow_up, schedules[course.pk], now)
        wait = start_of_day(now, course.site.zone, days=WAIT_AFTER_CONTACT)
        targets[follow_up.pk] = Target(State.REMINDED, until or wait)
    return targets


def _next_step_at(follow_up: FollowUp, schedule: Schedule, now: datetime) -> datetime | None:
    enrolment = follow_up.enrolment
    if enrolment.last_course_access is None and enrolment.last_site_access != EPOCH:
        return None  # unknown: no plan
    zero = day_zero(enrolment.course, enrolment.first_seen_at)
    done = schedule.done(follow_up.step_day, zero, now=now, written=True)
    step = pending(schedule.dated(zero), done, now)
    return step.at if step else None
