"""How much more two worker processes do than one, over courses of sites that take their time."""

import statistics
import sys
import time

from benchmarks.sites import paced_sites, states, wait_for_all, workers
from moodle_sync import batches
from moodle_sync.enums import RunState
from moodle_sync.models import Course, SyncRun

SITES, COURSES, PEOPLE = 4, 6, 1_500
ROUNDS = 2


def measure() -> dict[str, float]:
    """Refreshes only: the first read of all fills the tables and loads the code. One and two take turns."""
    taken: dict[int, list[float]] = {1: [], 2: []}
    with paced_sites(SITES, courses=COURSES, people=PEOPLE, pace=1):
        with workers(2, processes=1):
            _read_all()
        for _ in range(ROUNDS):
            for count in (1, 2):
                with workers(count, processes=1):
                    taken[count].append(_read_all())
    print("  seconds:", {count: [round(s, 2) for s in found] for count, found in taken.items()}, file=sys.stderr)
    return {"workers_2_over_1": statistics.median(taken[1]) / statistics.median(taken[2])}


def _read_all() -> float:
    started = time.perf_counter()
    batch = batches.ask(list(Course.objects.order_by("moodle_id", "site")), by=None)
    wait_for_all(180)
    seconds = time.perf_counter() - started
    runs = list(SyncRun.objects.filter(batches=batch))
    if states(runs) != {RunState.OK: SITES * COURSES}:
        raise RuntimeError(f"not every course was read: {states(runs)}")
    return seconds
