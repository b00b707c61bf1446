"""A bulk act in the hands of real worker processes, one of which is killed with rows locked."""

import signal
from datetime import timedelta

import pytest
from celery import current_app
from django.db import connection
from django.http import QueryDict
from django.utils import timezone

from accounts.models import User
from dashboard.bulk import work
from dashboard.bulk.rules import Name
from dashboard.enums import State
from dashboard.models import BulkAct, Contact, FollowUp
from dashboard.selection.picked import picked
from moodle_sync.models import Group
from tests.factories import EnrolmentFactory
from tests.moodle_sync.workers import own_line, until, waits_for, worker

PATIENCE = 300


def state_of(act: BulkAct) -> str:
    return BulkAct.objects.values_list("state", flat=True).get(pk=act.pk)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queue")
def test_a_worker_killed_in_the_middle_does_nothing_twice_and_the_next_ends_it(
    tutor: User, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = EnrolmentFactory.create_batch(5, course=group.course, groups=[group])
    monkeypatch.setattr(work, "AT_ONCE", 0)
    monkeypatch.setattr(work, "CHUNK", 2)
    rows = "&".join(f"row={enrolment.pk}:0" for enrolment in people)
    act = work.begin(picked(tutor, QueryDict(rows)), Name.CONTACTED, {})
    assert work._step(act.pk), "two of five are done"
    with own_line() as line:
        line.execute("LOCK TABLE dashboard_contact IN EXCLUSIVE MODE")
        with worker() as process:
            until(lambda: waits_for("dashboard_contact"), PATIENCE)
            process.send_signal(signal.SIGKILL)
            process.wait(20)
    until(lambda: not _others_at_work())
    assert Contact.objects.filter(act=act.pk).count() == 2
    assert state_of(act) == BulkAct.State.RUNNING

    BulkAct.objects.update(heartbeat_at=timezone.now() - work.DEAD_AFTER - timedelta(seconds=1))
    current_app.send_task("dashboard.tasks.resume_bulk_acts")
    with worker():
        until(lambda: state_of(act) == BulkAct.State.DONE, PATIENCE)
        assert Contact.objects.filter(act=act.pk, kind="contacted").count() == 5
        assert work.undo(BulkAct.objects.get(pk=act.pk))
        until(lambda: state_of(act) == BulkAct.State.UNDONE, PATIENCE)
    assert set(FollowUp.objects.values_list("state", flat=True)) == {State.TODO}


def _others_at_work() -> bool:
    """The killed one's transaction ends when PostgreSQL notices that nobody listens any more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND state <> 'idle'"
        )
        return bool(cursor.fetchone()[0])
