"""Whom a run brought and lost: kept with the run, in its own transaction."""

from datetime import datetime
from typing import Any

from django.db import connection

from moodle_sync.enums import Change
from moodle_sync.models import Course, SyncRun

KEEP = (
    "INSERT INTO moodle_sync_runchange (run_id, enrolment_id, kind)"
    " SELECT %(run)s, e.id, %(kind)s FROM moodle_sync_enrolment e"
    " WHERE e.course_id = %(course)s AND e.{when} = %(read_at)s"
)


def keep_arrivals_and_departures(run: SyncRun, course: Course, read_at: datetime) -> None:
    """Call after the people were applied and before the course is dated: on its first read everybody is new."""
    if course.first_synced_at is None:
        return
    given: dict[str, Any] = {"run": run.pk, "course": course.pk, "read_at": read_at}
    with connection.cursor() as cursor:
        cursor.execute(KEEP.format(when="first_seen_at"), given | {"kind": Change.JOINED})
        cursor.execute(KEEP.format(when="left_at"), given | {"kind": Change.LEFT})
