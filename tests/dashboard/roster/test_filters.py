"""Laws of the filters that the menus offer, and of what these offer to whom."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from dashboard.enums import Cause
from dashboard.models import CallRound
from dashboard.roster.menus import SHOWN
from dashboard.selection.stored import select_all
from dashboard.views_saved import counts as view_counts
from dashboard.views_saved.shelf import View
from moodle_sync.models import Course, Group
from tests.dashboard.roster.conftest import MakePeople, names, parsed, tile, total
from tests.factories import AssignmentFactory, CourseFactory, EnrolmentFactory, GroupFactory, UserFactory

URL = "/enseignants/"
NOW = timezone.now()


def menu(client: Client, name: str, **params: str | int) -> html.HtmlElement:
    response = client.get(reverse("dashboard:roster-choices", args=[name]), params)
    assert response.status_code == 200
    return html.document_fromstring(f"<main>{response.content.decode()}</main>")


def offered(page: html.HtmlElement, name: str) -> list[str]:
    return [box.getparent().text_content().strip() for box in page.xpath(f"//input[@type='checkbox'][@name='{name}']")]


def test_whose_people_entrusted_or_taken_on(
    client: Client, coordinator: User, tutor: User, other_tutor: User, people: MakePeople, course: Course
) -> None:
    people(2)  # Claire's, by her group
    people(3, groups=[other_tutor.assignments.get().group])  # Samir's
    people(4, groups=[])  # nobody's
    people(5, groups=[], follow_up__assignee=tutor)  # Claire took them on
    client.force_login(coordinator)
    for query, found in (
        (f"tutor={tutor.pk}", 7),
        (f"tutor={other_tutor.pk}", 3),
        (f"tutor={tutor.pk}&tutor={other_tutor.pk}", 10),
        ("tutor=none", 4),
        (f"tutor=none&tutor={other_tutor.pk}", 7),
        ("tutor=me", 0),
    ):
        assert total(parsed(client, f"{URL}?{query}")) == found, query


def test_nobody_has_those_whom_no_assignment_reaches(client: Client, coordinator: User, people: MakePeople) -> None:
    [loose] = people(1, groups=[])
    [grouped] = people(1)
    client.force_login(coordinator)

    def without() -> int:
        cache.clear()
        return total(parsed(client, f"{URL}?tutor=none"))

    assert without() == 2
    for fields, left in (({"ungrouped": True}, 1), ({"group": grouped.groups.get()}, 0)):
        assignment = AssignmentFactory(course=loose.course, **fields)
        assert without() == left
    AssignmentFactory(course=loose.course)
    assignment.delete()
    assert without() == 0


def test_me_is_whoever_looks(client: Client, tutor: User, other_tutor: User, people: MakePeople) -> None:
    """So that a shared link means the same to each."""
    AssignmentFactory(user=other_tutor, course=tutor.assignments.get().course)
    people(2)
    people(3, groups=[other_tutor.assignments.filter(group__isnull=False).get().group])
    for user, found in ((tutor, 2), (other_tutor, 5)):
        client.force_login(user)
        assert total(parsed(client, f"{URL}?tutor=me")) == found


def test_a_tutor_is_offered_colleagues_of_their_sessions_alone(
    claire: Client, tutor: User, other_tutor: User, people: MakePeople
) -> None:
    people(1)
    stranger = AssignmentFactory().user
    shown = offered(menu(claire, "tutor"), "tutor")
    assert shown == ["Moi", "Personne", str(other_tutor)]
    page = parsed(claire, f"{URL}?tutor={stranger.pk}")
    assert page.get_element_by_id("chips").find_class("warn")
    assert str(stranger) not in page.text_content()


def test_by_cause(claire: Client, people: MakePeople) -> None:
    people(2, follow_up__cause=Cause.NO_TIME)
    people(3, follow_up__cause=Cause.CREDENTIALS)
    people(4)
    assert total(parsed(claire, f"{URL}?cause=no_time")) == 2
    assert total(parsed(claire, f"{URL}?cause=no_time&cause=credentials")) == 5


def test_last_contact_older_than_and_never_are_one_question(claire: Client, people: MakePeople) -> None:
    for n, days in ((1, 2), (2, 8), (3, 20)):
        people(n, follow_up__last_contact_at=NOW - timedelta(days=days))
    people(4)
    for query, found in (
        ("contact_before=7", 5),
        ("contact_before=14", 3),
        ("contact_before=1", 6),
        ("contact=never", 4),
        ("contact=never&contact_before=14", 7),
        ("contact_before=0", 0),
        ("contact_before=x", 0),
        ("contact_before=99999999999999999999", 0),
        ("contact=&contact_before=&q=&state=&course=", 10),
    ):
        page = parsed(claire, f"{URL}?{query}")
        assert (total(page), len(names(page))) == (found, found), query


def test_one_value_that_is_gone_does_not_undo_the_filter_by_the_others(
    claire: Client, people: MakePeople, course: Course, tutor: User
) -> None:
    people(2)
    other = EnrolmentFactory()
    AssignmentFactory(user=tutor, course=other.course)
    page = parsed(claire, f"{URL}?course={course.pk}&course=999999")
    assert total(page) == 2
    assert page.get_element_by_id("chips").find_class("warn")


@pytest.mark.parametrize(
    "query",
    [
        *(f"{name}=999999" for name in ("course", "group", "access", "state", "tutor", "cause", "presence", "due")),
        *(f"{name}=999999" for name in ("contact", "contact_before", "next", "handed")),
        "access=perhaps&state=todo",
        pytest.param("q=" + "z" * 201, id="too long"),
        "q=abc%00",
    ],
)
def test_a_filter_of_which_nothing_is_left_finds_nobody_and_nobody_is_acted_on(
    claire: Client, people: MakePeople, tutor: User, query: str
) -> None:
    """Or the filter that is gone would make the list one of everybody, and each act one on everybody."""
    people(2)
    page = parsed(claire, f"{URL}?{query}")
    assert (total(page), names(page)) == (0, [])
    assert [tile(page, value) for value in ("never_course", "todo")] == [0, 0], "counts are of this list"
    assert page.get_element_by_id("chips").find_class("warn")
    name = query.partition("=")[0]
    [way_out] = page.xpath(f"//*[@id='chip-{name}']/@href")
    assert f"{name}=" not in way_out
    assert select_all(tutor, QueryDict(query)).enrolments == []
    made = View(key="1", name="V", query=query, mine=True)
    assert view_counts.counted(tutor, [made]) == {"1": 0}
    assert claire.post(reverse("dashboard:export"), {"format": "csv", "query": query}).status_code == 302
    assert not claire.get(f"{reverse('dashboard:print')}?{query}").context["lines"]
    claire.post(reverse("dashboard:call-start"), {"list": "roster", "query": query})
    assert not CallRound.objects.exists()


@pytest.mark.parametrize("chosen", [1, 2, 3, 5])
def test_each_value_has_its_way_out_and_all_of_them_together(
    claire: Client, people: MakePeople, tutor: User, chosen: int
) -> None:
    people(1)
    causes = [str(cause) for cause in Cause][:chosen]
    query = "&".join(f"cause={cause}" for cause in causes)
    page = parsed(claire, f"{URL}?{query}&sort=teacher&per=50")
    ways = {link.get("id"): link.get("href") for link in page.xpath("//*[@id='chips']//a")}
    for cause in causes:
        rest = "&".join(f"cause={other}" for other in causes if other != cause)
        wanted = {part for part in f"{rest}&sort=teacher&per=50".split("&") if part}
        assert set(ways[f"chip-cause-{cause}"].partition("?")[2].split("&")) == wanted
    assert ways["clear"] == f"{URL}?sort=teacher&per=50"
    assert bool(page.xpath("//*[@id='chips']//details")) == (chosen > 2)


def test_a_form_loses_nothing_that_it_does_not_draw(claire: Client, people: MakePeople) -> None:
    people(1)
    page = parsed(claire, f"{URL}?q=a&sort=-access&columns=teacher,access&per=50&view=3&page=2&open=1&find_course=b")
    hidden = page.xpath("//form[@id='filters']/input[@type='hidden']")
    assert {box.get("name"): box.get("value") for box in hidden} == {
        "sort": "-access", "columns": "teacher,access", "per": "50", "view": "3",
    }  # fmt: skip


def many_courses(tutor: User) -> list[Course]:
    made = CourseFactory.create_batch(SHOWN + 5)
    for course in made:
        AssignmentFactory(user=tutor, course=course)
        EnrolmentFactory(course=course)
    return list(made)


def test_a_long_menu_draws_what_is_chosen_until_it_is_opened(claire: Client, tutor: User) -> None:
    courses = many_courses(tutor)
    last = max(courses, key=lambda course: course.sort_key)
    assert offered(parsed(claire, URL), "course") == []
    assert offered(parsed(claire, f"{URL}?course={last.pk}"), "course") == [last.full_name]
    opened = menu(claire, "course", course=last.pk)
    assert offered(opened, "course")[0] == last.full_name
    assert len(offered(opened, "course")) == 1 + SHOWN
    assert opened.xpath("//input[@name='find_course']")
    # Without script: the same in the page.
    page = parsed(claire, f"{URL}?course={last.pk}&menu=course")
    assert offered(page, "course") == offered(opened, "course")


def test_a_search_in_a_menu_keeps_the_chosen_boxes(claire: Client, tutor: User) -> None:
    first, *_others, last = many_courses(tutor)
    last.full_name = "Éducation aux médias"
    last.save()
    found = menu(claire, "course", course=first.pk, find_course="MEDIAS educ")
    assert offered(found, "course") == [first.full_name, last.full_name]
    assert found.xpath("//input[@checked]/@value") == [str(first.pk)]


def test_a_menu_offers_nothing_of_a_stranger(claire: Client, other_tutor: User, course: Course) -> None:
    foreign = EnrolmentFactory(course=CourseFactory(full_name="Ailleurs"))
    theirs = GroupFactory(course=foreign.course, name="Groupe d’ailleurs")
    assert "Ailleurs" not in menu(claire, "course", find_course="ailleurs").text_content()
    assert menu(claire, "course", course=foreign.course.pk).xpath("//input[@checked]") == []
    assert "ailleurs" not in menu(claire, "group", course=foreign.course.pk, group=theirs.pk).text_content()


def test_a_coordinator_meets_the_groups_of_the_chosen_sessions(client: Client, coordinator: User, group: Group) -> None:
    elsewhere = GroupFactory()
    client.force_login(coordinator)
    assert offered(menu(client, "group"), "group") == ["Sans groupe"]
    assert offered(menu(client, "group", course=group.course_id), "group") == ["Sans groupe", group.name]
    assert offered(menu(client, "group", group=elsewhere.pk), "group") == ["Sans groupe", elsewhere.name]


def test_no_menu_by_another_name(claire: Client) -> None:
    assert claire.get(reverse("dashboard:roster-choices", args=["password"])).status_code == 404


def test_the_page_asks_nothing_for_menus_that_are_closed(
    client: Client, coordinator: User, people: MakePeople, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    people(2)
    UserFactory.create_batch(3)
    client.force_login(coordinator)
    with django_assert_max_num_queries(17):
        parsed(client, URL)
