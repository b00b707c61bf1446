"""A real Celery worker on a real Redis: a read asked for is a read done, also after a worker was killed."""

from __future__ import annotations

import signal

import pytest
from django.utils import timezone

from moodle_sync import runs, tasks
from moodle_sync.enums import RunState
from moodle_sync.models import Course, Enrolment, SyncRun
from tests.moodle_sync.moodle import Moodle
from tests.moodle_sync.workers import state_of, until, worker

pytestmark = pytest.mark.django_db(transaction=True)


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
