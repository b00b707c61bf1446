"""The follow-up rules of product.md §4, as functions of facts and time. Nothing here touches the database."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from dashboard.enums import ClosedFor, Outcome, State
from moodle_sync.enums import Access, Standing

FIRST_STEP_DAYS = 4
"""The default plan's first step: nobody is to be chased before D+4."""
WAIT_AFTER_CONTACT = 3
WAIT_WHEN_BLOCKED = 14


class DateRequired(ValueError):
    """A callback needs the date that was agreed."""


@dataclass(frozen=True)
class Target:
    """Where a follow-up goes. `due_at` is None only for `waiting` and the closed states."""

    state: State
    due_at: datetime | None = None
    closed_for: ClosedFor | None = None
    callback_for: int | None = None
    """Who is to call back, by user id; None: anyone."""


def start_of_day(moment: datetime, zone: ZoneInfo, *, days: int = 0) -> datetime:
    """Midnight in the site's zone, `days` after the day of `moment`."""
    local_day = moment.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(local_day, time.min, tzinfo=zone)


def another_time_of_day(moment: datetime, zone: ZoneInfo) -> datetime:
    """Tomorrow: in the afternoon when the morning call found nobody, else in the morning."""
    hour = 14 if moment.astimezone(zone).hour < 12 else 9
    return start_of_day(moment, zone, days=1) + timedelta(hours=hour)


def after_outcome(
    outcome: Outcome, *, now: datetime, zone: ZoneInfo, chosen: datetime | None, other_channel: bool
) -> Target:
    """State and date after a call; `chosen` is the caller's date, which wins where the state has one.

    `other_channel`: can the person still be reached otherwise, by e-mail?
    Raises DateRequired for a callback without a date.
    """

    def in_days(days: int) -> datetime:
        return chosen or start_of_day(now, zone, days=days)

    match outcome:
        case Outcome.CONNECTED_LIVE | Outcome.WILL_CONNECT:
            return Target(State.CONTACTED, in_days(WAIT_AFTER_CONTACT))
        case Outcome.NEEDS_SUPPORT:
            return Target(State.BLOCKED, in_days(WAIT_WHEN_BLOCKED))
        case Outcome.DECLINED:
            return Target(State.CLOSED_OUT, closed_for=ClosedFor.DECLINED)
        case Outcome.CALLBACK:
            if chosen is None:
                raise DateRequired
            return Target(State.CALLBACK, chosen)
        case Outcome.VOICEMAIL | Outcome.THIRD_PARTY:
            return Target(State.TODO, in_days(WAIT_AFTER_CONTACT))
        case Outcome.NO_ANSWER:
            return Target(State.TODO, chosen or another_time_of_day(now, zone))
        case Outcome.WRONG_NUMBER | Outcome.DO_NOT_CALL:
            if other_channel:
                return Target(State.TODO, in_days(0))
            return Target(State.BLOCKED, in_days(WAIT_WHEN_BLOCKED))


def after_contacted(*, now: datetime, zone: ZoneInfo) -> Target:
    """«Contacted», without more: wait three days for the person to come in."""
    return Target(State.CONTACTED, start_of_day(now, zone, days=WAIT_AFTER_CONTACT))


@dataclass(frozen=True)
class Facts:
    """What the rules need to know of one enrolment and its course."""

    access: Access
    standing: Standing
    course_open: bool
    course_ended: bool
    day_zero: datetime | None
    zone: ZoneInfo


def first_step_at(facts: Facts) -> datetime | None:
    if facts.day_zero is None or not facts.course_open:
        return None
    return start_of_day(facts.day_zero, facts.zone, days=FIRST_STEP_DAYS)


def initial(facts: Facts, *, now: datetime) -> Target:
    """Where a follow-up begins, or begins again after a return to the course.

    No backlog: when a running course begins to be followed, what is due is due from today.
    """
    if facts.access in {Access.ACTIVE, Access.DORMANT}:
        return Target(State.CLOSED_IN)
    if facts.standing == Standing.LEFT:
        return Target(State.CLOSED_OUT, closed_for=ClosedFor.LEFT)
    if facts.course_ended:
        return Target(State.CLOSED_OUT, closed_for=ClosedFor.ENDED)
    step = first_step_at(facts)
    if facts.access == Access.UNKNOWN or step is None or step > now:
        return Target(State.WAITING)
    return Target(State.TODO, start_of_day(now, facts.zone))
