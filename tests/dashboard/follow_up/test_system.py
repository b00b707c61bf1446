"""What a read or the passing of time changes by itself: product.md §4, «Rules, in one place»."""

import traceback
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from dashboard import tasks
from dashboard.enums import OPEN_STATES, RETURNING_STATES, ClosedFor, Kind, Outcome, State
from dashboard.follow_up import acts, moves, system
from dashboard.follow_up.rules import start_of_day
from dashboard.models import Contact, FollowUp, WorkingDays
from moodle_sync.enums import EPOCH, Standing
from moodle_sync.models import Course, Enrolment, SyncRun
from tests.factories import CourseFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db


def now() -> datetime:
    return timezone.now()


def state_of(enrolment: Enrolment) -> FollowUp:
    return FollowUp.objects.get(enrolment=enrolment)


def kinds(enrolment: Enrolment) -> list[str]:
    return list(Contact.objects.filter(follow_up__enrolment=enrolment).order_by("pk").values_list("kind", flat=True))


def enter(enrolment: Enrolment, at: datetime | None = None) -> None:
    Enrolment.objects.filter(pk=enrolment.pk).update(last_course_access=at or now())


def opened(days_ago: float, **fields: Any) -> Course:
    """On a site that works every day of the week: these tests count days, whatever today is."""
    moment = now() - timedelta(days=days_ago)
    course: Course = CourseFactory(**({"start_date": moment, "visible_since": moment} | fields))
    WorkingDays.objects.create(site=course.site, country="", weekdays=list(range(7)))
    return course


def test_a_first_read_begins_a_follow_up_for_each_trainee_and_tells_nothing(course: Course) -> None:
    inside = EnrolmentFactory(course=course, follow_up=False, last_course_access=now())
    never = EnrolmentFactory(course=course, follow_up=False)
    unknown = EnrolmentFactory(course=course, follow_up=False, last_course_access=None)
    staff = EnrolmentFactory(course=course, follow_up=False, standing=Standing.STAFF)
    system.after_read(course)
    assert state_of(inside).state == State.CLOSED_IN
    assert state_of(inside).entry_known
    assert state_of(never).state == State.TODO
    assert state_of(never).due_at == start_of_day(now(), course.site.zone)
    assert state_of(unknown).state == State.WAITING
    assert not FollowUp.objects.filter(enrolment=staff).exists()
    assert not Contact.objects.exists()


@pytest.mark.parametrize("state", [*OPEN_STATES, State.CLOSED_OUT])
def test_a_first_access_closes_every_state_and_says_what_came_before(course: Course, state: State) -> None:
    due = None if state in {State.WAITING, State.CLOSED_OUT} else now() + timedelta(days=2)
    reason = ClosedFor.DECLINED if state == State.CLOSED_OUT else ""
    enrolment = EnrolmentFactory(
        course=course, follow_up__state=state, follow_up__due_at=due, follow_up__closed_for=reason
    )
    entered = now() - timedelta(hours=2)
    enter(enrolment, entered)
    system.after_read(course)
    follow_up = state_of(enrolment)
    assert (follow_up.state, follow_up.due_at, follow_up.closed_for) == (State.CLOSED_IN, None, reason)
    event = Contact.objects.get(follow_up=follow_up)
    assert (event.kind, event.author, event.from_state, event.happened_at) == (
        Kind.ENTERED,
        None,
        state,
        entered,
    )


def test_a_first_access_is_told_once(course: Course) -> None:
    enrolment = EnrolmentFactory(course=course)
    enter(enrolment)
    system.after_read(course)
    enter(enrolment, now() + timedelta(minutes=5))
    system.after_read(course)
    assert kinds(enrolment) == [Kind.ENTERED]


def test_who_was_called_after_coming_in_is_closed_as_come_back(course: Course, tutor: User) -> None:
    enrolment = EnrolmentFactory(
        course=course,
        last_course_access=now() - timedelta(days=20),
        follow_up__state=State.CLOSED_IN,
        follow_up__due_at=None,
    )
    acts.mark_contacted(enrolment.follow_up, by=tutor, version=0)
    system.after_read(course)
    assert state_of(enrolment).state == State.CONTACTED, "an access older than the contact is no answer to it"
    enter(enrolment, now() + timedelta(minutes=1))
    system.after_read(course)
    assert kinds(enrolment) == [Kind.CONTACTED, Kind.RETURNED]
    assert state_of(enrolment).state == State.CLOSED_IN


