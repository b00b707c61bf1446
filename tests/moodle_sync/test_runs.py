"""The life of a run: asked for, claimed once, ended once, tried again when it makes sense."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import Retry
from django.db.models import Q
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from config.celery import app
from moodle_sync import runs, sync, tasks
from moodle_sync.client import MoodleClient
from moodle_sync.enums import RunState
from moodle_sync.errors import Trouble
from moodle_sync.explain import explain
from moodle_sync.models import Connection, Course, Site, StagedPerson, SyncRun
from moodle_sync.remote import RemoteParticipant
from moodle_sync.staging import Staging
from tests.factories import ConnectionFactory, CourseFactory
from tests.moodle_sync.moodle import Moodle, rows

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Runs handed to the queue."""
    found: list[int] = []
    monkeypatch.setattr(app, "send_task", lambda name, args, **options: found.extend(args))
    return found


@pytest.fixture
def one() -> Course:
    return CourseFactory()


def claimed(course: Course, **options: Any) -> SyncRun:
    run, _ = runs.create_run(course, **options)
    assert runs.claim(run) is runs.Claim.GOT
    return run


def expire(course: Course) -> None:
    Course.objects.filter(pk=course.pk).update(claim_expires_at=timezone.now() - timedelta(seconds=1))


# Asking


