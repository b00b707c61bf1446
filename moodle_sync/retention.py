"""What the history of reads keeps, and for how long: product.md §6.7, and nothing that grows without end."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from moodle_sync.enums import ACTIVE_RUNS, GOOD_RUNS
from moodle_sync.history import DatesMoved, RunChange, SyncBatch
from moodle_sync.models import SyncRun

RUNS_KEPT = timedelta(days=90)
PEOPLE_KEPT = timedelta(days=365)
"""Who came in, joined or left is told of named people; only the last run of a course can be that old."""
AT_ONCE = 5_000


def forget_old(now: datetime) -> int:
    """Returns how many runs were forgotten. The last one of each course stays, and the last good one."""
    RunChange.objects.filter(run__finished_at__lt=now - PEOPLE_KEPT).delete()
    DatesMoved.objects.filter(noticed_at__lt=now - PEOPLE_KEPT).delete()
    SyncBatch.objects.filter(requested_at__lt=now - RUNS_KEPT).delete()
    forgotten = 0
    while some := list(_old(now).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        SyncRun.objects.filter(pk__in=some).delete()
        forgotten += len(some)
    return forgotten


def _old(now: datetime) -> QuerySet[SyncRun]:
    later = SyncRun.objects.filter(course=OuterRef("course"), pk__gt=OuterRef("pk"))
    old = SyncRun.objects.exclude(state__in=ACTIVE_RUNS).filter(finished_at__lt=now - RUNS_KEPT)
    return old.filter(Exists(later)).filter(~Q(state__in=GOOD_RUNS) | Exists(later.filter(state__in=GOOD_RUNS)))
