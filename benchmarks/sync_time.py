"""Our own time in a sync: its wall time less that of merely making the same calls."""

import statistics
import sys

from django.db import connection

from benchmarks.course import fresh_course, read
from benchmarks.processes import moodle
from moodle_sync.enums import ReadKind

REPETITIONS = {5_000: 7, 20_000: 5}
UNTOUCHED = ("moodle_sync_participant", "moodle_sync_enrolment", "moodle_sync_group", "moodle_sync_membership")


def measure() -> dict[str, float]:
    return _median(5_000) | {f"{name}_20000": value for name, value in _median(20_000).items()}


def _median(people: int) -> dict[str, float]:
    first, repeat = [], []
    with moodle(people) as url:
        _once(url, people)  # the simulator keeps its answers from now on, and our code is loaded
        for _ in range(REPETITIONS[people]):
            own_first, own_repeat = _once(url, people)
            first.append(own_first)
            repeat.append(own_repeat)
    for name, values in (("first", first), ("repeat", repeat)):
        print(f"  {people}, {name}: {' '.join(f'{value:.3f}' for value in sorted(values))}", file=sys.stderr)
    return {
        "sync_own_s_per_1000_first": statistics.median(first),
        "sync_own_s_per_1000_repeat": statistics.median(repeat),
    }


def _once(url: str, people: int) -> tuple[float, float]:
    """Seconds of our own per 1,000 people: a first read, then a refresh that finds nothing new."""
    course = fresh_course(url)
    seconds, run, recorder = read(course)
    first = seconds - recorder.seconds_again()
    if run.created < people:
        raise RuntimeError(f"the first read created {run.created} of {people} people")
    before = _versions()
    seconds, run, recorder = read(course)
    repeat = seconds - recorder.seconds_again()
    if run.kind != ReadKind.REFRESH or run.created or run.updated or _versions() != before:
        raise RuntimeError("the refresh of an unchanged course wrote rows")
    return first / people * 1000, repeat / people * 1000


def _versions() -> list[str]:
    """A digest of where each row lies and who wrote it: any write, even of equal values, changes it."""
    with connection.cursor() as cursor:
        digests = []
        for table in UNTOUCHED:
            cursor.execute(f"SELECT md5(string_agg(concat_ws(' ', id, ctid, xmin), ',' ORDER BY id)) FROM {table}")
            digests.append(cursor.fetchone()[0])
        return digests
