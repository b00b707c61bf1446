"""What comes next, by which channel, when: state by state."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.enums import CLOSED_STATES, DATED_STATES, UNANSWERED, Channel, Outcome, State
from dashboard.follow_up.rules import DEFAULT_STEPS, Step
from dashboard.plan.calendar import Calendar
from dashboard.plan.next_step import NOTHING, Next, Situation, next_step
from dashboard.plan.schedule import Schedule
from moodle_sync.enums import Access

PARIS = ZoneInfo("Europe/Paris")
OPENED = datetime(2026, 11, 12, 9, tzinfo=PARIS)
USUAL = Schedule(DEFAULT_STEPS, Calendar(PARIS, country="FR"))
EMAIL, CALL = Channel.EMAIL, Channel.CALL


def at(day: int, hour: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=PARIS)


def next_of(now: datetime, schedule: Schedule = USUAL, **changes: Any) -> Next:
    known: dict[str, Any] = {
        "state": State.TODO,
        "due_at": at(16),
        "step_day": None,
        "access": Access.NEVER_COURSE,
        "may_chase": True,
        "day_zero": OPENED,
        "has_email": True,
        "do_not_call": False,
    }
    return next_step(now, Situation(**(known | changes)), schedule)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(16, 10), Next(EMAIL, at(16))),
        (at(20, 10), Next(EMAIL, at(20))),  # the current one; the first is left behind
        (at(25, 10), Next(CALL, at(23))),
    ],
)
def test_to_do_is_the_current_step(now: datetime, expected: Next) -> None:
    assert next_of(now) == expected


def test_waiting_looks_forward_to_the_first_step() -> None:
    assert next_of(at(13), state=State.WAITING, due_at=None) == Next(EMAIL, at(16))


def test_reminded_waits_for_the_next_step_of_the_plan_as_it_now_is() -> None:
    assert next_of(at(17), state=State.REMINDED, due_at=at(20), step_day=4) == Next(EMAIL, at(20))
    sooner = Schedule((Step(4, EMAIL), Step(6, CALL)), USUAL.calendar)
    assert next_of(at(17), sooner, state=State.REMINDED, due_at=at(20), step_day=4) == Next(CALL, at(18))


def test_contacted_goes_on_with_the_plan_when_its_wait_is_over() -> None:
    assert next_of(at(17), state=State.CONTACTED, due_at=at(20), step_day=4) == Next(EMAIL, at(20))
    assert next_of(at(17), state=State.CONTACTED, due_at=at(24), step_day=4) == Next(CALL, at(24))
    assert next_of(at(24), state=State.CONTACTED, due_at=at(27), step_day=11) == NOTHING, "the plan is finished"


def test_an_unanswered_call_is_made_again_on_its_date_whatever_the_plan_has() -> None:
    for outcome in UNANSWERED:
        assert next_of(at(20), due_at=at(24, 14), last_outcome=outcome) == Next(CALL, at(24, 14))
    assert next_of(at(30), due_at=at(27, 14), step_day=11, last_outcome=Outcome.NO_ANSWER) == Next(CALL, at(27, 14))


def test_a_date_on_a_day_off_moves_and_an_agreed_callback_does_not() -> None:
    saturday = at(28, 14)
    assert next_of(at(26), due_at=saturday, last_outcome=Outcome.NO_ANSWER) == Next(CALL, at(30, 14))
    assert next_of(at(26), state=State.CALLBACK, due_at=saturday) == Next(CALL, saturday)


def test_a_finished_plan_repeats_nothing() -> None:
    assert next_of(at(30), step_day=11, due_at=at(26)) == NOTHING
    assert next_of(at(30, month=12), step_day=11, due_at=at(26)) == NOTHING


@pytest.mark.parametrize(
    ("has_email", "do_not_call", "channels"),
    [
        (True, False, [EMAIL, CALL]),
        (False, False, [CALL, CALL]),
        (True, True, [EMAIL, EMAIL]),
        (False, True, ["", ""]),
    ],
)
def test_without_address_a_call_without_calls_an_email_without_both_nothing(
    has_email: bool, do_not_call: bool, channels: list[str]
) -> None:
    found = [next_of(now, has_email=has_email, do_not_call=do_not_call) for now in (at(16, 9), at(23, 9))]
    assert [one.channel for one in found] == channels
    assert [bool(one.at) for one in found] == [bool(channel) for channel in channels]


@pytest.mark.parametrize("outcome", [Outcome.WRONG_NUMBER, Outcome.DO_NOT_CALL])
def test_a_wrong_number_asks_for_an_email_at_once(outcome: Outcome) -> None:
    assert next_of(at(23, 9), due_at=at(23), step_day=8, last_outcome=outcome) == Next(EMAIL, at(23))


@pytest.mark.parametrize("state", State)
def test_where_nobody_can_come_in_nobody_is_chased(state: State) -> None:
    assert next_of(at(25), state=state, may_chase=False) == NOTHING


@pytest.mark.parametrize("state", CLOSED_STATES)
def test_closed_is_closed(state: State) -> None:
    assert next_of(at(25), state=state, due_at=None) == NOTHING


@pytest.mark.parametrize("access", [Access.UNKNOWN, Access.ACTIVE])
def test_unknown_and_coming_people_are_not_in_the_plan(access: Access) -> None:
    assert next_of(at(25), access=access) == NOTHING
    assert next_of(at(25), access=access, state=State.WAITING, due_at=None) == NOTHING
    agreed = next_of(at(25), access=access, state=State.CALLBACK, due_at=at(26, 17))
    assert agreed == Next(CALL, at(26, 17)), "but what was agreed holds"


moments = st.datetimes(datetime(2026, 11, 1), datetime(2027, 1, 31), timezones=st.just(PARIS))
steps = st.lists(st.builds(Step, st.integers(0, 40), st.sampled_from(Channel)), max_size=5, unique_by=lambda s: s.day)


@given(
    now=moments,
    due=moments,
    state=st.sampled_from(DATED_STATES),
    step_day=st.none() | st.integers(0, 40),
    plan=steps.map(lambda found: tuple(sorted(found))),
    outcome=st.sampled_from(["", *Outcome]),
    has_email=st.booleans(),
    do_not_call=st.booleans(),
)
def test_whatever_comes_next_can_be_done_and_not_before_its_date(
    now: datetime,
    due: datetime,
    state: State,
    step_day: int | None,
    plan: tuple[Step, ...],
    outcome: str,
    has_email: bool,
    do_not_call: bool,
) -> None:
    schedule = Schedule(plan, USUAL.calendar)
    changes: dict[str, Any] = {"state": state, "due_at": due, "step_day": step_day, "last_outcome": outcome}
    found = next_of(now, schedule, has_email=has_email, do_not_call=do_not_call, **changes)
    assert bool(found.channel) == (found.at is not None)
    if found.channel == EMAIL:
        assert has_email
    if found.channel == CALL:
        assert not do_not_call
    if found.at and state in {State.TODO, State.CONTACTED, State.BLOCKED}:
        assert found.at >= due
        assert schedule.calendar.is_working(found.at.astimezone(PARIS).date())
    later = next_of(now + timedelta(days=400), schedule, has_email=has_email, do_not_call=do_not_call, **changes)
    if found.at is None and state != State.REMINDED:
        assert later.at is None, "time alone makes nothing of nothing"
