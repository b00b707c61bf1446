"""A real Celery worker on a real Redis: a read asked for is a read done, also after a worker was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from config.celery import app
from moodle_sync import runs, tasks
from moodle_sync.enums import RunState
from moodle_sync.models import Course, Enrolment, SyncRun
from tests.moodle_sync.moodle import Moodle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def empty_queue() -> Iterator[None]:
    app.control.purge()
    yield
    app.control.purge()
    app.close()


@contextmanager
def worker() -> Iterator[subprocess.Popen[bytes]]:
    given = connection.settings_dict
    url = f"postgresql://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
    process = subprocess.Popen(
        [
            sys.executable, "-W", "ignore", "-m", "celery", "-A", "config", "worker", "--pool", "solo",
            "--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat",
        ],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": url, "DATABASE_CONN_MAX_AGE": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(found: Callable[[], bool]) -> None:
    for _ in range(300):
        if found():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def state_of(run: SyncRun) -> str:
    return SyncRun.objects.values_list("state", flat=True).get(pk=run.pk)


@pytest.mark.usefixtures("empty_queue")
def test_a_worker_reads_what_is_asked_for(moodle: Moodle) -> None:
    course = moodle.follow()
    run = runs.request_run(course)
    assert state_of(run) == RunState.QUEUED
    with worker():
        until(lambda: state_of(run) not in {RunState.QUEUED, RunState.RUNNING})
    run.refresh_from_db()
    assert (run.state, run.created) == (RunState.OK, 12)
    assert Enrolment.objects.count() == 12


@pytest.mark.usefixtures("empty_queue")
def test_a_worker_killed_in_the_middle(moodle: Moodle) -> None:
    course = moodle.follow()
    run = runs.request_run(course)
    # The first page comes; the next one keeps the worker waiting until it is killed.
    slow = moodle.world.faults.add("slow", function="core_enrol_get_enrolled_users", after=1, seconds=5)
    with worker() as process:
        until(lambda: run.staged.count() == 12)
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    moodle.world.faults.remove(slow)
    assert state_of(run) == RunState.RUNNING, "nobody knows yet"
    assert not Enrolment.objects.exists()
    assert runs.create_run(course)[0] == run, "and nobody else starts while the claim holds"
    Course.objects.update(claim_expires_at=timezone.now(), next_sync_at=timezone.now())
    assert tasks.enqueue_due() == 0, "it is swept, and due again in a minute"
    run.refresh_from_db()
    assert (run.state, run.staged.count()) == (RunState.INTERRUPTED, 0)
    Course.objects.update(next_sync_at=timezone.now())
    assert tasks.enqueue_due() == 1
    heir = SyncRun.objects.latest("pk")
    with worker():
        until(lambda: state_of(heir) not in {RunState.QUEUED, RunState.RUNNING})
    heir.refresh_from_db()
    assert (heir.state, heir.created) == (RunState.OK, 12)
    course.refresh_from_db()
    assert (course.claimed_by, course.complete_reads) == (None, 1)
