"""Sync from the screen: who may ask, what the cell says while it goes on and when it ended."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import User
from dashboard.courses.freshness import FAILED_RUNS
from moodle_sync.enums import ACTIVE_RUNS, RunState
from moodle_sync.errors import Trouble
from moodle_sync.models import Course, Group, SyncRun
from tests.factories import EnrolmentFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "Accept-Language": "en"}
Ask = Callable[..., Any]


@pytest.fixture
def ask(client: Client, course: Course) -> Ask:
    def post(user: User, **data: str) -> Any:
        client.force_login(user)
        return client.post(reverse("dashboard:sync-course", args=[course.pk]), data, headers=HTMX)

    return post


@pytest.fixture
def status(client: Client, course: Course) -> Ask:
    def get(user: User, **params: str) -> Any:
        client.force_login(user)
        return client.get(reverse("dashboard:sync-status", args=[course.pk]), params, headers=HTMX)

    return get


def words(response: Any) -> str:
    return " ".join(html.fromstring(f"<div>{response.content.decode()}</div>").text_content().split())


def polls(response: Any) -> bool:
    return b"hx-trigger" in response.content


def a_run(course: Course, state: RunState, **fields: Any) -> SyncRun:
    if state not in ACTIVE_RUNS:
        fields.setdefault("finished_at", timezone.now() - timedelta(minutes=1))
    return SyncRun.objects.create(course=course, state=state, **fields)


def underway(course: Course, **fields: Any) -> SyncRun:
    run = a_run(course, RunState.RUNNING, started_at=timezone.now(), **fields)
    Course.objects.filter(pk=course.pk).update(
        claimed_by=run.pk, claim_expires_at=timezone.now() + timedelta(minutes=5)
    )
    return run


@pytest.mark.parametrize(
    ("persona", "code"),
    [("tutor", 200), ("coordinator", 200), ("administrator", 200), ("observer", 404), ("other_coordinator", 404)],
)
def test_who_may_have_a_course_read(
    persona: str, code: int, ask: Ask, group: Group, tutor: User, request: pytest.FixtureRequest
) -> None:
    EnrolmentFactory.create(course=group.course, groups=[group])
    user = request.getfixturevalue(persona)
    assert ask(user).status_code == code
    assert [run.requested_by for run in SyncRun.objects.all()] == ([user] if code == 200 else [])


def test_a_read_under_way_is_watched_and_not_doubled(ask: Ask, coordinator: User, course: Course) -> None:
    run = underway(course, people_read=1000, people_expected=2500)
    response = ask(coordinator)
    assert list(SyncRun.objects.all()) == [run]
    assert polls(response)
    assert "1 000 read of 2 500" in words(response).replace("\xa0", " ").replace(",", " ")
    [bar] = html.fromstring(response.content).xpath("//progress")
    assert (bar.get("value"), bar.get("max")) == ("1000", "2500")


def test_progress_without_an_expectation_gives_no_false_share(status: Ask, coordinator: User, course: Course) -> None:
    run = underway(course, people_read=40)
    response = status(coordinator)
    assert "40 read so far" in words(response)
    [bar] = html.fromstring(response.content).xpath("//progress")
    assert bar.get("value") is None
    SyncRun.objects.filter(pk=run.pk).update(people_expected=30)
    assert "40 read so far" in words(status(coordinator))


def test_a_double_click_costs_moodle_nothing(ask: Ask, coordinator: User, course: Course) -> None:
    run = a_run(course, RunState.OK, finished_at=timezone.now() - timedelta(seconds=3))
    response = ask(coordinator)
    assert list(SyncRun.objects.all()) == [run]
    assert "Moodle was not asked again" in words(response)
    assert not polls(response)


@pytest.mark.parametrize("state", FAILED_RUNS)
def test_what_failed_a_moment_ago_is_not_called_read(
    state: RunState, ask: Ask, coordinator: User, course: Course
) -> None:
    a_run(course, state, finished_at=timezone.now() - timedelta(seconds=3))
    said = words(ask(coordinator))
    assert "Read a few seconds ago" not in said
    assert f"Tried a few seconds ago ({state.label}): Moodle was not asked again." in said


def test_polling_slows_down_for_what_nobody_waits_for(status: Ask, coordinator: User, course: Course) -> None:
    run = a_run(course, RunState.QUEUED)
    assert b'"every 15s"' in status(coordinator).content
    SyncRun.objects.filter(pk=run.pk).update(requested_by=coordinator)
    assert b'"every 1s"' in status(coordinator).content


@pytest.mark.parametrize("state", [state for state in RunState if state not in ACTIVE_RUNS])
@pytest.mark.parametrize("place", [{}, {"list": "1"}])
def test_polling_stops_when_the_read_ended(
    state: RunState, place: dict[str, str], status: Ask, coordinator: User, course: Course
) -> None:
    a_run(course, state)
    assert not polls(status(coordinator, **place))


def test_the_result_is_told_in_words_and_announced(status: Ask, coordinator: User, course: Course) -> None:
    a_run(course, RunState.OK, created=12, first_accesses=3, left=1)
    response = status(coordinator)
    assert "Up to date: 12 new, 1 has left, 3 came in" in words(response)
    assert b'hx-swap-oob="innerHTML:#live"' in response.content
    assert "course-read" in response["HX-Trigger-After-Settle"]


def test_an_accepted_list_says_who_left_with_it(status: Ask, coordinator: User, course: Course) -> None:
    a_run(course, RunState.OK, accept_shrink=True, left=68)
    assert "Up to date: shorter list accepted, 68 have left" in words(status(coordinator))


def test_the_row_comes_back_as_a_reload_would_show_it(
    status: Ask, client: Client, coordinator: User, course: Course
) -> None:
    a_run(course, RunState.REFUSED, error_code="invalidtoken")
    EnrolmentFactory.create(course=course)
    answer = status(coordinator, list="1")
    assert answer["HX-Retarget"] == f"#course-{course.pk}"
    assert answer["HX-Reswap"] == "outerHTML"
    reloaded = client.get(reverse("dashboard:courses"), headers={"Accept-Language": "en"})

    def row(response: Any) -> str:
        table = f"<table>{response.content.decode()}</table>" if response is answer else response.content.decode()
        [body] = html.fromstring(table).xpath(f"//*[@id='course-{course.pk}']")
        for own in body.xpath(".//input[@name='next' or @name='csrfmiddlewaretoken']"):
            own.drop_tree()
        return " ".join(html.tostring(body, encoding="unicode").split())

    assert row(answer) == row(reloaded)


@pytest.mark.parametrize(
    ("state", "code", "who"),
    [
        (RunState.REFUSED, "invalidtoken", "A Vigie administrator"),
        (RunState.REFUSED, "nopermissions", "The Moodle administrator"),
        (RunState.UNAVAILABLE, "sitemaintenance", "Nobody"),
    ],
)
def test_a_failure_says_who_must_act_and_the_last_good_data_stays(
    state: RunState, code: str, who: str, status: Ask, coordinator: User, course: Course
) -> None:
    a_run(course, state, error_code=code)
    row = words(status(coordinator, list="1"))
    assert who in row
    assert "What is shown dates from: 1 h ago" in row
    assert course.synced_at == Course.objects.get().synced_at


@pytest.mark.parametrize(
    ("persona", "may"), [("tutor", False), ("observer", False), ("coordinator", True), ("administrator", True)]
)
def test_a_shrunken_list_is_accepted_only_by_who_may(
    persona: str, may: bool, ask: Ask, status: Ask, group: Group, tutor: User, request: pytest.FixtureRequest
) -> None:
    user, course = request.getfixturevalue(persona), group.course
    EnrolmentFactory.create(course=course, groups=[group])
    Course.objects.update(people_read=80)
    a_run(course, RunState.HELD, error_code=Trouble.SHRUNK, people_read=12)
    response = status(user, list="1")
    assert "12 people now, 80 before." in words(response)
    assert (b'name="accept_shrink"' in response.content) is may
    assert (ask(user, accept_shrink="1").status_code == 200) is may
    assert SyncRun.objects.filter(accept_shrink=True).exists() is may


def test_without_script_the_page_comes_back_with_a_message(client: Client, coordinator: User, course: Course) -> None:
    client.force_login(coordinator)
    url = reverse("dashboard:sync-course", args=[course.pk])
    here = f"{reverse('dashboard:courses')}?sort=name"
    response = client.post(url, {"next": here}, follow=True)
    assert response.redirect_chain == [(here, 302)]
    assert [str(message) for message in response.context["messages"]]
    assert client.post(url, {"next": "https://elsewhere.example.org/"})["Location"] == reverse(
        "dashboard:course", args=[course.pk]
    )