def test_a_return_came_after_the_read_before_it(course: Course, tutor: User) -> None:
    contacted, previous, came = (now() + timedelta(hours=hours) for hours in (0, 1, 2))
    enrolment = EnrolmentFactory(
        course=course, last_course_access=now() - timedelta(days=20), follow_up__state=State.CLOSED_IN
    )
    acts.mark_contacted(enrolment.follow_up, by=tutor, version=0)
    for started_at, state in [(contacted, "ok"), (previous, "ok"), (came - timedelta(minutes=5), "refused")]:
        SyncRun.objects.create(course=course, state=state, started_at=started_at)
    enter(enrolment, came)
    SyncRun.objects.create(course=course, state="ok", started_at=came + timedelta(minutes=1))
    system.after_read(course)
    event = Contact.objects.get(kind=Kind.RETURNED)
    assert (event.happened_after, event.happened_at) == (previous, came)


def test_a_return_that_the_read_before_saw_already_came_after_the_contact(course: Course, tutor: User) -> None:
    """Its worker died before it told anybody."""
    came = now() + timedelta(hours=2)
    enrolment = EnrolmentFactory(
        course=course, last_course_access=now() - timedelta(days=20), follow_up__state=State.CLOSED_IN
    )
    contact = acts.mark_contacted(enrolment.follow_up, by=tutor, version=0)
    enter(enrolment, came)
    for minutes in (1, 60):
        SyncRun.objects.create(course=course, state="ok", started_at=came + timedelta(minutes=minutes))
    system.after_read(course)
    assert Contact.objects.get(kind=Kind.RETURNED).happened_after == contact.created_at


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_a_course_that_fails_keeps_no_other_waiting(
    broken: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    courses = [opened(10) for _ in range(3)]
    for each in courses:
        EnrolmentFactory(course=each, follow_up__state=State.CONTACTED, follow_up__due_at=now() - timedelta(hours=1))
    really = system.advance

    def advance(course: Course) -> int:
        if course == courses[broken]:
            raise ValueError("camille.exemple@ac-test.example.org")
        return really(course)

    monkeypatch.setattr(system, "advance", advance)
    with pytest.raises(tasks.CoursesFailed, match=f"^1 of 3 courses: {courses[broken].pk}$") as failed:
        tasks.advance_follow_ups()
    assert FollowUp.objects.filter(state=State.TODO).count() == 2
    assert f"{courses[broken].pk}: ValueError" in caplog.text
    shown = caplog.text + "".join(traceback.format_exception(failed.value))
    assert "camille" not in shown, "an exception may quote a row"


@pytest.mark.parametrize("state", OPEN_STATES)
def test_leaving_the_course_closes_and_returning_reopens(course: Course, state: State) -> None:
    due = None if state == State.WAITING else now() + timedelta(days=2)
    enrolment = EnrolmentFactory(course=course, follow_up__state=state, follow_up__due_at=due)
    Enrolment.objects.filter(pk=enrolment.pk).update(standing=Standing.LEFT, left_at=now())
    system.after_read(course)
    assert (state_of(enrolment).state, state_of(enrolment).closed_for) == (State.CLOSED_OUT, ClosedFor.LEFT)
    Enrolment.objects.filter(pk=enrolment.pk).update(standing=Standing.PRESENT, left_at=None)
    system.after_read(course)
    assert (state_of(enrolment).state, state_of(enrolment).closed_for) == (State.TODO, "")
    assert kinds(enrolment) == [Kind.LEFT, Kind.REJOINED]


def test_who_withdrew_is_not_reopened_by_a_read(course: Course) -> None:
    enrolment = EnrolmentFactory(
        course=course,
        follow_up__state=State.CLOSED_OUT,
        follow_up__due_at=None,
        follow_up__closed_for=ClosedFor.DECLINED,
    )
    system.after_read(course)
    assert state_of(enrolment).state == State.CLOSED_OUT
    assert not Contact.objects.exists()


def test_the_end_of_the_course_closes_what_is_open(course: Course) -> None:
    still_open = EnrolmentFactory(course=course)
    inside = EnrolmentFactory(
        course=course, last_course_access=now(), follow_up__state=State.CLOSED_IN, follow_up__due_at=None
    )
    Course.objects.filter(pk=course.pk).update(end_date=now() - timedelta(hours=1))
    course.refresh_from_db()
    system.advance(course)
    assert (state_of(still_open).state, state_of(still_open).closed_for) == (
        State.CLOSED_OUT,
        ClosedFor.ENDED,
    )
    assert state_of(inside).state == State.CLOSED_IN
    assert kinds(still_open) == [Kind.ENDED]


def test_an_end_that_is_put_off_opens_again_what_it_had_closed(course: Course) -> None:
    closed = EnrolmentFactory(course=course)
    declined = EnrolmentFactory(
        course=course,
        follow_up__state=State.CLOSED_OUT,
        follow_up__due_at=None,
        follow_up__closed_for=ClosedFor.DECLINED,
    )
    course.end_date = now() - timedelta(hours=1)
    system.after_read(course)
    course.end_date = now() + timedelta(days=10)
    for _twice in range(2):
        system.after_read(course)
    assert (state_of(closed).state, state_of(closed).closed_for) == (State.TODO, "")
    assert kinds(closed) == [Kind.ENDED, Kind.REOPENED]
    assert state_of(declined).closed_for == ClosedFor.DECLINED


@pytest.mark.parametrize("site_access", [EPOCH, None])
def test_waiting_becomes_to_do_at_d_plus_4(site_access: datetime | None) -> None:
    course = opened(4)
    enrolment = EnrolmentFactory(
        course=course, last_site_access=site_access, follow_up__state=State.WAITING, follow_up__due_at=None
    )
    assert course.opened_at is not None
    step = start_of_day(course.opened_at, course.site.zone, days=4)
    assert system.advance(course, step - timedelta(seconds=1)) == 0
    assert system.advance(course, step) == 1
    assert (state_of(enrolment).state, state_of(enrolment).due_at) == (State.TODO, step)
    assert kinds(enrolment) == [Kind.DUE]


@pytest.mark.parametrize(("start", "seen"), [(10, 2), (2, 10)])
def test_day_zero_is_the_later_of_the_start_and_being_seen_visible(start: int, seen: int) -> None:
    course = opened(0, start_date=now() - timedelta(days=start), visible_since=now() - timedelta(days=seen))
    EnrolmentFactory(course=course, follow_up__state=State.WAITING, follow_up__due_at=None)
    assert system.advance(course) == 0
    assert system.advance(course, now() + timedelta(days=2)) == 1


def test_days_are_counted_in_the_time_zone_of_the_site() -> None:
    course = opened(0, site__time_zone="Pacific/Noumea")
    EnrolmentFactory(course=course, follow_up__state=State.WAITING, follow_up__due_at=None)
    assert course.opened_at is not None
    there = start_of_day(course.opened_at, course.site.zone, days=4)
    assert system.advance(course, there - timedelta(seconds=1)) == 0
    assert system.advance(course, there) == 1


def test_who_joined_after_the_first_read_has_a_day_zero_of_their_own() -> None:
    course = opened(30, first_synced_at=now() - timedelta(days=29))
    late = EnrolmentFactory(course=course, first_seen_at=now() - timedelta(days=1), follow_up=False)
    system.after_read(course)
    assert state_of(late).state == State.WAITING
    step = start_of_day(late.first_seen_at, course.site.zone, days=4)
    assert system.advance(course, step - timedelta(seconds=1)) == 0
    assert system.advance(course, step) == 1


@pytest.mark.parametrize("hidden", [{"visible": False}, {"start_date": timezone.now() + timedelta(days=60)}])
def test_nobody_is_chased_where_nobody_can_come_in(hidden: dict[str, Any]) -> None:
    course = opened(30, **hidden)
    waiting = EnrolmentFactory(course=course, follow_up__state=State.WAITING, follow_up__due_at=None)
    fresh = EnrolmentFactory(course=course, follow_up=False)
    system.after_read(course)
    assert {state_of(waiting).state, state_of(fresh).state} == {State.WAITING}


@pytest.mark.parametrize("state", RETURNING_STATES)
@pytest.mark.parametrize("course_access", [EPOCH, None])
def test_a_passed_date_brings_back_to_do(course: Course, state: State, course_access: datetime | None) -> None:
    due = now() + timedelta(days=1)
    enrolment = EnrolmentFactory(
        course=course, last_course_access=course_access, follow_up__state=state, follow_up__due_at=due
    )
    assert system.advance(course, due - timedelta(seconds=1)) == 0
    assert system.advance(course, due) == 1
    assert state_of(enrolment).state == State.TODO


@pytest.mark.parametrize(
    ("state", "days_ago", "then"),
    [
        (State.CONTACTED, 1, State.CLOSED_IN),
        (State.REMINDED, 1, State.CLOSED_IN),
        (State.CONTACTED, 30, State.TODO),
        (State.BLOCKED, 1, State.TODO),
    ],
)
def test_who_is_in_is_no_work_again_when_a_date_passes(
    course: Course, state: State, days_ago: int, then: State
) -> None:
    """But for who no longer comes; and what blocks somebody who came in is looked at all the same."""
    enrolment = EnrolmentFactory(
        course=course,
        last_course_access=now() - timedelta(days=days_ago),
        follow_up__state=state,
        follow_up__due_at=now() - timedelta(hours=1),
        follow_up__entry_known=True,
    )
    assert system.advance(course) == 1
    assert state_of(enrolment).state == then
    assert system.advance(course) == 0


def test_an_agreed_callback_stays_a_callback_when_its_date_passes(course: Course) -> None:
    enrolment = EnrolmentFactory(
        course=course, follow_up__state=State.CALLBACK, follow_up__due_at=now() - timedelta(days=1)
    )
    assert system.advance(course) == 0
    assert state_of(enrolment).state == State.CALLBACK


def test_suspended_people_are_left_alone(course: Course) -> None:
    enrolment = EnrolmentFactory(
        course=course,
        standing=Standing.SUSPENDED,
        follow_up__state=State.CONTACTED,
        follow_up__due_at=now() - timedelta(days=1),
    )
    assert system.advance(course) == 0
    assert state_of(enrolment).state == State.CONTACTED


def test_unknown_never_enters_the_plan(course: Course) -> None:
    enrolment = EnrolmentFactory(course=course, last_course_access=None, follow_up=False)
    system.after_read(course)
    system.advance(course, now() + timedelta(days=60))
    assert state_of(enrolment).state == State.WAITING


def test_never_on_the_platform_then_unknown_waits_three_days_once(course: Course) -> None:
    enrolment = EnrolmentFactory(course=course, last_course_access=None, last_site_access=EPOCH)
    Enrolment.objects.filter(pk=enrolment.pk).update(last_site_access=now())
    system.after_read(course)
    until = start_of_day(now(), course.site.zone, days=3)
    assert (state_of(enrolment).state, state_of(enrolment).due_at) == (State.CONTACTED, until)
    system.advance(course, until)
    system.after_read(course)
    assert kinds(enrolment) == [Kind.SEEN, Kind.DUE]


def test_a_call_to_someone_always_unknown_is_no_login(course: Course, tutor: User) -> None:
    enrolment = EnrolmentFactory(course=course, last_course_access=None, follow_up=False)
    system.after_read(course)
    call = acts.Call(Outcome.VOICEMAIL)
    acts.log_call(enrolment.participant.account.person, [(state_of(enrolment), 0)], call, by=tutor)
    system.after_read(course)
    assert kinds(enrolment) == [Kind.CALL]
    Enrolment.objects.filter(pk=enrolment.pk).update(last_site_access=now())
    system.after_read(course)
    assert kinds(enrolment) == [Kind.CALL, Kind.SEEN], "a login after the call is news"


def test_twice_gives_the_same(course: Course, tutor: User) -> None:
    """One of each case, all at once."""
    for fields in (
        {"last_course_access": now()},
        {"standing": Standing.LEFT, "left_at": now()},
        {"last_course_access": None},
        {"follow_up": False},
        {"follow_up__state": State.WAITING, "follow_up__due_at": None},
        {"follow_up__state": State.CONTACTED, "follow_up__due_at": now() - timedelta(days=1)},
        {
            "follow_up__state": State.CLOSED_OUT,
            "follow_up__due_at": None,
            "follow_up__closed_for": ClosedFor.LEFT,
        },
    ):
        EnrolmentFactory(course=course, **fields)
    system.after_read(course)
    rows, told = list(FollowUp.objects.order_by("pk").values()), Contact.objects.count()
    system.after_read(course)
    system.advance(course)
    assert list(FollowUp.objects.order_by("pk").values()) == rows
    assert Contact.objects.count() == told


def test_the_system_wins_no_race_it_did_not_see(course: Course, tutor: User) -> None:
    """A form opened before a first access is refused: the follow-up has another version."""
    enrolment = EnrolmentFactory(course=course)
    enter(enrolment)
    system.after_read(course)
    with pytest.raises(moves.Stale):
        acts.mark_contacted(enrolment.follow_up, by=tutor, version=0)
    assert state_of(enrolment).state == State.CLOSED_IN
