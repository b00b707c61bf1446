"""What PostgreSQL alone needs for the same people: COPY into a temporary table, and one merge.

The rows are those that a sync copies, made beforehand: neither HTTP nor JSON nor our own work is in the time.
"""

import statistics
import sys
import time

from django.db import connection, transaction

from benchmarks.course import COURSE_ID, fresh_course
from benchmarks.processes import moodle
from demo.moodle.big import TOKEN
from moodle_sync.client import MoodleClient
from moodle_sync.models import StagedPerson
from moodle_sync.staging import COLUMNS, Staging

PEOPLE = 5_000
REPETITIONS = 7
STAGED = StagedPerson._meta.db_table
FIELDS = ("first_name", "last_name", "full_name", "email", "city", "country", "phone1", "phone2", "institution")
KEYS = ("search_key", "sort_key")
FILLED = ", ".join([*KEYS, *(f"COALESCE({name}, '')" for name in FIELDS)])
MERGE = (
    f"INSERT INTO moodle_sync_participant (site_id, moodle_id, {', '.join(KEYS + FIELDS)})"
    f" SELECT %s, moodle_id, {FILLED} FROM floor"
    " ON CONFLICT (site_id, moodle_id) DO UPDATE SET"
    f" {', '.join(f'{name} = EXCLUDED.{name}' for name in KEYS + FIELDS)}"
)


def measure() -> dict[str, float]:
    with moodle(PEOPLE) as url:
        rows = _rows(url)
        times = [_once(url, rows) / PEOPLE * 1000 for _ in range(REPETITIONS)]
    print(f"  copy: {' '.join(f'{value:.3f}' for value in sorted(times))}", file=sys.stderr)
    return {"copy_floor_s_per_1000": statistics.median(times)}


def _rows(url: str) -> list[tuple[object, ...]]:
    with MoodleClient(url, TOKEN) as client:
        people = client.enrolled(COURSE_ID, start=0, limit=PEOPLE)
    staging = Staging(0)
    return [staging.row(person) for person in people]


def _once(url: str, rows: list[tuple[object, ...]]) -> float:
    course = fresh_course(url)
    started = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE floor ON COMMIT DROP AS SELECT {', '.join(COLUMNS)} FROM {STAGED} LIMIT 0")
        with cursor.copy(f"COPY floor ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(MERGE, [course.site_id])
    return time.perf_counter() - started
