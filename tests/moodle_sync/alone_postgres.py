"""PostgreSQL restarts while a worker reads. Run by `test_faults_processes`, in a pytest with its own PostgreSQL."""

from __future__ import annotations

import os
import signal

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from moodle_sync import runs, tasks
from moodle_sync.enums import RunState
from moodle_sync.errors import Trouble
from moodle_sync.models import Course, Enrolment, SyncRun
from tests.moodle_sync.moodle import Moodle
from tests.moodle_sync.test_faults import ENROLLED, life_goes_on, mirror
from tests.moodle_sync.workers import ended, own_line, until, worker

pytestmark = pytest.mark.django_db(transaction=True)


def restart_postgres() -> None:
    """A server process dies of SIGKILL: PostgreSQL ends all the others, recovers, and empties unlogged tables."""
    with own_line() as line:
        victim = line.info.backend_pid
        os.kill(victim, signal.SIGKILL)
    connection.close()

    def is_back() -> bool:
        try:
            with own_line():
                return True
        except psycopg.OperationalError:
            return False

    until(is_back)


@pytest.mark.usefixtures("empty_queue")
def test_postgres_restarted_in_the_middle(moodle: Moodle) -> None:
    """The read is lost and says so; the worker lives on and does the next one."""
    course = moodle.follow()
    moodle.read(course)
    life_goes_on(moodle)
    slow = moodle.world.faults.add("slow", function=ENROLLED, after=1, seconds=3, times=1)
    run = runs.request_run(course)
    with worker():
        until(lambda: slow.hits == 1)
        restart_postgres()
        assert Enrolment.objects.count() == 12
        until(lambda: ended(run))
        run.refresh_from_db()
        assert (run.state, run.error_code) == (RunState.INTERRUPTED, Trouble.CRASHED)
        Course.objects.update(next_sync_at=timezone.now())
        tasks.enqueue_due()
        heir = SyncRun.objects.latest("pk")
        until(lambda: ended(heir))
        heir.refresh_from_db()
        assert (heir.state, heir.created) == (RunState.OK, 1)
    mirror(moodle)
