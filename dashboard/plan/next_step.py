"""What the plan has next for one follow-up, and when. Pure: facts in, a channel and a moment out."""

from datetime import datetime
from typing import NamedTuple

from dashboard.enums import CLOSED_STATES, UNANSWERED, Channel, Outcome, State
from dashboard.plan.schedule import Schedule, pending
from moodle_sync.enums import Access

CHASED = {Access.NEVER_PLATFORM, Access.NEVER_COURSE, Access.DORMANT}
"""Whom the plan's steps concern: «unknown» never enters the plan, and who comes needs none."""
OTHER_WAY = {Outcome.WRONG_NUMBER, Outcome.DO_NOT_CALL}


class Situation(NamedTuple):
    """All that decides; equal situations have equal answers, and thousands of a course's are equal."""

    state: str
    due_at: datetime | None
    step_day: int | None
    access: str
    may_chase: bool
    """Present, in a course that is open and has not ended."""
    day_zero: datetime | None
    has_email: bool
    do_not_call: bool
    last_outcome: str = ""
    """Of the last contact, when it was a call."""


class Next(NamedTuple):
    channel: str = ""
    at: datetime | None = None


NOTHING = Next()


def next_step(now: datetime, situation: Situation, schedule: Schedule) -> Next:
    if not situation.may_chase or situation.state in CLOSED_STATES:
        return NOTHING
    if situation.state == State.CALLBACK:
        return _by(Channel.CALL, situation.due_at, situation)
    chased = situation.access in CHASED
    dated = schedule.dated(situation.day_zero) if chased else ()
    if situation.state == State.WAITING or (situation.state == State.REMINDED and situation.step_day is not None):
        # The plan's own wait: its step's date, no other.
        step = pending(dated, situation.step_day, now)
        return _by(step.step.channel, step.at, situation) if step else NOTHING
    due = situation.due_at
    assert due is not None  # the database makes sure
    # On a working day; but an hour that was agreed or chosen stays.
    earliest = schedule.calendar.working(due)
    if situation.state == State.TODO:
        if situation.last_outcome in OTHER_WAY and situation.has_email:
            return Next(Channel.EMAIL, earliest)
        if situation.last_outcome in UNANSWERED:  # what was begun goes on, whatever step has come meanwhile
            return _by(Channel.CALL, earliest, situation)
    step = pending(dated, situation.step_day, max(now, earliest))
    return _by(step.step.channel, max(step.at, earliest), situation) if step else NOTHING


def _by(channel: Channel, at: datetime | None, situation: Situation) -> Next:
    """By this channel, or by the other where it cannot be; by none where neither can."""
    may_call = not situation.do_not_call
    if channel == Channel.EMAIL and not situation.has_email:
        return Next(Channel.CALL, at) if may_call else NOTHING
    if channel == Channel.CALL and not may_call:
        return Next(Channel.EMAIL, at) if situation.has_email else NOTHING
    return Next(channel, at)
