"""Outcome → state and date, and where a follow-up begins: product.md §4, line by line."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.enums import DATED_STATES, ClosedFor, Outcome, State
from dashboard.follow_up.rules import (
    DateRequired,
    Facts,
    Target,
    after_contacted,
    after_outcome,
    another_time_of_day,
    initial,
    start_of_day,
)
from moodle_sync.enums import Access, Standing

PARIS = ZoneInfo("Europe/Paris")
NOUMEA = ZoneInfo("Pacific/Noumea")
NOW = datetime(2026, 11, 23, 10, 30, tzinfo=PARIS)
AGREED = datetime(2026, 11, 27, 17, 0, tzinfo=PARIS)


def midnight(day: int, zone: ZoneInfo = PARIS) -> datetime:
    return datetime(2026, 11, day, tzinfo=zone)


def after(
    outcome: Outcome, *, chosen: datetime | None = None, other_channel: bool = True, now: datetime = NOW
) -> Target:
    return after_outcome(outcome, now=now, zone=PARIS, chosen=chosen, other_channel=other_channel)


@pytest.mark.parametrize(
    ("outcome", "state", "due"),
    [
        (Outcome.CONNECTED_LIVE, State.CONTACTED, midnight(26)),
        (Outcome.WILL_CONNECT, State.CONTACTED, midnight(26)),
        (Outcome.NEEDS_SUPPORT, State.BLOCKED, midnight(23) + timedelta(days=14)),
        (Outcome.VOICEMAIL, State.TODO, midnight(26)),
        (Outcome.THIRD_PARTY, State.TODO, midnight(26)),
        (Outcome.NO_ANSWER, State.TODO, midnight(24) + timedelta(hours=14)),
        (Outcome.WRONG_NUMBER, State.TODO, midnight(23)),
        (Outcome.DO_NOT_CALL, State.TODO, midnight(23)),
    ],
)
def test_the_table_of_outcomes(outcome: Outcome, state: State, due: datetime) -> None:
    assert after(outcome) == Target(state, due)


def test_who_declines_is_closed_with_the_reason_whatever_date_was_picked() -> None:
    assert after(Outcome.DECLINED, chosen=AGREED) == Target(State.CLOSED_OUT, None, ClosedFor.DECLINED)


def test_a_callback_keeps_the_agreed_moment_and_cannot_do_without() -> None:
    assert after(Outcome.CALLBACK, chosen=AGREED) == Target(State.CALLBACK, AGREED)
    with pytest.raises(DateRequired):
        after(Outcome.CALLBACK)


@pytest.mark.parametrize("outcome", [Outcome.WRONG_NUMBER, Outcome.DO_NOT_CALL])
def test_without_any_other_channel_somebody_else_must_help(outcome: Outcome) -> None:
    assert after(outcome, other_channel=False) == Target(State.BLOCKED, midnight(23) + timedelta(days=14))


@pytest.mark.parametrize("outcome", [o for o in Outcome if o != Outcome.DECLINED])
def test_the_date_chosen_by_the_caller_wins(outcome: Outcome) -> None:
    assert after(outcome, chosen=AGREED).due_at == AGREED


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_leads_to_a_lawful_state(outcome: Outcome) -> None:
    target = after(outcome, chosen=AGREED)
    assert (target.due_at is not None) == (target.state in DATED_STATES)


def test_nobody_answered_so_call_again_at_another_time_of_day() -> None:
    morning, afternoon = NOW.replace(hour=9), NOW.replace(hour=15)
    assert after(Outcome.NO_ANSWER, now=morning).due_at == midnight(24) + timedelta(hours=14)
    assert after(Outcome.NO_ANSWER, now=afternoon).due_at == midnight(24) + timedelta(hours=9)


def test_days_are_those_of_the_site() -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # the 24th in Paris and in Nouméa
    assert after_contacted(now=late, zone=PARIS).due_at == midnight(27)
    assert after_contacted(now=late, zone=NOUMEA).due_at == midnight(27, NOUMEA)
    evening = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)  # still the 23rd in Paris
    assert after_contacted(now=evening, zone=PARIS).due_at == midnight(26)
    assert after_contacted(now=evening, zone=NOUMEA).due_at == midnight(27, NOUMEA)


def test_midnight_stays_midnight_when_the_clocks_change() -> None:
    before_change = datetime(2026, 10, 23, 12, tzinfo=PARIS)
    due = after_contacted(now=before_change, zone=PARIS).due_at
    assert due is not None
    assert due.astimezone(PARIS).replace(tzinfo=None) == datetime(2026, 10, 26)
    assert due.utcoffset() != before_change.utcoffset()


def facts(**changes: object) -> Facts:
    known = {
        "access": Access.NEVER_COURSE,
        "standing": Standing.PRESENT,
        "course_open": True,
        "course_ended": False,
        "day_zero": NOW - timedelta(days=10),
        "first_step": NOW - timedelta(days=6),
        "zone": PARIS,
    }
    return Facts(**(known | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({"access": Access.ACTIVE}, Target(State.CLOSED_IN)),
        ({"access": Access.DORMANT}, Target(State.CLOSED_IN)),
        ({"access": Access.NEVER_PLATFORM}, Target(State.TODO, midnight(23))),
        ({"access": Access.NEVER_COURSE}, Target(State.TODO, midnight(23))),
        ({"access": Access.UNKNOWN}, Target(State.WAITING)),
        ({"standing": Standing.LEFT}, Target(State.CLOSED_OUT, closed_for=ClosedFor.LEFT)),
        ({"course_ended": True}, Target(State.CLOSED_OUT, closed_for=ClosedFor.ENDED)),
        ({"course_open": False}, Target(State.WAITING)),
        ({"first_step": None}, Target(State.WAITING)),
        ({"first_step": NOW + timedelta(seconds=1)}, Target(State.WAITING)),
        ({"first_step": NOW}, Target(State.TODO, midnight(23))),
        ({"first_step": NOW - timedelta(days=300)}, Target(State.TODO, midnight(23))),
    ],
)
def test_where_a_follow_up_begins(changes: dict[str, object], target: Target) -> None:
    assert initial(facts(**changes), now=NOW) == target


ZONES = ["Europe/Paris", "America/Guadeloupe", "Pacific/Noumea", "Indian/Reunion", "America/Miquelon", "UTC"]
moments = st.datetimes(datetime(2025, 1, 1), datetime(2029, 12, 31), timezones=st.just(UTC))


@given(moment=moments, name=st.sampled_from(ZONES), days=st.integers(0, 60))
def test_a_day_begins_at_midnight_there_so_many_days_later(moment: datetime, name: str, days: int) -> None:
    """Also across the two nights a year that have 23 or 25 hours."""
    zone = ZoneInfo(name)
    due = start_of_day(moment, zone, days=days)
    assert (due.hour, due.minute, due.second, due.microsecond) == (0, 0, 0, 0)
    assert due.astimezone(UTC).astimezone(zone) == due, "a moment that exists"
    assert (due.date() - moment.astimezone(zone).date()).days == days
    assert days == 0 or due.astimezone(UTC) > moment
    assert abs((due.astimezone(UTC) - moment) - timedelta(days=days)) <= timedelta(hours=25)


@given(moment=moments, name=st.sampled_from(ZONES))
def test_an_unanswered_call_is_due_the_next_day_in_the_other_half(moment: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    here, due = moment.astimezone(zone), another_time_of_day(moment, zone)
    assert (due.date() - here.date()).days == 1
    assert due.astimezone(UTC).astimezone(zone).hour == due.hour
    assert (here.hour < 12) != (due.hour < 12)


@given(moment=moments, one=st.sampled_from(ZONES), other=st.sampled_from(ZONES))
def test_the_order_of_days_is_the_order_of_moments(moment: datetime, one: str, other: str) -> None:
    """Sites of two zones may not agree on the day, but each counts its own."""
    first, second = (start_of_day(moment, ZoneInfo(name), days=3) for name in (one, other))
    assert abs(first.astimezone(UTC) - second.astimezone(UTC)) <= timedelta(hours=24)
