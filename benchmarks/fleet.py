"""400 courses on 10 paced sites, 100,000 participants, 2 workers: is every course read again in its interval?

Time is scaled by SCALE: Moodle answers so much faster, the interval of 15 minutes and the scheduler's minute are so
much shorter. Our own work is not made faster, so that this is harder than reality.
"""

import os
import sys
import time
from collections import defaultdict
from datetime import datetime, timedelta

from django.utils import timezone

from benchmarks.sites import Paced, paced_sites, states, wait_for_all, workers
from moodle_sync import tasks
from moodle_sync.enums import GOOD_RUNS
from moodle_sync.models import Course, SyncRun

SITES, COURSES, PEOPLE = 10, 40, 10_000
SCALE = 3
MINUTES = 15 // SCALE
INTERVAL = timedelta(minutes=MINUTES)
TICK = 60 / SCALE
WATCHED = INTERVAL * 1.2


def measure() -> dict[str, float]:
    os.environ.update(VIGIE_SYNC_MINUTES_FRESH=str(MINUTES), VIGIE_SYNC_MINUTES_RUNNING=str(MINUTES))
    with paced_sites(SITES, courses=COURSES, people=PEOPLE, pace=SCALE) as sites, workers(2, processes=2):
        tasks.enqueue_due()
        wait_for_all(900)
        began = timezone.now()
        _schedule(began + WATCHED)
        ended = timezone.now()
        wait_for_all(120)
        return {
            "fleet_refreshed_share": _share(began, ended),
            "fleet_max_simultaneous": max(map(_simultaneous, sites)),
        }


def _schedule(until: datetime) -> None:
    """What beat does each minute, here each scaled one; the workers do the rest."""
    while (now := timezone.now()) < until:
        tasks.enqueue_due()
        time.sleep(max(0, TICK - (timezone.now() - now).total_seconds()))


def _share(began: datetime, ended: datetime) -> float:
    """Of courses whose data were never older than the interval while we watched, from read to read."""
    reads: dict[int, list[datetime]] = defaultdict(list)
    runs = list(SyncRun.objects.filter(finished_at__isnull=False))
    for run in sorted((run for run in runs if run.state in GOOD_RUNS), key=lambda run: run.pk):
        assert run.started_at is not None
        reads[run.course_id].append(run.started_at)
    courses = list(Course.objects.values_list("pk", flat=True))
    ages = {course: _oldest(reads[course], began, ended) for course in courses}
    late = [age for age in ages.values() if age > INTERVAL]
    print(f"  runs: {states(runs)}; oldest {max(ages.values())} of {INTERVAL}; late {len(late)}", file=sys.stderr)
    return 1 - len(late) / len(courses)


def _oldest(reads: list[datetime], began: datetime, ended: datetime) -> timedelta:
    """The greatest age that the course's data reached between the two moments."""
    if not reads:
        return timedelta.max
    following = [*reads[1:], ended]
    gaps = [
        min(after, ended) - read for read, after in zip(reads, following, strict=True) if after > began and read < ended
    ]
    return max(gaps, default=timedelta())


def _simultaneous(paced: Paced) -> int:
    seen = paced.simultaneous()
    if seen > paced.site.max_concurrent:
        raise RuntimeError(f"{paced.site} was asked {seen} at once, its limit is {paced.site.max_concurrent}")
    return seen
