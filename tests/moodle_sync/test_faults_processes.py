"""Processes that die in the middle: a worker, Redis, PostgreSQL. Real ones, some of them the test's own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from demo.moodle import running
from moodle_sync import batches, runs, tasks
from moodle_sync.enums import RunState, Urgency
from moodle_sync.errors import Trouble
from moodle_sync.models import Course, Enrolment, Participant, SyncRun
from tests.factories import UserFactory
from tests.moodle_sync.moodle import Moodle, connect, small_world
from tests.moodle_sync.test_faults import ENROLLED, life_goes_on, mirror, shown
from tests.moodle_sync.workers import BreakableRedis, application, ended, own_line, state_of, until, waits_for, worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.usefixtures("empty_queue")
def test_a_worker_killed_while_writing(moodle: Moodle, client: Client, administrator: User) -> None:
    """People and enrolments are in its transaction, memberships wait: all or nothing."""
    course = moodle.follow()
    moodle.read(course)
    life_goes_on(moodle)
    run = runs.request_run(course)
    with own_line() as line:
        line.execute("LOCK TABLE moodle_sync_membership IN ACCESS EXCLUSIVE MODE")
        with worker() as process:
            until(lambda: waits_for("moodle_sync_membership"))
            process.send_signal(signal.SIGKILL)
            process.wait(20)
    assert state_of(run) == RunState.RUNNING, "nobody knows yet"
    assert Enrolment.objects.count() == 12, "the newcomer went with the transaction"
    assert not Participant.objects.filter(last_name="Nouveau").exists()
    Course.objects.update(claim_expires_at=timezone.now())
    tasks.enqueue_due()
    run.refresh_from_db()
    assert (run.state, run.error_code, run.staged.count()) == (RunState.INTERRUPTED, Trouble.CRASHED, 0)
    page = shown(client, administrator, course)
    assert "The read was interrupted on Vigie’s side." in page
    assert "Next try:" in page
    Course.objects.update(next_sync_at=timezone.now())
    tasks.enqueue_due()
    heir = SyncRun.objects.latest("pk")
    with worker():
        until(lambda: ended(heir))
    heir.refresh_from_db()
    assert (heir.state, heir.created, heir.first_accesses) == (RunState.OK, 1, 1)
    mirror(moodle)


@pytest.fixture
def redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BreakableRedis]:
    server = BreakableRedis(tmp_path)
    server.start()
    ours = application(server.url)
    monkeypatch.setattr(runs, "current_app", ours)
    yield server
    ours.close()
    server.kill()


def test_redis_restarted_in_the_middle(two_courses: Moodle, redis: BreakableRedis) -> None:
    """It forgets everything. The read goes on without it; what waited in it is asked for again; nobody restarts."""
    moodle = two_courses
    first, second = moodle.follow(2), moodle.follow(3)
    slow = moodle.world.faults.add("slow", function=ENROLLED, after=1, seconds=2, times=1)
    reading = runs.request_run(first)
    with worker(REDIS_URL=redis.url):
        until(lambda: slow.hits == 1)
        waiting = runs.request_run(second)
        redis.kill()
        assert Course.objects.get(pk=first.pk).claimed_by == reading.pk
        redis.start()
        until(lambda: ended(reading))
        assert state_of(reading) == RunState.OK
        mirror(moodle, 2)
        assert state_of(waiting) == RunState.QUEUED, "its message is lost"
        SyncRun.objects.filter(pk=waiting.pk).update(queued_at=timezone.now() - timedelta(minutes=16))
        tasks.enqueue_due()
        until(lambda: ended(waiting))
        assert state_of(waiting) == RunState.OK, "it was never begun, so it was never interrupted"
    assert SyncRun.objects.count() == 2
    mirror(moodle, 3)


@pytest.mark.usefixtures("empty_queue")
def test_a_run_waits_for_a_free_worker_however_long_it_takes(moodle: Moodle) -> None:
    """Its message is there and is sent again all the same: it is read once."""
    run = runs.request_run(moodle.follow())
    SyncRun.objects.update(queued_at=timezone.now() - timedelta(minutes=50))
    tasks.enqueue_due()
    assert state_of(run) == RunState.QUEUED
    SyncRun.objects.update(queued_at=timezone.now() - timedelta(minutes=50))
    with worker():
        until(lambda: ended(run))
    assert (state_of(run), SyncRun.objects.count()) == (RunState.OK, 1)
    mirror(moodle)


def test_postgres_restarted_in_the_middle() -> None:
    """In a pytest of its own, with a PostgreSQL of its own: other tests live in ours."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "VIGIE_TEST_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/moodle_sync/alone_postgres.py"]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


# Several workers


def another_host(folder: Path) -> tuple[Path, Path]:
    """A copy of the code and an empty home: what a second machine would have."""
    code, home = folder / "code", folder / "home"
    home.mkdir(parents=True)
    for name in ("accounts", "config", "dashboard", "demo", "moodle_sync", "templates", "locale"):
        shutil.copytree(settings.BASE_DIR / name, code / name, ignore=shutil.ignore_patterns("__pycache__"))
    return code, home


def done_by(home: Path) -> int:
    return (home / "log").read_text().count("moodle_sync.tasks.sync_course[")


@pytest.mark.usefixtures("empty_queue")
def test_two_workers_that_share_redis_and_postgres_alone(tmp_path: Path) -> None:
    hosts = [another_host(tmp_path / name) for name in ("one", "two")]
    with running(small_world(courses=6)) as one, running(small_world(courses=6)) as two:
        moodles = [connect(server) for server in (one, two)]
        for moodle in moodles:
            moodle.world.faults.add("slow", function=ENROLLED, seconds=0.2)
            for number in range(2, 8):
                moodle.follow(number)
        with (
            worker(code=hosts[0][0], home=hosts[0][1]),
            worker(code=hosts[1][0], home=hosts[1][1]),
        ):
            until(lambda: all(" ready." in (home / "log").read_text() for _code, home in hosts))
            batches.ask(list(Course.objects.all()), by=UserFactory())
            until(lambda: not SyncRun.objects.active().exists(), seconds=60)
        assert list(SyncRun.objects.values_list("state", flat=True)) == [RunState.OK] * 12, "once each"
        assert Enrolment.objects.count() == 2 * 6 * 12
        assert Participant.objects.count() == 2 * 12
        assert all(done_by(home) for _code, home in hosts), "both worked"
        for moodle in moodles:
            assert moodle.world.account.simultaneous <= moodle.site.max_concurrent


@pytest.mark.usefixtures("empty_queue")
def test_what_a_person_asks_for_is_read_first() -> None:
    with running(small_world(courses=4)) as server:
        moodle = connect(server)
        moodle.site.max_concurrent = 9  # one worker: nothing but the queue decides
        moodle.site.save()
        courses, paul = [moodle.follow(number) for number in (2, 3, 4, 5)], UserFactory()
        for course in courses[:2]:
            runs.request_run(course)
        batches.ask([courses[2]], by=paul)
        runs.request_run(courses[3], by=paul)
        hurried = runs.request_run(courses[1], by=paul)
        assert (hurried.urgency, hurried.requested_by) == (Urgency.NOW, paul)
        with worker():
            until(lambda: not SyncRun.objects.active().exists())
    order = list(SyncRun.objects.order_by("started_at").values_list("course", flat=True))
    assert set(order[:2]) == {courses[1].pk, courses[3].pk}
    assert order[2:] == [courses[2].pk, courses[0].pk]
