"""How old what is on the screen is. Every list says it (product.md §6.8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery

from moodle_sync.enums import ACTIVE_RUNS, RunState
from moodle_sync.models import Course, SyncRun

FAILED_RUNS = [RunState.REFUSED, RunState.UNAVAILABLE, RunState.HELD, RunState.INTERRUPTED]


@dataclass(frozen=True)
class Freshness:
    """`oldest` and `newest`: dates of the last good data; None where nothing was ever read."""

    courses: int
    unread: int
    oldest: datetime | None
    newest: datetime | None
    failing: int
    failing_since: datetime | None

    @property
    def read(self) -> int:
        return self.courses - self.unread


def freshness(courses: QuerySet[Course]) -> Freshness:
    """One query. A course fails when its last finished read failed, even while it is being read again."""
    finished = SyncRun.objects.filter(course=OuterRef("pk")).exclude(state__in=ACTIVE_RUNS).order_by("-pk")
    failing = Q(last_state__in=FAILED_RUNS)
    found = courses.annotate(last_state=Subquery(finished.values("state")[:1])).aggregate(
        courses=Count("pk"),
        unread=Count("pk", filter=Q(synced_at=None)),
        oldest=Min("synced_at"),
        newest=Max("synced_at"),
        failing=Count("pk", filter=failing),
        failing_since=Min("synced_at", filter=failing),
    )
    return Freshness(**found)


def latest_runs(course_ids: Iterable[int]) -> dict[int, SyncRun]:
    """The newest run of each course: one look-up in the index per course, however long the history."""
    newest = SyncRun.objects.filter(course=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    ids = Course.objects.filter(pk__in=list(course_ids)).annotate(run=Subquery(newest)).values("run")
    return {run.course_id: run for run in SyncRun.objects.filter(pk__in=ids).select_related("requested_by")}
