"""Recomputing the plan of every course after a sync, among 100,000 enrolments."""

import statistics
import sys
import time

from benchmarks.roster_data import build
from dashboard.models import FollowUp
from dashboard.plan.recompute import recompute
from moodle_sync.models import Course, Enrolment

REPETITIONS = 5


def measure() -> dict[str, float]:
    build()
    courses = list(Course.objects.followed().select_related("site"))
    thousands = Enrolment.objects.filter(follow_up__isnull=False).count() / 1000
    everything, nothing = [], []
    for _ in range(REPETITIONS):
        FollowUp.objects.update(next_channel="", next_at=None)
        seconds, written = _all(courses)
        everything.append(1000 * seconds / thousands)
        if not written:
            raise RuntimeError("nobody has a next step")
        seconds, again = _all(courses)
        nothing.append(1000 * seconds / thousands)
        if again:
            raise RuntimeError(f"{again} rows changed without a reason")
    for name, values in (("everybody new", everything), ("unchanged", nothing)):
        print(f"  {name}: {' '.join(f'{value:.1f}' for value in sorted(values))}", file=sys.stderr)
    print(f"  {thousands:.0f},000 follow-ups, {written} with a next step", file=sys.stderr)
    return {"plan_ms_per_1000": statistics.median(everything)}


def _all(courses: list[Course]) -> tuple[float, int]:
    started = time.perf_counter()
    written = sum(recompute(course) for course in courses)
    return time.perf_counter() - started, written
