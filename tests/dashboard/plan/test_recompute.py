"""What is kept on every follow-up is what the plan makes of it: after each event, and proved every night."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from dashboard import tasks
from dashboard.after_sync import react
from dashboard.enums import Channel, Kind, Outcome, State
from dashboard.follow_up import acts, moves, system
from dashboard.models import ContactDetail, FollowUp, Plan, WorkingDays
from dashboard.plan import recompute, schedule
from dashboard.plan.waits import after_reminder
from moodle_sync.enums import EPOCH, Standing
from moodle_sync.models import Course, Enrolment
from tests.factories import CourseFactory, EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")
MONDAY = datetime(2026, 11, 23, 10, tzinfo=PARIS)
OPENED = datetime(2026, 11, 12, 9, tzinfo=PARIS)
Committing = Callable[..., Any]


def midnight(day: int) -> datetime:
    return datetime(2026, 11, day, tzinfo=PARIS)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    monkeypatch.setattr("django.utils.timezone.now", lambda: MONDAY)
    return MONDAY


@pytest.fixture(name="running")
def running_course(now: datetime) -> Course:
    """Open since 12 November: its steps fall on the 16th, the 20th and today."""
    return CourseFactory(start_date=OPENED, visible_since=OPENED, first_synced_at=OPENED)


def chased(course: Course, **fields: Any) -> Enrolment:
    """To do since this morning."""
    return EnrolmentFactory(course=course, follow_up__due_at=midnight(23), **fields)


def next_of(enrolment: Enrolment) -> tuple[str, datetime | None]:
    follow_up = FollowUp.objects.get(enrolment=enrolment)
    return follow_up.next_channel, follow_up.next_at


def test_a_read_gives_everybody_their_next_step(running: Course) -> None:
    never = EnrolmentFactory(course=running, follow_up=False)
    late = EnrolmentFactory(course=running, first_seen_at=MONDAY - timedelta(days=1), follow_up=False)
    inside = EnrolmentFactory(course=running, last_course_access=MONDAY, follow_up=False)
    unknown = EnrolmentFactory(course=running, last_course_access=None, follow_up=False)
    gone = EnrolmentFactory(course=running, standing=Standing.SUSPENDED, follow_up=False)
    react(course_id=running.pk)
    assert next_of(never) == (Channel.CALL, midnight(23)), "only the current step: no backlog"
    assert next_of(late) == (Channel.EMAIL, midnight(26)), "their own day 0"
    assert [next_of(one) for one in (inside, unknown, gone)] == [("", None)] * 3


def test_nothing_is_written_where_nothing_changes(running: Course) -> None:
    EnrolmentFactory.create_batch(3, course=running, follow_up=False)
    react(course_id=running.pk)
    before = list(FollowUp.objects.order_by("pk").values_list("pk", "version"))
    assert recompute.recompute(running) == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin FROM dashboard_followup")
        places = cursor.fetchall()
        system.after_read(running)
        cursor.execute("SELECT xmin FROM dashboard_followup")
        assert cursor.fetchall() == places
    assert list(FollowUp.objects.order_by("pk").values_list("pk", "version")) == before


def test_after_an_act_and_after_its_undo(running: Course, tutor: User) -> None:
    enrolment = chased(running)
    follow_up = enrolment.follow_up
    act = acts.mark_contacted(follow_up, by=tutor, version=0).act
    assert next_of(enrolment) == ("", None), "J+11 is done by speaking with the person: nothing is left"
    assert FollowUp.objects.get().step_day == 11
    moves.undo(act, by=tutor, among=[follow_up.pk])
    assert next_of(enrolment) == (Channel.CALL, midnight(23))
    assert FollowUp.objects.get().step_day is None


def test_a_reminder_waits_for_the_next_step_and_three_days_where_there_is_none(running: Course, tutor: User) -> None:
    Plan.objects.create(course=running).steps.create(day=11, channel=Channel.EMAIL)
    last = EnrolmentFactory(course=running).follow_up
    assert after_reminder([last], MONDAY)[last.pk].due_at == midnight(26)
    running.plan.steps.create(day=15, channel=Channel.CALL)
    one = EnrolmentFactory(course=running).follow_up
    target = after_reminder([one], MONDAY)[one.pk]
    assert (target.state, target.due_at) == (State.REMINDED, midnight(27))
    moves.record(one, kind=Kind.EMAIL, author=tutor, target=target)
    assert (one.step_day, one.next_channel, one.next_at) == (11, Channel.CALL, midnight(27))
    unknown = EnrolmentFactory(course=running, last_course_access=None).follow_up
    assert after_reminder([unknown], MONDAY)[unknown.pk].due_at == midnight(26), "who is in no plan"


def test_a_plan_that_brings_its_next_step_forward_ends_the_wait(running: Course, tutor: User) -> None:
    plan = Plan.objects.create(course=running)
    plan.steps.create(day=11, channel=Channel.EMAIL)
    step = plan.steps.create(day=18, channel=Channel.CALL)
    one = EnrolmentFactory(course=running).follow_up
    moves.record(one, kind=Kind.EMAIL, author=tutor, target=after_reminder([one], MONDAY)[one.pk])
    step.day = 13
    step.save()
    wednesday = MONDAY + timedelta(days=2)
    assert system.advance(running, wednesday) == 1
    one.refresh_from_db()
    assert (one.state, one.next_channel, one.next_at) == (State.TODO, Channel.CALL, midnight(25))


def test_a_finished_plan_comes_back_to_do_and_stays_there(running: Course, tutor: User) -> None:
    enrolment = chased(running)
    acts.mark_contacted(enrolment.follow_up, by=tutor, version=0)
    for days in (3, 10, 40):
        system.advance(running, MONDAY + timedelta(days=days))
        assert FollowUp.objects.get().state == State.TODO
        assert next_of(enrolment) == ("", None)


@pytest.mark.parametrize(
    "closed", [{"visible": False}, {"start_date": MONDAY + timedelta(days=5)}, {"end_date": MONDAY}]
)
def test_a_course_that_closes_chases_nobody_and_one_that_opens_again_goes_on(
    running: Course, closed: dict[str, Any], django_capture_on_commit_callbacks: Committing
) -> None:
    """The facts are read without the people: that alone changes the plan."""
    enrolment = chased(running)
    known = {name: getattr(running, name) for name in closed}
    for facts, expected in ((closed, ("", None)), (known, (Channel.CALL, midnight(23)))):
        for name, value in facts.items():
            setattr(running, name, value)
        with django_capture_on_commit_callbacks(execute=True):
            running.save(update_fields=["start_date", "end_date", "visible"])
        assert next_of(enrolment) == expected


def test_a_start_that_moves_moves_every_step(running: Course, django_capture_on_commit_callbacks: Committing) -> None:
    enrolment = chased(running)
    running.start_date = MONDAY - timedelta(days=1)
    with django_capture_on_commit_callbacks(execute=True):
        running.save(update_fields=["start_date"])
    assert next_of(enrolment) == (Channel.EMAIL, midnight(26))


def test_an_address_or_a_wish_counts_in_all_courses_of_the_person(
    running: Course, tutor: User, django_capture_on_commit_callbacks: Committing
) -> None:
    here = EnrolmentFactory(course=running, participant__email="")
    person = here.participant.account.person
    there = EnrolmentFactory(
        course=CourseFactory(start_date=OPENED, visible_since=OPENED),
        participant__email="",
        participant__person=person,
    )
    assert {next_of(here)[0], next_of(there)[0]} == {Channel.CALL}
    with django_capture_on_commit_callbacks(execute=True):
        call = acts.Call(Outcome.DO_NOT_CALL)
        act = acts.log_call(person, [(here.follow_up, 0)], call, by=tutor)
    assert next_of(there) == ("", None), "no calls, no address: nothing"
    with django_capture_on_commit_callbacks(execute=True):
        ContactDetail.objects.create(person=person, kind="email", value="c@example.org", search_key="c", added_by=tutor)
        recompute.recompute_people_later([person.pk])
    assert next_of(there)[0] == Channel.EMAIL
    with django_capture_on_commit_callbacks(execute=True):
        moves.undo(act, by=tutor, among=[here.follow_up.pk])
    assert next_of(there)[0] == Channel.CALL


def test_working_days_of_a_site_move_the_steps_of_its_courses(running: Course) -> None:
    enrolment = chased(running)
    WorkingDays.objects.create(site=running.site, weekdays=[1, 2, 3, 4])
    tasks.replan_site(running.site_id)
    assert next_of(enrolment) == (Channel.CALL, midnight(24))


def test_every_night_proves_that_the_kept_values_agree(running: Course, caplog: pytest.LogCaptureFixture) -> None:
    good, wrong, closed = (chased(running) for _ in range(3))
    FollowUp.objects.filter(enrolment=closed).update(state=State.CLOSED_IN, due_at=None)
    assert tasks.check_plans() == 1, "the closed one, which no move told"
    assert tasks.check_plans() == 0
    FollowUp.objects.filter(enrolment=wrong).update(next_channel=Channel.EMAIL, next_at=MONDAY)
    with caplog.at_level(logging.WARNING):
        assert tasks.check_plans() == 1
    assert next_of(wrong) == next_of(good) == (Channel.CALL, midnight(23))
    assert f"Plan of course {running.pk}: 1 follow-ups" in caplog.text
    assert wrong.participant.email not in caplog.text
    assert tasks.check_plans() == 0


def test_a_course_that_fails_keeps_no_other_from_being_proved(
    running: Course, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, enrolment = CourseFactory(), chased(running)
    FollowUp.objects.update(next_channel="", next_at=None)
    known = schedule.schedule_of

    def schedule_of(course: Course) -> Any:
        if course == broken:
            raise ValueError(enrolment.participant.email)
        return known(course)

    monkeypatch.setattr(recompute, "schedule_of", schedule_of)
    with pytest.raises(tasks.CoursesFailed, match=str(broken.pk)):
        tasks.check_plans()
    assert next_of(enrolment) == (Channel.CALL, midnight(23))
    assert enrolment.participant.email not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_moves_meanwhile_is_theirs() -> None:
    """What was read before the act is not written after it."""
    opened = timezone.now() - timedelta(days=30)
    course = CourseFactory(start_date=opened, visible_since=opened)
    enrolment, tutor = EnrolmentFactory(course=course), UserFactory()
    FollowUp.objects.update(next_channel="", next_at=None)
    with transaction.atomic():
        acts.mark_contacted(enrolment.follow_up, by=tutor, version=0)
        thread = Thread(target=_recompute, args=[course])
        thread.start()
        _until_someone_waits()
    thread.join(timeout=20)
    assert FollowUp.objects.get().version == 1
    assert next_of(enrolment) == ("", None)
    assert recompute.recompute(course) == 0


def _recompute(course: Course) -> None:
    try:
        recompute.recompute(course)
    finally:
        connection.close()


def _until_someone_waits() -> None:
    with connection.cursor() as cursor:
        for _ in range(10_000):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waited")


def test_the_number_of_queries_does_not_grow_with_people(running: Course, django_assert_max_num_queries: Any) -> None:
    for number in (1, 40):
        EnrolmentFactory.create_batch(number, course=running, last_site_access=EPOCH)
        FollowUp.objects.update(next_channel="", next_at=None)
        with django_assert_max_num_queries(8):
            assert recompute.recompute(running) >= number
