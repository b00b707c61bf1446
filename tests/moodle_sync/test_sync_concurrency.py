"""Several workers at once, each with a connection of its own to PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, TypeVar

import pytest
from django.db import connection, transaction

from demo.moodle import running
from moodle_sync import runs, sync
from moodle_sync.apply import Apply
from moodle_sync.enums import RunState, Standing
from moodle_sync.models import Course, Enrolment, Participant, SyncRun
from moodle_sync.signals import course_synced
from tests.moodle_sync.moodle import Moodle, connect, content, small_world

pytestmark = pytest.mark.django_db(transaction=True)
T = TypeVar("T")


def at_once(*jobs: Callable[[], T]) -> list[T]:
    """All of them started together, each in a thread that gives its connection back."""
    start = threading.Barrier(len(jobs))

    def work(job: Callable[[], T]) -> T:
        with closing(connection):
            start.wait(10)
            return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(work, jobs))


@pytest.fixture
def many(db: None) -> Iterator[Moodle]:
    """The same forty people in four courses."""
    with running(small_world(40, courses=4)) as server:
        moodle = connect(server)
        moodle.site.max_concurrent = 4
        moodle.site.save()
        yield moodle


def test_two_claims_at_once(many: Moodle) -> None:
    course = many.follow()
    for _ in range(5):
        run, _is_new = runs.create_run(course)
        got = at_once(*[lambda run=run: runs.claim(SyncRun.objects.get(pk=run.pk)) for _ in range(4)])
        assert sorted(claim.name for claim in got) == ["COURSE_TAKEN"] * 3 + ["GOT"]
        runs.finish(run, RunState.OK)


def test_the_measure_of_a_site_holds_for_claims_at_once(many: Moodle) -> None:
    many.site.max_concurrent = 2
    many.site.save()
    found = [runs.create_run(many.follow(number))[0] for number in (2, 3, 4, 5)]
    got = at_once(*[lambda run=run: runs.claim(run) for run in found])
    assert sorted(claim.name for claim in got) == ["GOT", "GOT", "SITE_BUSY", "SITE_BUSY"]


def test_asked_for_by_several_at_once(many: Moodle) -> None:
    course = many.follow()
    got = at_once(*[lambda: runs.create_run(Course.objects.get(pk=course.pk)) for _ in range(4)])
    assert len({run.pk for run, _ in got}) == 1
    assert sorted(is_new for _, is_new in got) == [False, False, False, True]


def test_courses_of_one_site_at_once(many: Moodle) -> None:
    """They share every person: no deadlock, nobody doubled, and the next read has nothing to write."""
    courses = [many.follow(number) for number in (2, 3, 4, 5)]
    first = at_once(*[lambda course=course: many.read(course) for course in courses])
    assert [run.state for run in first] == [RunState.OK] * 4
    assert Participant.objects.count() == 40
    assert Enrolment.objects.count() == 160
    for user in many.world.users.values():
        user.lastname, user.lastaccess, user.suspended = "Changé", many.world.now(), user.id == 20
    Course.objects.update(accounts_checked_at=None)
    second = at_once(*[lambda course=course: many.read(course) for course in courses])
    assert [run.state for run in second] == [RunState.OK] * 4
    assert set(Participant.objects.values_list("last_name", flat=True)) == {"Changé"}
    assert {e.standing for e in Enrolment.objects.filter(participant__moodle_id=20)} == {Standing.SUSPENDED}
    before = content()
    third = at_once(*[lambda course=course: many.read(course) for course in courses])
    assert [(run.updated, run.unchanged) for run in third] == [(0, 40)] * 4
    assert content() == before


def held_while_writing(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """The run stops inside its transaction, its course locked, before the first person is written."""
    inside, go_on = threading.Event(), threading.Event()
    real = Apply.__call__

    def wait(self: Apply) -> Any:
        inside.set()
        assert go_on.wait(20)
        return real(self)

    monkeypatch.setattr(Apply, "__call__", wait)
    return inside, go_on


@pytest.mark.parametrize("meanwhile", ["claim", "sweep", "ask"])
def test_nobody_waits_in_a_circle(many: Moodle, monkeypatch: pytest.MonkeyPatch, meanwhile: str) -> None:
    """A second delivery, the sweep and a click come while a run writes: all of them end, the run too."""
    course = many.follow()
    run, _ = runs.create_run(course)
    assert runs.claim(run) is runs.Claim.GOT
    inside, go_on = held_while_writing(monkeypatch)

    def other() -> None:
        assert inside.wait(20)
        # Once the run writes again, whoever waits for its course already holds what it needs.
        threading.Timer(0.3, go_on.set).start()
        if meanwhile == "claim":
            assert runs.claim(SyncRun.objects.get(pk=run.pk)) is runs.Claim.COURSE_TAKEN
        elif meanwhile == "ask":
            assert runs.create_run(Course.objects.get(pk=course.pk))[0] == run
        else:
            assert runs.finish(SyncRun.objects.get(pk=run.pk), RunState.INTERRUPTED) == 0

    at_once(lambda: sync.perform(run), other)
    run.refresh_from_db()
    assert (run.state, run.created) == (RunState.OK, 40)
    course.refresh_from_db()
    assert course.claimed_by is None


def test_others_may_ask_for_a_course_while_it_is_written(many: Moodle, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of the course can be looked for and other courses claimed: nothing waits for the big transaction."""
    course, other = many.follow(2), many.follow(3)
    run, _ = runs.create_run(course)
    assert runs.claim(run) is runs.Claim.GOT
    inside, go_on = held_while_writing(monkeypatch)
    claims = []

    def claim_another() -> None:
        try:
            assert inside.wait(20)
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
            claims.append(runs.claim(runs.create_run(other)[0]))
        finally:
            go_on.set()

    at_once(lambda: sync.perform(run), claim_another)
    assert claims == [runs.Claim.GOT]


def test_a_good_read_is_told_after_the_commit(many: Moodle) -> None:
    told: list[tuple[int, int, bool, int]] = []

    def listen(sender: object, *, course_id: int, run_id: int, **more: object) -> None:
        in_transaction = transaction.get_connection().in_atomic_block
        told.append((course_id, run_id, in_transaction, Enrolment.objects.count()))

    course_synced.connect(listen)
    try:
        course = many.follow()
        good = many.read(course)
        many.world.faults.add("sitemaintenance")
        many.read(course)
    finally:
        course_synced.disconnect(listen)
    assert told == [(course.pk, good.pk, False, 40)]
