"""Steps on the calendar: working days, public holidays, day 0, and nothing made up for."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.enums import Channel
from dashboard.follow_up.rules import DEFAULT_STEPS, Step
from dashboard.models import Plan, WorkingDays
from dashboard.plan.calendar import Calendar, public_holidays
from dashboard.plan.schedule import Schedule, day_zero, pending, schedule_of, schedules_of
from moodle_sync.models import Course
from tests.factories import CourseFactory, SiteFactory

PARIS, REUNION = ZoneInfo("Europe/Paris"), ZoneInfo("Indian/Reunion")
FRENCH = Calendar(PARIS, country="FR")


def at(month: int, day: int, zone: ZoneInfo = PARIS, year: int = 2026) -> datetime:
    return datetime(year, month, day, tzinfo=zone)


def days(schedule: Schedule, zero: datetime) -> list[date]:
    return [one.at.date() for one in schedule.dated(zero)]


def test_the_usual_steps_move_to_the_next_working_day() -> None:
    opened = datetime(2026, 11, 24, 9, tzinfo=PARIS)  # a Tuesday: D+4 is a Saturday
    usual = Schedule(DEFAULT_STEPS, FRENCH)
    assert days(usual, opened) == [date(2026, 11, 30), date(2026, 12, 2), date(2026, 12, 7)]
    assert all((one.at.hour, one.at.minute) == (0, 0) for one in usual.dated(opened))


def test_public_holidays_are_those_of_the_region() -> None:
    four = (Step(4, Channel.EMAIL),)
    december = datetime(2026, 12, 14, 9, tzinfo=REUNION)  # D+4: Friday 18 December
    abolition = datetime(2026, 12, 16, 9, tzinfo=REUNION)  # D+4: Sunday the 20th; Abolition de l'esclavage that day
    reunion = Schedule(four, Calendar(REUNION, country="FR", subdivision="974"))
    assert date(2026, 12, 20) in public_holidays("FR", "974", 2026)
    assert date(2026, 12, 20) not in public_holidays("FR", "", 2026)
    assert days(reunion, december) == [date(2026, 12, 18)]
    assert days(reunion, abolition) == [date(2026, 12, 21)]
    may = Schedule(four, FRENCH)
    assert days(may, at(4, 27)) == [date(2026, 5, 4)], "D+4 is 1 May, a Friday"
    assert days(Schedule(four, Calendar(PARIS)), at(4, 27)) == [date(2026, 5, 1)], "no country: no holidays"


def test_a_year_ends_and_its_holidays_with_it() -> None:
    assert days(Schedule((Step(4, Channel.CALL),), FRENCH), at(12, 28)) == [date(2027, 1, 4)]


@given(
    start=st.dates(date(2024, 1, 1), date(2032, 12, 31)),
    weekdays=st.sets(st.integers(0, 6), min_size=1),
    wait=st.integers(0, 40),
)
def test_every_step_falls_on_the_first_working_day_from_its_own(start: date, weekdays: set[int], wait: int) -> None:
    calendar = Calendar(PARIS, frozenset(weekdays), "FR")
    [one] = Schedule((Step(wait, Channel.CALL),), calendar).dated(calendar.midnight(start))
    due, day = one.at.date(), start + timedelta(days=wait)
    assert due >= day
    assert calendar.is_working(due)
    assert not any(calendar.is_working(day + timedelta(days=n)) for n in range((due - day).days))
    assert calendar.working_until(due) == due


@given(
    zero=st.dates(date(2025, 1, 1), date(2030, 12, 31)),
    today=st.integers(0, 30),
    first=st.integers(0, 12),
    weekdays=st.sets(st.integers(0, 6), min_size=1),
)
def test_who_has_come_to_the_first_step_is_told_alike_both_ways(
    zero: date, today: int, first: int, weekdays: set[int]
) -> None:
    """`latest_day_zero` asks the database what `dated` says of one person."""
    calendar = Calendar(PARIS, frozenset(weekdays), "FR")
    schedule = Schedule((Step(first, Channel.EMAIL),), calendar)
    now = calendar.midnight(zero + timedelta(days=today)) + timedelta(hours=12)
    latest = schedule.latest_day_zero(now)
    first_at = schedule.first_at(calendar.midnight(zero))
    assert latest is not None
    assert first_at is not None
    assert (zero <= latest) == (first_at <= now)


def test_an_hour_that_was_chosen_stays_when_its_day_moves() -> None:
    saturday = datetime(2026, 11, 28, 14, 30, tzinfo=PARIS)
    assert FRENCH.working(saturday) == datetime(2026, 11, 30, 14, 30, tzinfo=PARIS)
    friday = datetime(2026, 11, 27, 14, 30, tzinfo=PARIS)
    assert FRENCH.working(friday) is friday


STEPS = Schedule(DEFAULT_STEPS, FRENCH).dated(at(11, 12))  # 16, 20 and 23 November


@pytest.mark.parametrize(
    ("step_day", "now", "expected"),
    [
        (None, at(11, 13), 4),  # to come
        (None, at(11, 16), 4),
        (None, at(11, 21), 8),  # D+4 is left behind, not made up for
        (None, at(12, 25), 11),
        (4, at(11, 17), 8),
        (4, at(11, 25), 11),
        (8, at(11, 21), 11),
        (11, at(11, 25), None),
    ],
)
def test_only_the_latest_step_is_to_do(step_day: int | None, now: datetime, expected: int | None) -> None:
    found = pending(STEPS, step_day, now)
    assert (found.step.day if found else None) == expected


@pytest.mark.parametrize(
    ("now", "written", "expected"),
    [
        (at(11, 12), False, None),
        (at(11, 12), True, None),
        (at(11, 14), True, 4),  # two days early: this is the plan's e-mail
        (at(11, 16), False, 4),
        (at(11, 18), False, 4),
        (at(11, 18), True, 8),
        (at(11, 21), True, 8),  # a call is not done by writing
        (at(11, 23), False, 11),
    ],
)
def test_which_step_is_done_by_reaching_or_writing(now: datetime, written: bool, expected: int | None) -> None:
    assert Schedule(DEFAULT_STEPS, FRENCH).done(None, at(11, 12), now=now, written=written) == expected


def test_a_step_done_is_never_undone_by_a_plan_that_changes() -> None:
    shorter = Schedule((Step(2, Channel.EMAIL),), FRENCH)
    assert shorter.done(8, at(11, 12), now=at(11, 25), written=True) == 8


@pytest.mark.django_db
def test_a_course_s_own_plan_then_its_site_s_then_the_usual_one() -> None:
    site = SiteFactory()
    own, other = CourseFactory(site=site), CourseFactory(site=site)
    elsewhere = CourseFactory()
    Plan.objects.create(site=site, reopen_dormant=True).steps.create(day=3, channel=Channel.CALL)
    plan = Plan.objects.create(course=own)
    plan.steps.create(day=9, channel=Channel.CALL)
    plan.steps.create(day=1, channel=Channel.EMAIL)
    found = schedules_of([own, other, elsewhere])
    assert found[own.pk].steps == (Step(1, Channel.EMAIL), Step(9, Channel.CALL))
    assert (found[other.pk].steps, found[other.pk].reopen_dormant) == ((Step(3, Channel.CALL),), True)
    assert found[elsewhere.pk].steps == DEFAULT_STEPS
    assert not found[own.pk].reopen_dormant


@pytest.mark.django_db
def test_a_plan_of_many_courses_costs_three_queries(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    CourseFactory.create_batch(4)
    Plan.objects.create(course=CourseFactory()).steps.create(day=3, channel=Channel.CALL)
    courses = list(Course.objects.select_related("site"))
    with django_assert_num_queries(3):
        schedules_of(courses)


@pytest.mark.django_db
def test_an_empty_plan_of_its_own_is_a_plan() -> None:
    course = CourseFactory()
    Plan.objects.create(course=course)
    schedule = schedule_of(course)
    assert schedule.steps == ()
    assert schedule.first_at(course.opened_at) is None
    assert schedule.latest_day_zero(at(12, 1)) is None


@pytest.mark.django_db
def test_the_days_are_those_of_the_site() -> None:
    course = CourseFactory(site__time_zone="Indian/Reunion")
    WorkingDays.objects.create(site=course.site, subdivision="974", weekdays=[0, 1, 3, 4])
    calendar = schedule_of(course).calendar
    assert calendar == Calendar(REUNION, frozenset({0, 1, 3, 4}), "FR", "974")


@pytest.mark.django_db
def test_late_arrivals_have_a_day_zero_of_their_own() -> None:
    course = CourseFactory(start_date=at(11, 2), visible_since=at(11, 1), first_synced_at=at(11, 3))
    assert day_zero(course, at(11, 3)) == at(11, 2)
    assert day_zero(course, at(11, 9)) == at(11, 9)
    course.start_date = at(11, 20)
    assert day_zero(course, at(11, 9)) == at(11, 20), "nobody has a day 0 before the opening"
