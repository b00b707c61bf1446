"""What coordinators and administrators watch: all courses together, the history, flags, the next try."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from lxml import html

from accounts.models import User
from dashboard.courses.flags import Kind, acknowledge, flags
from dashboard.courses.tries import next_try_words
from moodle_sync import runs
from moodle_sync.enums import Change, RunState
from moodle_sync.history import DatesMoved, RunChange, SyncBatch
from moodle_sync.models import Course, Group, Site, SyncRun
from tests.factories import CourseFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "Accept-Language": "en"}
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def nobody_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "send", lambda run: None)


def text(response: Any) -> str:
    return " ".join(html.fromstring(f"<div>{response.content.decode()}</div>").text_content().split())


# All courses


def test_synchronise_all_and_watch(client: Client, coordinator: User, course: Course) -> None:
    other = CourseFactory(people_read=2_500)
    client.force_login(coordinator)
    started = client.post(reverse("dashboard:sync-all"), headers=HTMX)
    batch = SyncBatch.objects.get()
    assert {run.course for run in batch.runs.all()} == {course, other}
    assert "0 pages read of 4 · 0 courses of 2" in text(started)
    client.post(reverse("dashboard:sync-all"), headers=HTMX)
    assert SyncBatch.objects.get() == batch, "asked twice, watched once"
    status = reverse("dashboard:sync-all-status", args=[batch.pk])
    large = batch.runs.get(course=other)
    assert runs.claim(large) is runs.Claim.GOT
    runs.progress(large, 2_000)
    answer = client.get(status, headers=HTMX)
    assert "2 pages read of 4" in text(answer)
    assert b"hx-trigger" in answer.content
    runs.finish(large, RunState.OK, people_read=2_500, first_accesses=3)
    runs.finish(batch.runs.get(course=course), RunState.REFUSED, error_code="invalidtoken")
    last = client.get(status, headers=HTMX)
    assert "1 course of 2 read · 3 came in" in text(last)
    assert "1 could not be read" in text(last)
    assert b"hx-trigger" not in last.content
    assert "courses-read" in last["HX-Trigger-After-Settle"]


def test_only_what_one_oversees_is_read(client: Client, other_coordinator: User, course: Course) -> None:
    client.force_login(other_coordinator)
    client.post(reverse("dashboard:sync-all"), headers=HTMX)
    assert SyncBatch.objects.get().runs.count() == 0


# History


def test_the_history_is_filtered(client: Client, administrator: User, course: Course) -> None:
    other = CourseFactory(full_name="Ailleurs")
    for there, state in ((course, RunState.OK), (other, RunState.OK), (other, RunState.REFUSED)):
        SyncRun.objects.create(course=there, state=state, finished_at=timezone.now())
    client.force_login(administrator)

    def found(**params: Any) -> int:
        page = html.fromstring(client.get(reverse("dashboard:reads"), params).content)
        return len(page.xpath("//tbody/tr"))

    assert found() == 3
    assert found(site=other.site.pk) == 2
    assert found(state="ok") == 2
    assert found(site=other.site.pk, state="refused") == 1
    assert found(site="x", state="?", page="99") == 3, "a wrong value filters nothing"


def test_each_read_tells_how_long_it_took_and_what_it_found(
    client: Client, administrator: User, course: Course
) -> None:
    at = timezone.now() - DAY
    SyncRun.objects.create(
        course=course, state=RunState.OK, started_at=at, finished_at=at + timedelta(seconds=4.2),
        people_read=1_250, updated=17, created=3, left=2, returned=4, first_accesses=5,
    )  # fmt: skip
    SyncRun.objects.create(course=course, state=RunState.INTERRUPTED, finished_at=at)
    client.force_login(administrator)
    page = html.fromstring(client.get(reverse("dashboard:reads"), headers={"Accept-Language": "en"}).content)
    never_begun, good = (" ".join(row.text_content().split()) for row in page.xpath("//tbody/tr"))
    for told in ("3 new", "4 enrolled again", "2 have left", "5 came in", "17", "4.2 s"):
        assert told in good
    assert re.search("1.?250", good)
    assert " s" not in never_begun[-4:], "what never began took no time"


def test_a_run_names_people_to_those_who_may_meet_them(
    client: Client, course: Course, group: Group, tutor: User, coordinator: User, administrator: User
) -> None:
    run = SyncRun.objects.create(course=course, state=RunState.OK, first_accesses=2, finished_at=timezone.now())
    mine, theirs = EnrolmentFactory(course=course, groups=[group]), EnrolmentFactory(course=course)
    RunChange.objects.bulk_create(RunChange(run=run, enrolment=e, kind=Change.ENTERED) for e in (mine, theirs))

    def names(user: User) -> tuple[bool, bool, str]:
        client.force_login(user)
        page = client.get(reverse("dashboard:read", args=[run.pk]))
        shown = text(page)
        count = html.fromstring(page.content).xpath("string(//*[@class='vg-tag'][1])")
        return mine.participant.last_name in shown, theirs.participant.last_name in shown, count

    assert names(tutor) == (True, False, "1")
    assert names(coordinator) == (True, True, "2")
    assert names(administrator) == (False, False, "2")


# Flags


def words(course: Course, now: datetime | None = None) -> list[tuple[str, str]]:
    with translation.override("en"):
        return [(flag.kind, flag.words) for flag in flags([course], now or timezone.now())]


def test_a_course_still_hidden_when_it_begins(course: Course, coordinator: User) -> None:
    now = timezone.now()
    course.start_date, course.visible = now + DAY, False
    course.save()
    assert words(course) == []
    [(kind, said)] = words(course, now + 2 * DAY)
    assert kind == Kind.HIDDEN
    assert "Still hidden" in said
    course.start_date = now - DAY
    acknowledge(course, Kind.HIDDEN, coordinator)
    assert words(course) == []
    assert words(Course(pk=course.pk, site=course.site, visible=False, start_date=now + DAY), now + 2 * DAY), "anew"
    course.visible = True
    assert words(course, now + 9 * DAY) == []


def test_dates_that_moved_are_shown_old_and_new(course: Course, coordinator: User) -> None:
    old, new = datetime(2026, 1, 5, 8, tzinfo=UTC), datetime(2026, 2, 9, 8, tzinfo=UTC)
    now = datetime(2026, 1, 2, tzinfo=UTC)
    course.start_date, course.end_date = new, None
    DatesMoved.objects.create(course=course, old_start=old, new_start=old + DAY, noticed_at=now)
    DatesMoved.objects.create(course=course, old_start=old + DAY, new_start=new, noticed_at=now)
    [(kind, said)] = words(course, now)
    assert (kind, said) == (Kind.DATES, "Beginning: January 5 → February 9.")
    course.start_date = old
    assert words(course, now) == [], "put back, nothing moved"
    course.start_date = new
    acknowledge(course, Kind.DATES, coordinator)
    assert words(course, now) == []
    later = timezone.now() + DAY
    DatesMoved.objects.create(course=course, old_start=new, new_start=new + DAY, noticed_at=later)
    course.start_date = new + DAY
    assert len(words(course, later)) == 1, "what moves after it was seen is flagged anew"


def test_seen_takes_it_off_both_pages(client: Client, coordinator: User, observer: User, course: Course) -> None:
    Course.objects.update(visible=False)
    pages = [reverse("dashboard:courses"), reverse("dashboard:course", args=[course.pk])]
    client.force_login(observer)
    assert not any("Still hidden" in text(client.get(page, headers={"Accept-Language": "en"})) for page in pages)
    client.force_login(coordinator)
    assert all("Still hidden" in text(client.get(page, headers={"Accept-Language": "en"})) for page in pages)
    assert client.post(reverse("dashboard:flag-seen", args=[course.pk, "hidden"])).status_code == 302
    assert not any("Still hidden" in text(client.get(page, headers={"Accept-Language": "en"})) for page in pages)
    assert client.post(reverse("dashboard:flag-seen", args=[course.pk, "other"])).status_code == 404


# The next try


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (timedelta(seconds=-5), "within a minute"),
        (timedelta(seconds=50), "in 1 minute"),
        (timedelta(minutes=14, seconds=1), "in 15 minutes"),
        (timedelta(hours=3), "today at 1 p.m."),
        (timedelta(hours=20), "tomorrow at 6 a.m."),
        (timedelta(days=3), "on March 13 at 10 a.m."),
    ],
)
def test_the_next_try_in_words(site: Site, wait: timedelta, said: str) -> None:
    now = datetime(2026, 3, 10, 10, tzinfo=site.zone)
    with translation.override("en"):
        assert next_try_words(now + wait, site, now) == said
