"""Many courses asked for together, and how far they are, in pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from moodle_sync import runs
from moodle_sync.enums import ACTIVE_RUNS, GOOD_RUNS, RunState, Urgency
from moodle_sync.history import SyncBatch
from moodle_sync.models import Course, SyncRun


def ask(courses: Sequence[Course], *, by: Any) -> SyncBatch:
    """Have all of them read: new runs, or those under way. Few statements, however many courses."""
    ids = [course.pk for course in courses]
    runs.sweep(Q(course__in=ids))
    runs.send_again(Q(course__in=ids))
    with transaction.atomic():
        batch = SyncBatch.objects.create(requested_by=by)
        before = set(_active(ids).values_list("course", flat=True))
        fresh = [
            SyncRun(course=course, requested_by=by, urgency=Urgency.ASKED, people_expected=course.people_read)
            for course in courses
            if course.pk not in before
        ]
        SyncRun.objects.bulk_create(fresh, ignore_conflicts=True)  # somebody else may ask at this moment
        waiting = _active(ids).filter(state=RunState.QUEUED, urgency__gt=Urgency.ASKED)
        hurried = list(waiting.values_list("pk", flat=True))
        waiting.update(urgency=Urgency.ASKED, requested_by=by, queued_at=timezone.now())
        found = list(_active(ids))
        batch.runs.set(found)
        mine = [run for run in found if run.course_id not in before or run.pk in hurried]
        transaction.on_commit(lambda: _send(mine))
    return batch


def _active(course_ids: Sequence[int]) -> Any:
    return SyncRun.objects.active().filter(course__in=course_ids)


def _send(some: Sequence[SyncRun]) -> None:
    for run in some:
        runs.send(run)


@dataclass(frozen=True)
class Progress:
    """Pages are counted as Moodle gives them; a run that ended early is done, with the pages it read."""

    courses: int = 0
    done: int = 0
    good: int = 0
    pages: int = 0
    expected: int = 0
    entered: int = 0
    joined: int = 0
    left: int = 0

    @property
    def over(self) -> bool:
        return self.done == self.courses

    @property
    def failed(self) -> int:
        return self.done - self.good


def progress(batch: SyncBatch) -> Progress:
    found = batch.runs.all()
    active = [run for run in found if run.state in ACTIVE_RUNS]
    ended = [run for run in found if run.state not in ACTIVE_RUNS]
    good = [run for run in ended if run.state in GOOD_RUNS]
    read = {run.pk: _pages_read(run) for run in found}
    return Progress(
        courses=len(found),
        done=len(ended),
        good=len(good),
        pages=sum(read.values()),
        expected=sum(max(_pages(run.people_expected or 0), read[run.pk]) for run in active)
        + sum(read[run.pk] for run in ended),
        entered=sum(run.first_accesses for run in good),
        joined=sum(run.created for run in good),
        left=sum(run.left for run in good),
    )


def _pages(people: int) -> int:
    """At least one: an empty course is asked for too."""
    return max(1, ceil(people / settings.MOODLE_PAGE_SIZE))


def _pages_read(run: SyncRun) -> int:
    return _pages(run.people_read) if run.state in GOOD_RUNS else ceil(run.people_read / settings.MOODLE_PAGE_SIZE)


def under_way(user: Any) -> SyncBatch | None:
    """The last thing this user asked for, while it goes on."""
    return SyncBatch.objects.filter(requested_by=user, runs__state__in=ACTIVE_RUNS).order_by("-pk").first()
