"""The history of reads does not grow for ever, and loses nothing that a screen still needs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.celery import app
from dashboard.courses.freshness import latest_runs
from dashboard.courses.untold import untold
from moodle_sync import retention, tasks
from moodle_sync.enums import Change, RunState
from moodle_sync.history import DatesMoved, RunChange, SyncBatch
from moodle_sync.models import Course, SyncRun
from tests.factories import CourseFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def run(course: Course, days_ago: float, state: RunState = RunState.OK) -> SyncRun:
    at = timezone.now() - days_ago * DAY
    return SyncRun.objects.create(course=course, state=state, queued_at=at, finished_at=at)


def left() -> set[SyncRun]:
    return set(SyncRun.objects.all())


def test_runs_go_after_90_days_but_for_the_last_and_the_last_good_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    busy, failing, asleep, never_read = (CourseFactory() for _ in range(4))
    for days_ago in (300, 200, 91):
        run(busy, days_ago)
    recent = {run(busy, 89), run(busy, 0)}
    run(failing, 400)
    last_good = run(failing, 399, RunState.PARTIAL)
    run(failing, 398, RunState.REFUSED)
    last = run(failing, 200, RunState.REFUSED)
    run(asleep, 500, RunState.UNAVAILABLE)
    alone = run(asleep, 450)
    run(never_read, 120, RunState.REFUSED)
    refused = run(never_read, 100, RunState.REFUSED)
    waiting = SyncRun.objects.create(course=busy, queued_at=timezone.now() - 100 * DAY)
    assert tasks.forget_old_runs() == 7
    assert left() == recent | {last_good, last, alone, refused, waiting}
    assert tasks.forget_old_runs() == 0
    assert latest_runs([failing.pk])[failing.pk] == last


def test_what_the_token_does_not_tell_is_still_said() -> None:
    course = CourseFactory()
    good = run(course, 200)
    SyncRun.objects.filter(pk=good.pk).update(missing_rights=["groups"])
    run(course, 150, RunState.REFUSED)
    last = run(course, 1, RunState.REFUSED)
    tasks.forget_old_runs()
    assert len(untold(course, last)) == 1


@pytest.mark.parametrize(("days_ago", "kept"), [(364, 1), (366, 0)])
def test_who_came_in_is_told_for_a_year_at_most(days_ago: int, kept: int) -> None:
    enrolment = EnrolmentFactory(follow_up=False)
    RunChange.objects.create(run=run(enrolment.course, days_ago), enrolment=enrolment, kind=Change.ENTERED)
    DatesMoved.objects.create(course=enrolment.course, noticed_at=timezone.now() - days_ago * DAY)
    tasks.forget_old_runs()
    assert (RunChange.objects.count(), DatesMoved.objects.count()) == (kept, kept)
    assert SyncRun.objects.count() == 1, "its counts are nobody's"


def test_reads_asked_for_together_are_forgotten_with_their_runs() -> None:
    course = CourseFactory()
    for days_ago in (91, 1):
        batch = SyncBatch.objects.create(requested_at=timezone.now() - days_ago * DAY)
        batch.runs.add(run(course, days_ago))
    tasks.forget_old_runs()
    assert (SyncBatch.objects.count(), SyncRun.objects.count()) == (1, 1)


def test_it_is_done_every_day() -> None:
    planned = [entry for entry in app.conf.beat_schedule.values() if entry["task"] == tasks.forget_old_runs.name]
    assert len(planned) == 1
