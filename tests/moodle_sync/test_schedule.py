"""When what is read: course facts daily, openings in time, urgent before scheduled, many together."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from moodle_sync import batches, runs, site_facts, tasks
from moodle_sync.enums import Change, RunState, Urgency
from moodle_sync.history import DatesMoved, RunChange
from moodle_sync.models import Course, Site, SyncRun
from tests.factories import ConnectionFactory, CourseFactory, SiteFactory, UserFactory
from tests.moodle_sync.moodle import DAY, FIRST, Moodle, somebody

pytestmark = pytest.mark.django_db
FACTS = "core_course_get_courses_by_field"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def facts_calls(moodle: Moodle) -> int:
    return moodle.world.account.calls[FACTS]


def later(moment: datetime) -> timedelta:
    return moment - timezone.now()


# Facts


def test_facts_of_many_courses_in_one_call_a_day(two_courses: Moodle) -> None:
    for number in (2, 3):
        two_courses.follow(number)
    Course.objects.update(next_sync_at=timezone.now() + timedelta(days=9))
    assert tasks.read_due_facts() == 1
    assert (facts_calls(two_courses), sum(two_courses.world.account.calls.values())) == (1, 1), "nobody's data"
    assert not Course.objects.filter(facts_read_at=None).exists()
    assert tasks.read_due_facts() == 0
    site = Site.objects.get()
    assert 22 * HOUR < later(site.facts_due_at) < 26 * HOUR
    assert site.facts_claimed_until is None


def test_facts_are_looked_at_just_after_the_next_beginning(moodle: Moodle) -> None:
    moodle.world.courses[2].startdate = moodle.world.now() + 3 * 3600
    moodle.follow()
    tasks.read_due_facts()
    assert 3 * HOUR <= later(Site.objects.get().facts_due_at) < 3 * HOUR + 10 * MINUTE


@pytest.mark.parametrize(("kind", "hours"), [("sitemaintenance", 1), ("accessexception", 6)])
def test_facts_that_fail_are_asked_for_later(moodle: Moodle, kind: str, hours: int) -> None:
    moodle.follow()
    moodle.world.faults.add(kind)
    tasks.read_due_facts()
    assert 0.9 * hours * HOUR < later(Site.objects.get().facts_due_at) < 1.1 * hours * HOUR


def test_facts_count_among_the_readers_of_a_site(moodle: Moodle) -> None:
    course = moodle.follow()
    Site.objects.update(max_concurrent=1)
    run, _ = runs.create_run(course)
    assert runs.claim(run) is runs.Claim.GOT
    assert site_facts.claim(moodle.site.pk) is None
    runs.finish(run, RunState.OK)
    assert site_facts.claim(moodle.site.pk) is not None
    other, _ = runs.create_run(course)
    assert runs.claim(other) is runs.Claim.SITE_BUSY
    Site.objects.update(facts_claimed_until=timezone.now())
    assert runs.claim(other) is runs.Claim.GOT, "the dead do not count"


def test_dates_that_moved_are_kept(moodle: Moodle) -> None:
    there = moodle.world.courses[2]
    course = moodle.follow()
    moodle.read(course)
    assert not DatesMoved.objects.exists(), "the first time is no change"
    old, there.startdate = there.startdate, there.startdate + 2 * DAY
    Site.objects.update(facts_due_at=timezone.now())
    tasks.read_due_facts()
    move = DatesMoved.objects.get()
    assert move.old_start is not None
    assert move.new_start is not None
    assert (int(move.old_start.timestamp()), int(move.new_start.timestamp())) == (old, old + 2 * DAY)
    moodle.read(course)
    assert DatesMoved.objects.count() == 1, "said once"


def test_a_course_that_opens_is_read_at_once(moodle: Moodle) -> None:
    there = moodle.world.courses[2]
    there.visible = False
    course = moodle.follow()
    moodle.read(course)
    course.refresh_from_db()
    assert later(course.next_sync_at) > 12 * HOUR
    there.visible = True
    tasks.read_due_facts()
    course.refresh_from_db()
    assert course.visible is True
    assert later(course.next_sync_at) <= timedelta()


def test_a_course_is_read_when_it_begins() -> None:
    for hours, expected in ((5, 5), (80, 18.4)):
        course = CourseFactory(start_date=timezone.now() + hours * HOUR)
        run, _ = runs.create_run(course)
        assert runs.claim(run) is runs.Claim.GOT
        runs.finish(run, RunState.OK)
        course.refresh_from_db()
        assert expected * HOUR - MINUTE < later(course.next_sync_at) < (expected + 2.6) * HOUR


def test_good_reads_come_within_their_interval() -> None:
    """The scheduler's minute and the wait in the queue included; those read together do not all come back together."""
    due = set()
    for _ in range(20):
        course = CourseFactory()
        run, _is_new = runs.create_run(course)
        assert runs.claim(run) is runs.Claim.GOT
        runs.finish(run, RunState.OK)
        course.refresh_from_db()
        assert 11.5 * MINUTE < later(course.next_sync_at) < 13.1 * MINUTE
        due.add(later(course.next_sync_at) // timedelta(seconds=5))
    assert len(due) > 3


# The slow lane


def test_a_failing_site_goes_slow_and_comes_back(moodle: Moodle) -> None:
    course = moodle.follow()
    fault = moodle.world.faults.add("sitemaintenance")
    waits = []
    for _ in range(6):
        moodle.read(course, attempt=runs.next_attempt(course))
        course.refresh_from_db()
        waits.append(later(course.next_sync_at) / MINUTE)
    assert waits[0] < 2
    assert waits[:3] == sorted(waits[:3])
    assert min(waits[3:]) > 50
    moodle.world.faults.remove(fault)
    moodle.read(course, attempt=runs.next_attempt(course))
    course.refresh_from_db()
    assert later(course.next_sync_at) < 20 * MINUTE, "as before"
    assert runs.next_attempt(course) == 1


# Urgency


def test_free_places_go_to_the_most_urgent() -> None:
    site = SiteFactory(max_concurrent=1)
    connection = ConnectionFactory(site=site)
    courses = [CourseFactory(site=site, connection=connection) for _ in range(3)]
    scheduled, _ = runs.create_run(courses[0])
    together, _ = runs.create_run(courses[1], by=UserFactory(), urgency=Urgency.ASKED)
    alone, _ = runs.create_run(courses[2], by=UserFactory())
    assert runs.claim(scheduled) is runs.Claim.SITE_BUSY
    assert runs.claim(together) is runs.Claim.SITE_BUSY
    assert runs.claim(alone) is runs.Claim.GOT
    runs.finish(alone, RunState.OK)
    assert runs.claim(together) is runs.Claim.GOT
    runs.finish(together, RunState.OK)
    assert runs.claim(scheduled) is runs.Claim.GOT


def test_whoever_waits_without_a_word_holds_nobody_back() -> None:
    site = SiteFactory(max_concurrent=1)
    connection = ConnectionFactory(site=site)
    scheduled, _ = runs.create_run(CourseFactory(site=site, connection=connection))
    lost, _ = runs.create_run(CourseFactory(site=site, connection=connection), by=UserFactory())
    SyncRun.objects.filter(pk=lost.pk).update(queued_at=timezone.now() - MINUTE)
    assert runs.claim(scheduled) is runs.Claim.GOT


# Together


def test_a_batch_counts_pages(
    monkeypatch: pytest.MonkeyPatch,
    settings: object,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(runs, "send", lambda run: sent.append(run.pk))
    settings.MOODLE_PAGE_SIZE = 100  # type: ignore[attr-defined]
    small, large, unknown = (CourseFactory(people_read=people) for people in (30, 1_000, None))
    running, _ = runs.create_run(large)
    assert runs.claim(running) is runs.Claim.GOT
    with django_capture_on_commit_callbacks(execute=True):
        batch = batches.ask([small, large, unknown], by=UserFactory())
    assert len(sent) == 2, "who is being read is not asked for again"

    def progress() -> tuple[int, int, int, int]:
        found = batches.progress(batch)
        return found.pages, found.expected, found.done, found.courses

    assert progress() == (0, 12, 0, 3)
    runs.progress(running, 250)
    assert progress() == (3, 12, 0, 3)
    runs.finish(running, RunState.OK, people_read=1_010, people_expected=1_010)
    assert progress() == (11, 13, 1, 3), "it was a page longer than before"
    for run in batch.runs.exclude(pk=running.pk):
        runs.finish(run, RunState.REFUSED)
    found = batches.progress(batch)
    assert (found.pages, found.expected, found.over, found.failed) == (11, 11, True, 2)
    assert batches.under_way(batch.requested_by) is None


def test_a_batch_hurries_what_waits(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
    course, paul = CourseFactory(), UserFactory()
    run, _ = runs.create_run(course)
    batch = batches.ask([course], by=paul)
    run.refresh_from_db()
    assert (list(batch.runs.all()), run.urgency, run.requested_by) == ([run], Urgency.ASKED, paul)


# What a run brought


def test_who_came_in_joined_and_left_is_kept_with_the_run(moodle: Moodle) -> None:
    course = moodle.follow()
    first = moodle.read(course)
    assert (first.created, first.changes.count()) == (12, 0), "at first everybody is new: nobody is news"
    there, world = moodle.world.courses[2], moodle.world
    there.enrolments[FIRST + 1].lastcourseaccess = world.now()
    world.enrol(there, world.add_user(somebody(world, 99)), "participant")
    world.unenrol(there, FIRST + 3)
    second, third = moodle.read(course), moodle.read(course)

    def who(run: SyncRun) -> dict[str, list[int]]:
        rows = RunChange.objects.filter(run=run).values_list("kind", "enrolment__participant__moodle_id")
        return {kind: [pk for found, pk in rows if found == kind and pk is not None] for kind, _pk in rows}

    assert who(second) == {Change.ENTERED: [FIRST + 1], Change.JOINED: [99]}
    assert who(third) == {Change.LEFT: [FIRST + 3]}
    assert (second.first_accesses, second.created, third.left) == (1, 1, 1)


# The pace of a site


def test_the_pace_is_set_by_command(site: Site) -> None:
    call_command("pace", site.name, "--at-once", "1", "--pause-ms", "250", stdout=io.StringIO())
    site.refresh_from_db()
    assert (site.max_concurrent, site.pause_ms) == (1, 250)
    for wrong in (["--at-once", "0"], ["--pause-ms", "-1"]):
        with pytest.raises(CommandError):
            call_command("pace", site.name, *wrong)
    out = io.StringIO()
    call_command("pace", site.name, stdout=out)
    assert "250" in out.getvalue()