def test_a_course_has_one_active_run(
    one: Course, sent: list[int], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        first = runs.request_run(one)
        assert sent == [], "not before the commit"
    with django_capture_on_commit_callbacks(execute=True):
        assert runs.request_run(one) == first
        assert runs.request_run(one, attempt=3).attempt == 1
    assert sent == [first.pk]
    assert runs.claim(first) is runs.Claim.GOT
    with django_capture_on_commit_callbacks(execute=True):
        assert runs.request_run(one) == first
        assert runs.request_run(CourseFactory()) != first
    runs.finish(first, RunState.OK)
    with django_capture_on_commit_callbacks(execute=True):
        second = runs.request_run(one)
    assert second != first
    assert len(sent) == 3


def test_a_run_under_way_learns_that_the_shrink_is_accepted(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    for user_id in range(10, 20):
        moodle.world.unenrol(moodle.world.courses[2], user_id)
    run = claimed(course)
    waiting, is_new = runs.create_run(course, accept_shrink=True)
    assert (waiting.pk, waiting.accept_shrink, is_new) == (run.pk, True, False)
    assert sync.perform(run).state == RunState.OK


def test_the_queue_is_down(
    one: Course,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    # Another application with the same tasks, whose Redis nobody started.
    down = Celery("down", broker=f"redis://127.0.0.1:{port}/0", set_as_current=False)
    monkeypatch.setattr(runs, "current_app", down)
    with django_capture_on_commit_callbacks(execute=True):
        run = runs.request_run(one)
    run.refresh_from_db()
    assert (run.state, run.error_code) == (RunState.INTERRUPTED, Trouble.NO_QUEUE)
    assert run.next_try_at is not None
    assert explain(run) is not None
    assert runs.create_run(one)[1], "it does not stand in the way"


def test_what_is_due_is_asked_for(
    sent: list[int], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    past, future = timezone.now() - MINUTE, timezone.now() + MINUTE
    due = CourseFactory(next_sync_at=past)
    CourseFactory(next_sync_at=future)
    CourseFactory(next_sync_at=past, followed=False)
    CourseFactory(next_sync_at=past, connection=None)
    with django_capture_on_commit_callbacks(execute=True):
        assert tasks.enqueue_due() == 1
    with django_capture_on_commit_callbacks(execute=True):
        tasks.enqueue_due()
    assert [SyncRun.objects.get(pk=pk).course for pk in sent] == [due], "two schedulers ask once"


# Claiming


def test_one_claim_at_a_time(one: Course) -> None:
    run = claimed(one)
    assert runs.claim(run) is runs.Claim.COURSE_TAKEN
    other = SyncRun.objects.create(course=one, state=RunState.OK)
    assert runs.claim(other) is runs.Claim.COURSE_TAKEN
    one.refresh_from_db()
    assert one.claimed_by == run.pk


def test_a_claim_expires(one: Course) -> None:
    dead = claimed(one)
    expire(one)
    heir, is_new = runs.create_run(one)
    assert is_new
    dead.refresh_from_db()
    assert (dead.state, dead.error_code) == (RunState.INTERRUPTED, Trouble.CRASHED)
    assert runs.claim(heir) is runs.Claim.GOT
    assert not runs.progress(dead, 5), "the dead one must not go on"
    assert runs.progress(heir, 5)


def test_progress_keeps_a_claim_alive(one: Course) -> None:
    run = claimed(one)
    expire(one)
    assert runs.progress(run, 7)
    one.refresh_from_db()
    assert one.claim_expires_at is not None
    assert one.claim_expires_at > timezone.now() + runs.CLAIM_LASTS / 2
    run.refresh_from_db()
    assert run.people_read == 7


def test_a_finished_run_is_not_claimed(one: Course) -> None:
    run, _ = runs.create_run(one)
    runs.finish(run, RunState.INTERRUPTED)
    assert runs.claim(run) is runs.Claim.COURSE_TAKEN
    one.refresh_from_db()
    assert one.claimed_by is None, "and leaves no claim behind"


def test_a_site_is_read_by_so_many_at_once(site: Site) -> None:
    connection = ConnectionFactory(site=site)
    courses = [CourseFactory(site=site, connection=connection) for _ in range(4)]
    assert site.max_concurrent == 2
    first, second = claimed(courses[0]), claimed(courses[1])
    third, _ = runs.create_run(courses[2])
    assert runs.claim(third) is runs.Claim.SITE_BUSY
    claimed(CourseFactory())  # another site has its own measure
    runs.finish(first, RunState.OK)
    assert runs.claim(third) is runs.Claim.GOT
    fourth, _ = runs.create_run(courses[3])
    assert runs.claim(fourth) is runs.Claim.SITE_BUSY
    expire(second.course)
    assert runs.claim(fourth) is runs.Claim.GOT, "the dead do not count"


# Outliving a claim


@pytest.mark.parametrize(
    "function",
    [
        "core_course_get_courses_by_field",
        "core_enrol_get_enrolled_users",
        "core_user_get_users_by_field",
    ],
)
def test_a_run_that_outlives_its_claim_writes_nothing(
    moodle: Moodle, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    """Another worker takes over while Moodle is being asked."""
    course = moodle.follow()
    real = MoodleClient._call

    def call(self: MoodleClient, name: str, params: dict[str, Any]) -> Any:
        if name == function:
            Course.objects.filter(pk=course.pk).update(claimed_by=10**9)
        return real(self, name, params)

    monkeypatch.setattr(MoodleClient, "_call", call)
    run = moodle.read(course)
    assert (run.state, run.error_code) == (RunState.INTERRUPTED, Trouble.CLAIM_LOST)
    assert {name: found for name, found in rows().items() if found} == {}
    course.refresh_from_db()
    assert (course.claimed_by, course.synced_at) == (10**9, None), "the other's claim stays"


def test_the_claim_is_looked_at_when_writing(moodle: Moodle, monkeypatch: pytest.MonkeyPatch) -> None:
    course = moodle.follow()
    real = sync._write

    def late(*args: Any, **options: Any) -> None:
        Course.objects.filter(pk=course.pk).update(claimed_by=10**9)
        real(*args, **options)

    monkeypatch.setattr(sync, "_write", late)
    assert moodle.read(course).error_code == Trouble.CLAIM_LOST
    assert {name: found for name, found in rows().items() if found} == {}


# Ending


def test_a_run_ends_once(one: Course) -> None:
    run = claimed(one)
    assert runs.finish(run, RunState.OK, created=3) == 1
    assert runs.finish(run, RunState.INTERRUPTED, created=9) == 0
    run.refresh_from_db()
    assert (run.state, run.created) == (RunState.OK, 3)


def test_the_sweep_ends_the_dead_only_and_what_nobody_took_is_sent_again(
    sent: list[int], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    def aged(run: SyncRun, age: timedelta) -> SyncRun:
        SyncRun.objects.filter(pk=run.pk).update(queued_at=timezone.now() - age)
        return run

    alive = claimed(CourseFactory())
    dead = claimed(CourseFactory())
    expire(dead.course)
    StagedPerson.objects.create(run=dead, moodle_id=3, full_name="", roles=[], search_key="", sort_key="")
    waiting = aged(runs.create_run(CourseFactory())[0], timedelta(minutes=14))
    lost = aged(runs.create_run(CourseFactory())[0], timedelta(minutes=16))
    done = runs.create_run(CourseFactory())[0]
    runs.finish(done, RunState.OK)
    aged(done, DAY)
    assert runs.sweep() == 1
    assert runs.sweep() == 0
    for _scheduler in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            tasks.enqueue_due()
    assert sent == [lost.pk], "once, and not again for another 15 minutes"
    states = {run.pk: run.state for run in SyncRun.objects.all()}
    assert states == {
        alive.pk: RunState.RUNNING,
        waiting.pk: RunState.QUEUED,
        dead.pk: RunState.INTERRUPTED,
        lost.pk: RunState.QUEUED,
        done.pk: RunState.OK,
    }
    assert not StagedPerson.objects.exists()
    dead.course.refresh_from_db()
    assert dead.course.claimed_by is None


# The next time


def delay(course: Course, state: RunState, *, attempt: int = 1, retry_after: int | None = None) -> timedelta:
    run = claimed(course, attempt=attempt)
    before = timezone.now()
    runs.finish(run, state, retry_after=retry_after)
    course.refresh_from_db()
    run.refresh_from_db()
    good = state in {RunState.OK, RunState.PARTIAL}
    assert run.next_try_at == (None if good else course.next_sync_at)
    return course.next_sync_at - before


def about(expected: timedelta) -> Any:
    """With chance: earlier where an interval is promised, later where Moodle is spared."""

    class Near:
        def __eq__(self, other: object) -> bool:
            return isinstance(other, timedelta) and 0.76 * expected <= other <= 1.1 * expected + MINUTE / 10

        def __repr__(self) -> str:
            return f"about {expected}"

    return Near()


def opened(days: float, **more: Any) -> Course:
    moment = timezone.now() - days * DAY
    return CourseFactory(start_date=moment, visible_since=moment, **more)


@pytest.mark.parametrize("state", [RunState.OK, RunState.PARTIAL, RunState.HELD])
def test_how_often_by_phase(state: RunState, settings: Settings) -> None:
    settings.SYNC_MINUTES_FRESH, settings.SYNC_MINUTES_RUNNING = 15, 120
    now = timezone.now()
    assert delay(opened(3), state) == about(15 * MINUTE)
    assert delay(opened(30), state) == about(2 * HOUR)
    assert delay(opened(30, end_date=now - HOUR), state) == about(DAY)
    assert delay(opened(-3), state) == about(DAY)
    assert delay(opened(3, visible=False), state) == about(DAY)


@pytest.mark.parametrize(("attempt", "minutes"), [(1, 1), (2, 4), (3, 15), (4, 60), (9, 60)])
def test_unavailable_backs_off_into_the_slow_lane(attempt: int, minutes: int) -> None:
    assert delay(opened(3), RunState.UNAVAILABLE, attempt=attempt) == about(minutes * MINUTE)


def test_moodle_says_when_to_come_back() -> None:
    assert delay(opened(3), RunState.UNAVAILABLE, retry_after=3000) == about(50 * MINUTE)
    assert delay(opened(3), RunState.UNAVAILABLE, retry_after=1) == about(MINUTE)
    assert delay(opened(3), RunState.UNAVAILABLE, retry_after=10**8) == about(DAY), "but not for ever"


def test_a_refusal_waits_for_a_human_for_hours() -> None:
    assert delay(opened(3), RunState.REFUSED) == about(6 * HOUR)
    assert delay(opened(-3), RunState.REFUSED) == about(DAY)


def test_an_interrupted_run_starts_again_soon() -> None:
    assert delay(opened(30), RunState.INTERRUPTED) == about(MINUTE)


def test_a_run_that_is_always_interrupted_does_not_wear_moodle_out(one: Course) -> None:
    for attempt, wait in ((1, MINUTE), (2, 4 * MINUTE), (3, 15 * MINUTE), (4, HOUR)):
        assert runs.next_attempt(one) == attempt
        run = claimed(one, attempt=attempt)
        runs.finish(run, RunState.INTERRUPTED)
        assert run.next_try_at is not None
        assert run.finished_at is not None
        assert run.next_try_at - run.finished_at >= 0.95 * wait


def test_attempts_count_only_while_moodle_is_silent(one: Course) -> None:
    assert runs.next_attempt(one) == 1
    for state, following in (
        (RunState.UNAVAILABLE, 2),
        (RunState.UNAVAILABLE, 3),
        (RunState.OK, 1),
        (RunState.REFUSED, 1),
    ):
        runs.finish(claimed(one, attempt=runs.next_attempt(one)), state)
        assert runs.next_attempt(one) == following


def test_a_site_in_maintenance_is_left_in_peace(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.world.faults.add("cli_maintenance")
    run = moodle.read(course)
    assert (run.state, run.error_code) == (RunState.UNAVAILABLE, Trouble.HTTP_5XX)
    assert run.next_try_at is not None
    assert run.finished_at is not None
    assert run.next_try_at - run.finished_at == about(5 * MINUTE), "Retry-After: 300"


# Tokens


def test_a_refused_token_is_marked_until_it_works_again(moodle: Moodle) -> None:
    course = moodle.follow()
    fault = moodle.world.faults.add("expired")
    run = moodle.read(course)
    assert (run.state, run.error_code) == (RunState.REFUSED, "invalidtoken")
    assert Connection.objects.get().refused_at is not None
    moodle.world.faults.remove(fault)
    assert moodle.read(course).state == RunState.OK
    assert Connection.objects.get().refused_at is None


def test_an_unreadable_token_is_refused_with_words(moodle: Moodle, settings: Settings) -> None:
    course = moodle.follow()
    settings.TOKEN_KEYS = ["b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXItb3Q="]
    run = moodle.read(course)
    assert (run.state, run.error_code) == (RunState.REFUSED, Trouble.TOKEN_UNREADABLE)
    assert sum(moodle.world.account.calls.values()) == 0


def test_a_course_without_token_is_refused_with_words(moodle: Moodle) -> None:
    course = moodle.follow()
    Connection.objects.all().delete()
    run = moodle.read(course)
    assert (run.state, run.error_code) == (RunState.REFUSED, Trouble.NO_CONNECTION)


# Tasks


def test_a_task_delivered_twice_does_no_harm(moodle: Moodle) -> None:
    course = moodle.follow()
    run, _ = runs.create_run(course)
    tasks.sync_course(run.pk)
    before = rows(), Course.objects.values().get()
    calls = sum(moodle.world.account.calls.values())
    tasks.sync_course(run.pk)
    assert (rows(), Course.objects.values().get()) == before
    assert sum(moodle.world.account.calls.values()) == calls
    run.refresh_from_db()
    assert run.state == RunState.OK


def test_a_task_delivered_twice_at_once_waits(moodle: Moodle, monkeypatch: pytest.MonkeyPatch) -> None:
    run = claimed(moodle.follow())
    monkeypatch.setattr(tasks.sync_course, "retry", lambda **options: Retry())
    with pytest.raises(Retry):
        tasks.sync_course(run.pk)
    assert sum(moodle.world.account.calls.values()) == 0
    run.refresh_from_db()
    assert run.state == RunState.RUNNING


def test_a_run_that_waits_for_a_busy_site_is_not_lost(monkeypatch: pytest.MonkeyPatch, site: Site) -> None:
    monkeypatch.setattr(tasks.sync_course, "retry", lambda **options: Retry())
    Site.objects.update(max_concurrent=1)
    claimed(CourseFactory(site=site))
    run, _ = runs.create_run(CourseFactory(site=site))
    SyncRun.objects.filter(pk=run.pk).update(queued_at=timezone.now() - 14 * MINUTE)
    with pytest.raises(Retry):
        tasks.sync_course(run.pk)
    run.refresh_from_db()
    assert timezone.now() - run.queued_at < MINUTE


def test_a_task_delivered_again_after_its_worker_died(moodle: Moodle) -> None:
    course = moodle.follow()
    run = claimed(course)
    Staging(run.pk).add([person(11)])
    expire(course)
    tasks.sync_course(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.INTERRUPTED
    assert not run.staged.exists()
    assert sum(moodle.world.account.calls.values()) == 0
    assert moodle.read(course).created == 12


def test_a_task_of_a_run_that_is_no_more() -> None:
    tasks.sync_course(123456)


def test_a_programming_error_ends_the_run_and_is_raised(moodle: Moodle, monkeypatch: pytest.MonkeyPatch) -> None:
    course = moodle.follow()
    monkeypatch.setattr(sync, "_write", lambda *args, **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        moodle.read(course)
    run = SyncRun.objects.get()
    assert (run.state, run.error_code) == (RunState.INTERRUPTED, Trouble.CRASHED)
    assert runs.sweep(Q()) == 0


def person(moodle_id: int) -> RemoteParticipant:
    return RemoteParticipant(
        moodle_id, "Camille", None, None, None, None, None, None, None, None, 0, 0, ("participant",), None
    )
