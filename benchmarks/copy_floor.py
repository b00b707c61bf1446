"""What PostgreSQL alone needs for the same people: COPY into a temporary table, and one merge."""

import statistics
import sys
import time
from itertools import chain

from django.db import connection, transaction

from benchmarks.course import fresh_course, read
from benchmarks.processes import moodle
from moodle_sync.models import Course, StagedPerson
from moodle_sync.staging import COLUMNS

PEOPLE = 5_000
REPETITIONS = 7
NAMES = ("first_name", "last_name", "full_name", "email", "city", "country", "phone1", "phone2", "institution")


def measure() -> dict[str, float]:
    with moodle(PEOPLE) as url:
        times = [_once(url) / PEOPLE * 1000 for _ in range(REPETITIONS)]
    print(f"  copy: {' '.join(f'{value:.3f}' for value in sorted(times))}", file=sys.stderr)
    return {"copy_floor_s_per_1000": statistics.median(times)}


def _once(url: str) -> float:
    course = fresh_course(url)
    rows = _rows(course)
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("TRUNCATE moodle_sync_participant CASCADE")
        started = time.perf_counter()
        cursor.execute(f"CREATE TEMP TABLE floor (LIKE {StagedPerson._meta.db_table}) ON COMMIT DROP")
        cursor.execute("ALTER TABLE floor ALTER id DROP NOT NULL")
        with cursor.copy(f"COPY floor ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(
            f"INSERT INTO moodle_sync_participant (site_id, moodle_id, search_key, sort_key, {', '.join(NAMES)})"
            f" SELECT %s, moodle_id, search_key, sort_key, {', '.join(f'''COALESCE({name}, '')''' for name in NAMES)}"
            " FROM floor ON CONFLICT (site_id, moodle_id) DO UPDATE SET"
            f" {', '.join(f'{name} = EXCLUDED.{name}' for name in ('search_key', 'sort_key', *NAMES))}",
            [course.site_id],
        )
    return time.perf_counter() - started
