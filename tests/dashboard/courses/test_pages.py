"""The courses page and the page of one course: for whom, with which links, in how many queries."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from lxml import html

from accounts.models import User
from dashboard.enums import State
from moodle_sync.enums import EPOCH, RunState
from moodle_sync.models import Course, Group, SyncRun
from tests.dashboard.courses.world import populate
from tests.factories import AssignmentFactory, CourseFactory, EnrolmentFactory, GroupFactory, SiteFactory

pytestmark = pytest.mark.django_db
COURSES = "/sessions/"


def page(client: Client, user: User, path: str = COURSES, **params: str) -> html.HtmlElement:
    client.force_login(user)
    with translation.override("en"):
        response = client.get(path, params, headers={"Accept-Language": "en"})
    assert response.status_code == 200
    return html.fromstring(response.content)


def names(tree: html.HtmlElement) -> list[str]:
    return [
        link.text_content() for link in tree.xpath("//table[contains(@class, 'vg-sess')]//a[contains(@class, 'name')]")
    ]


def links(tree: html.HtmlElement) -> set[str]:
    return {link.get("href") for link in tree.xpath(".//a[@href]") if "/enseignants/" in link.get("href")}


def test_each_persona_sees_the_courses_of_their_scope(
    client: Client,
    tutor: User,
    coordinator: User,
    other_coordinator: User,
    observer: User,
    course: Course,
    group: Group,
) -> None:
    EnrolmentFactory.create(course=course, groups=[group])
    far = CourseFactory.create(site=other_coordinator.scopes.get().site, full_name="Ailleurs")
    CourseFactory.create(followed=False)
    for user, seen in [
        (tutor, {course}),
        (other_coordinator, {far}),
        (coordinator, {course, far}),
        (observer, {course, far}),
    ]:
        assert set(names(page(client, user))) == {c.full_name for c in seen}


def test_figures_lead_to_the_people_behind_them(client: Client, coordinator: User, course: Course) -> None:
    EnrolmentFactory.create(course=course)
    EnrolmentFactory.create(course=course, follow_up__state=State.CALLBACK, follow_up__due_at=timezone.now())
    roster = reverse("dashboard:roster")
    found = links(page(client, coordinator))
    assert f"{roster}?course={course.pk}&access=never_course" in found
    assert f"{roster}?course={course.pk}&state=todo&due=now" in found
    assert f"{roster}?course={course.pk}&state=todo&due=now&contact=never" in found
    assert f"{roster}?course={course.pk}&state=callback&due=now" in found


@pytest.mark.parametrize("persona", ["coordinator", "tutor"])
def test_each_figure_is_the_length_of_the_list_it_leads_to(
    persona: str, client: Client, group: Group, tutor: User, request: pytest.FixtureRequest
) -> None:
    user, course = request.getfixturevalue(persona), group.course
    groups = [group, GroupFactory.create(course=course)]
    populate(course, groups, timezone.now(), people=40, seed=5)
    followed = 0
    for path in (COURSES, reverse("dashboard:course", args=[course.pk])):
        tree = page(client, user, path)
        for link in tree.xpath("//table//a[contains(@href, '/enseignants/?')]"):
            figure = link.text_content().rpartition(":")[2].strip()
            if figure.isdigit():
                people = client.get(link.get("href")).context["roster"].counts.total
                assert people == int(figure), link.get("href")
                followed += 1
    assert followed > 15


@pytest.mark.parametrize("persona", ["observer", "administrator"])
def test_who_meets_nobody_gets_no_way_to_people(
    persona: str, client: Client, tutor: User, group: Group, request: pytest.FixtureRequest
) -> None:
    user = request.getfixturevalue(persona)
    EnrolmentFactory.create(course=group.course, groups=[group])
    EnrolmentFactory.create(course=group.course)
    for path in (COURSES, reverse("dashboard:course", args=[group.course.pk])):
        tree = page(client, user, path)
        assert not links(tree)
        assert ("Dumont" in tree.text_content()) == (persona == "administrator")


@pytest.mark.parametrize("shut", [{"visible": False}, {"start_date": timezone.now() + timedelta(days=2)}])
def test_what_became_due_before_the_course_was_shut_again_is_due_no_longer(
    shut: dict[str, Any], client: Client, coordinator: User, course: Course
) -> None:
    for state in (State.TODO, State.CALLBACK):
        EnrolmentFactory.create(course=course, follow_up__state=state, follow_up__due_at=timezone.now())
    elsewhere = EnrolmentFactory.create(follow_up__due_at=timezone.now())
    for group in (GroupFactory.create(course=course), None):
        AssignmentFactory.create(course=course, group=group)
    Course.objects.filter(pk=course.pk).update(**shut)
    tree = page(client, coordinator)
    assert f"/enseignants/?course={course.pk}&state=todo&due=now" not in links(tree)
    assert f"/enseignants/?course={elsewhere.course_id}&state=todo&due=now" in links(tree)
    assert len(links(tree) & {f"/enseignants/?course={course.pk}&state=callback&due=now"}) == 0
    due = client.get(reverse("dashboard:roster"), {"due": "now"}).context["roster"].counts
    assert (due.total, due.state[State.TODO]) == (1, 1)


def test_a_course_that_is_not_open_asks_for_nobody(client: Client, coordinator: User, course: Course) -> None:
    Course.objects.update(start_date=timezone.now() + timedelta(days=3))
    EnrolmentFactory.create(course=course, follow_up__state=State.WAITING)
    text = page(client, coordinator).xpath("//td[@class='c-bar']")[0].text_content()
    assert "Not open: nobody can come in, nobody is to be chased." in text


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", "BCA"),
        ("-todo", "BCA"),
        ("todo", "ACB"),
        ("name", "ABC"),
        ("-name", "CBA"),
        ("-access", "BCA"),
        ("entered", "BCA"),
        ("-untouched", "CBA"),
        ("-callbacks", "ABC"),
        ("tutors", "BCA"),
        ("read", "CAB"),
        ("wrong", "BCA"),
    ],
)
def test_every_column_sorts(sort: str, order: str, client: Client, coordinator: User) -> None:
    """Equal figures stay in the usual order, most to do first."""
    now = timezone.now()
    courses = {
        name: CourseFactory.create(full_name=name, synced_at=now - timedelta(hours=hours))
        for name, hours in [("A", 2), ("B", 1), ("C", 3)]
    }
    for name, todo, touched in [("B", 3, 3), ("C", 2, 0)]:
        for number in range(todo):
            contacted = now if number < touched else None
            EnrolmentFactory.create(course=courses[name], follow_up__last_contact_at=contacted)
    EnrolmentFactory.create(course=courses["C"], last_course_access=now, follow_up__state=State.CLOSED_IN)
    EnrolmentFactory.create(
        course=courses["A"], last_course_access=now, follow_up__state=State.CALLBACK, follow_up__due_at=now
    )
    AssignmentFactory.create(course=courses["A"])
    AssignmentFactory.create(course=courses["C"])
    if sort == "tutors":
        AssignmentFactory.create(course=courses["A"])
    assert "".join(names(page(client, coordinator, sort=sort))) == order


def test_search_forgives_accents_and_filters_combine(client: Client, coordinator: User) -> None:
    north = SiteFactory.create(name="Nord")
    CourseFactory.create(full_name="Évaluer au collège")
    CourseFactory.create(full_name="Évaluer au lycée", site=north)
    broken = CourseFactory.create(full_name="Lire", site=north)
    SyncRun.objects.create(course=broken, state=RunState.REFUSED, error_code="invalidtoken")
    assert names(page(client, coordinator, q="EVALUER college")) == ["Évaluer au collège"]
    assert names(page(client, coordinator, q="evaluer", site=str(north.pk))) == ["Évaluer au lycée"]
    assert names(page(client, coordinator, failing="on")) == ["Lire"]
    assert names(page(client, coordinator, q="rien")) == []


def test_a_site_out_of_scope_is_no_choice(client: Client, other_coordinator: User, course: Course) -> None:
    CourseFactory.create(site=other_coordinator.scopes.get().site)
    tree = page(client, other_coordinator, site=str(course.site.pk))
    assert str(course.site.pk) not in {option.get("value") for option in tree.xpath("//select[@name='site']/option")}


def test_pages_of_twenty_five(client: Client, coordinator: User, course: Course) -> None:
    for number in range(40):
        CourseFactory.create(site=course.site, connection=None, full_name=f"Suite {number:02}")
    first, second = page(client, coordinator), page(client, coordinator, page="2")
    assert (len(names(first)), len(names(second))) == (25, 16)
    assert not set(names(first)) & set(names(second))


@pytest.mark.parametrize("path", ["list", "course"])
def test_queries_do_not_grow_with_rows(path: str, client: Client, coordinator: User, course: Course) -> None:
    def queries() -> int:
        url = COURSES if path == "list" else reverse("dashboard:course", args=[course.pk])
        client.force_login(coordinator)
        client.get(url)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    def grow(courses: int) -> None:
        for number in range(courses):
            another = course if path == "course" else CourseFactory.create()
            group = GroupFactory.create(course=another)
            AssignmentFactory.create(course=another, group=GroupFactory.create(course=another))
            EnrolmentFactory.create(course=another, groups=[group])
            EnrolmentFactory.create(course=another, follow_up__state=State.CALLBACK)
            SyncRun.objects.create(
                course=another, state=RunState.REFUSED, requested_by=coordinator if number % 2 else None
            )

    grow(2)
    few = queries()
    grow(12)
    assert queries() == few


def test_neglect_names_groups_and_remedies(client: Client, coordinator: User, tutor: User, group: Group) -> None:
    course = group.course
    alone = GroupFactory.create(course=course, name="Groupe orphelin")
    EnrolmentFactory.create(course=course, groups=[alone])
    EnrolmentFactory.create(course=course, groups=[group])
    EnrolmentFactory.create(course=course, groups=[group], follow_up__state=State.CALLBACK, follow_up__due_at=EPOCH)
    SyncRun.objects.create(course=course, state=RunState.UNAVAILABLE, error_code="sitemaintenance")
    [card] = page(client, coordinator).xpath("//section[@aria-labelledby='neglect']")
    text = " ".join(card.text_content().split())
    assert "Évaluer par compétences, Groupe orphelin: no tutor" in text
    assert "1 agreed callback is overdue" in text
    assert f"{course.site.name}: Moodle did not answer" in text
    assert not re.search(r"Groupe B1", text)
    assert f"/enseignants/?course={course.pk}&state=todo&due=now&group={alone.pk}" in links(card)
    assert "Groupe orphelin" not in page(client, tutor).text_content()


def test_one_course_shows_its_groups_and_history(client: Client, coordinator: User, tutor: User, group: Group) -> None:
    course = group.course
    EnrolmentFactory.create(course=course, groups=[group])
    EnrolmentFactory.create(course=course)
    for number in range(25):
        SyncRun.objects.create(course=course, state=RunState.OK, people_read=number, requested_by=tutor)
    SyncRun.objects.create(course=course, state=RunState.REFUSED, error_code="invalidtoken")
    tree = page(client, coordinator, reverse("dashboard:course", args=[course.pk]))
    groups = tree.xpath("//section[@aria-labelledby='groups']//tbody/tr")
    assert [row.xpath(".//*[contains(@class, 'name')]")[0].text_content() for row in groups] == [
        "Groupe B1",
        "Without group",
    ]
    runs = tree.xpath("//section[@aria-labelledby='history']//tbody/tr")
    assert len(runs) == 20
    assert "A Vigie administrator" in runs[0].text_content()
    assert "Claire D." in runs[1].text_content()


def test_names_are_escaped(client: Client, coordinator: User, site: object) -> None:
    CourseFactory.create(full_name="<script>alert(1)</script>")
    client.force_login(coordinator)
    assert b"<script>alert" not in client.get(COURSES).content
