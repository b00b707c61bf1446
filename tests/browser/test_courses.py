"""The coordinator's path: see every course, have one read again while watching, go on to its people."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from dashboard.enums import State
from dashboard.models import FollowUp
from demo.moodle import running
from moodle_sync import runs, sync
from moodle_sync.enums import RunState
from moodle_sync.models import Course, Group, SyncRun
from tests.browser.conftest import SCREENS, OpenAs, assert_accessible
from tests.factories import CourseFactory, EnrolmentFactory
from tests.moodle_sync.moodle import FIRST, Moodle, connect, small_world, somebody

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def moodle() -> Iterator[Moodle]:
    with running(small_world()) as server:
        yield connect(server)


def newcomer(moodle: Moodle) -> None:
    """One more person enrols on Moodle."""
    world = moodle.world
    user = world.add_user(somebody(world, FIRST + 50))
    world.enrol(world.courses[2], world.users[user.id], "participant")


def active_run(page: Page, course: Course) -> SyncRun:
    expect(page.locator(f"#sync-{course.pk} progress")).to_be_visible()
    return SyncRun.objects.get(course=course, state=RunState.QUEUED)


def test_a_coordinator_watches_a_read_and_goes_on_to_the_people(
    page_as: OpenAs, coordinator: User, moodle: Moodle
) -> None:
    course = moodle.follow()
    moodle.read(course)
    SyncRun.objects.update(finished_at=timezone.now() - timedelta(hours=1))
    newcomer(moodle)
    page = page_as(coordinator)
    page.goto("/sessions/")
    row = page.locator(f"#course-{course.pk}")
    expect(row.locator(".c-s1 .m")).to_contain_text("12")

    page.locator(f"#sync-button-{course.pk}").press("Enter")
    run = active_run(page, course)
    assert runs.claim(run) is runs.Claim.GOT
    runs.progress(run, 5)
    expect(row.locator("progress[value='5'][max='12']")).to_be_visible()
    sync.perform(run)
    expect(row.locator("progress")).to_have_count(0)
    expect(row.locator(".c-s1 .m")).to_contain_text("13")
    expect(row.locator(".vg-sync .ok")).to_contain_text("1")
    expect(page.locator("#live")).to_contain_text(course.full_name)
    expect(page.locator(f"#sync-button-{course.pk}")).to_be_focused()

    row.locator("a[href*='access=never_platform']").click()
    page.wait_for_url(f"**/enseignants/?course={course.pk}&access=never_platform")
    expect(page.locator("tbody tr")).to_have_count(4)  # the newcomer is one of them


def test_the_page_of_a_course_renews_itself_after_a_read(page_as: OpenAs, coordinator: User, moodle: Moodle) -> None:
    course = moodle.follow()
    page = page_as(coordinator)
    page.goto(f"/sessions/{course.pk}/")
    expect(page.locator("section[aria-labelledby=history] tbody tr")).to_have_count(0)
    page.locator(f"#sync-button-{course.pk}").click()
    run = active_run(page, course)
    assert runs.claim(run) is runs.Claim.GOT
    moodle.world.faults.add(kind="invalidtoken")
    sync.perform(run)
    expect(page.locator("#course-body .vg-note.warn")).to_be_visible()
    expect(page.locator("section[aria-labelledby=history] tbody tr")).to_have_count(1)


def test_the_head_of_a_course_renews_itself_too(page_as: OpenAs, coordinator: User, moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    SyncRun.objects.update(finished_at=timezone.now() - timedelta(minutes=1))  # else it was just read
    page = page_as(coordinator)
    page.goto(f"/sessions/{course.pk}/")
    expect(page.locator("#course-facts")).to_contain_text("12 inscrits")
    todo = FollowUp.objects.filter(state=State.TODO)
    expect(page.locator("#course-chase")).to_contain_text(f" {todo.count()} ")
    for user_id in range(FIRST, FIRST + 7):
        moodle.world.unenrol(moodle.world.courses[2], user_id)
    page.locator(f"#sync-button-{course.pk}").click()
    run = active_run(page, course)
    SyncRun.objects.filter(pk=run.pk).update(accept_shrink=True)
    assert runs.claim(run) is runs.Claim.GOT
    sync.perform(run)
    expect(page.locator("#course-facts")).to_contain_text("5 inscrits")
    expect(page.locator("#course-chase")).to_contain_text(f" {todo.count()} ")
    expect(page.locator(f"#sync-{course.pk}")).to_contain_text("liste plus courte acceptée, 7 départs")


def test_all_at_once_page_by_page(page_as: OpenAs, coordinator: User, moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    Course.objects.update(synced_at=timezone.now() - timedelta(hours=1))
    newcomer(moodle)
    page = page_as(coordinator)
    page.goto("/sessions/")
    page.locator("#sync-all-button").press("Enter")
    bar = page.locator("#sync-all progress")
    expect(bar).to_have_attribute("max", "1")
    run = SyncRun.objects.get(course=course, state=RunState.QUEUED)
    assert_accessible(page)
    assert runs.claim(run) is runs.Claim.GOT
    sync.perform(run)
    expect(bar).to_have_count(0)
    expect(page.locator(f"#course-{course.pk} .c-s1 .m")).to_contain_text("13")
    expect(page.locator("#sync-all-button")).to_be_focused()
    page.locator("#sync-all a").last.click()
    page.wait_for_url("**/sessions/lectures/")
    page.locator("tbody tr").first.locator("a.plain").first.click()
    expect(page.locator(".vg-brought li")).to_have_count(1)


def test_far_fewer_people_are_a_question(page_as: OpenAs, coordinator: User, moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    moodle.world.faults.add("short", keep=0.2)
    held = moodle.read(course)
    assert held.state == RunState.HELD
    SyncRun.objects.update(finished_at=timezone.now() - timedelta(hours=1))
    page = page_as(coordinator)
    page.goto(f"/sessions/{course.pk}/")
    question = page.locator("#course-body .vg-note.warn")
    question.locator("button").press("Enter")
    run = active_run(page, course)
    assert run.accept_shrink
    assert runs.claim(run) is runs.Claim.GOT
    assert sync.perform(run).state == RunState.OK
    expect(question).to_have_count(0)


def test_sorting_searching_and_going_back(page_as: OpenAs, coordinator: User, course: Course) -> None:
    CourseFactory.create(full_name="Aborder la lecture")
    page = page_as(coordinator)
    page.goto("/sessions/")
    names = page.locator(".vg-sess a.name")
    page.locator("#sort-name").click()
    page.wait_for_url("**sort=name**")
    expect(names).to_have_text(["Aborder la lecture", course.full_name])
    page.locator("#id_q").fill("lecture")
    expect(names).to_have_text(["Aborder la lecture"])
    page.wait_for_url("**q=lecture**")
    page.go_back()
    expect(names).to_have_count(2)


@pytest.mark.parametrize("persona", ["coordinator", "administrator"])
@pytest.mark.parametrize(("theme", "width"), SCREENS)
def test_accessible_in_every_state(
    theme: str, width: int, persona: str, page_as: OpenAs, request: pytest.FixtureRequest, course: Course, group: Group
) -> None:
    """Whoever meets no one has no link in the tables: they can be scrolled all the same."""
    EnrolmentFactory.create(course=course, groups=[group])
    EnrolmentFactory.create(course=course, last_course_access=None)
    SyncRun.objects.create(course=course, state=RunState.HELD, error_code="vigie_shrunk", people_read=1)
    SyncRun.objects.create(
        course=CourseFactory.create(visible=False), state=RunState.PARTIAL, finished_at=timezone.now()
    )
    running_course = CourseFactory.create(start_date=timezone.now())
    SyncRun.objects.create(course=running_course, state=RunState.RUNNING, people_read=3, people_expected=9)
    page = page_as(request.getfixturevalue(persona), width=width, theme=theme)
    read = SyncRun.objects.get(state=RunState.PARTIAL)
    places = (course.pk, running_course.pk, "lectures", f"lectures/{read.pk}")
    for path in ("/sessions/", *(f"/sessions/{place}/" for place in places)):
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        assert_accessible(page)
