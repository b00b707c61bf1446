"""How the list is laid out: remembered by user, and the address wins."""

from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from lxml import html

from accounts.models import User
from dashboard import preferences
from moodle_sync.models import Course
from tests.dashboard.roster.conftest import MakePeople, names, parsed
from tests.factories import ParticipantFactory

URL = "/enseignants/"
ALL = ["teacher", "place", "course", "access", "state", "contact", "next"]


def shown(page: html.HtmlElement) -> list[str]:
    return [link.get("id").removeprefix("sort-") for link in page.xpath("//thead//a[not(@class='also')]")]


def choose(client: Client, *, expect: int = 302, **changes: object) -> str:
    data = {"order": ALL, "column": ALL, "density": "comfortable", "page_size": "25", "next": URL} | changes
    response = client.post(reverse("dashboard:roster-layout"), data)
    assert response.status_code == expect
    return str(response.get("Location", ""))


def test_columns_are_hidden_and_put_in_order_for_one_user(
    claire: Client, tutor: User, other_tutor: User, people: MakePeople
) -> None:
    people(1)
    assert shown(parsed(claire, URL)) == ALL
    choose(claire, column=["course", "access", "next"], move="next:up")
    page = parsed(claire, URL)
    assert shown(page) == ["teacher", "course", "access", "next"]
    order = ["teacher", "place", "course", "access", "state", "next", "contact"]
    assert page.xpath("//form[@id='display-form']//input[@name='order']/@value") == order
    cells = [cell.get("class") for cell in page.xpath("//tbody/tr/td")]
    assert cells == ["c-sel", "c-who", "c-ses", "c-ac", "c-nx", "c-act"]
    headings = [cell.get("class") for cell in page.xpath("//thead/tr/th")]
    assert headings == cells
    assert preferences.of(other_tutor).hidden_columns == []
    choose(claire, reset="1")
    assert shown(parsed(claire, URL)) == ALL


@pytest.mark.parametrize(("move", "order"), [("teacher:up", ALL), ("next:down", ALL), ("ghost:up", ALL)])
def test_a_column_stays_within_the_list(claire: Client, people: MakePeople, move: str, order: list[str]) -> None:
    people(1)
    choose(claire, move=move)
    assert shown(parsed(claire, URL)) == order


def test_the_teacher_is_never_hidden_and_unknown_columns_do_not_count(claire: Client, people: MakePeople) -> None:
    people(1)
    choose(claire, column=["ghost", "next"], order=["ghost", "next"])
    assert shown(parsed(claire, URL)) == ["next", "teacher"]


def test_the_address_wins_over_what_is_remembered_and_is_not_remembered(
    claire: Client, tutor: User, people: MakePeople
) -> None:
    people(30)
    choose(claire, column=["teacher", "place"], page_size="50")
    claire.post(reverse("dashboard:roster-layout"), {"sort": "-teacher"})
    remembered = names(parsed(claire, URL))
    assert len(remembered) == 30
    page = parsed(claire, f"{URL}?columns=access,teacher&per=25&sort=teacher")
    assert (shown(page), len(names(page))) == (["access", "teacher"], 25)
    assert names(page) == remembered[::-1][:25]
    assert names(parsed(claire, URL)) == remembered


@pytest.mark.parametrize("query", ["per=7", "per=x", "columns=", "columns=ghost,,", "sort=ghost", "per=-25"])
def test_nonsense_in_the_address_leaves_what_is_remembered(claire: Client, people: MakePeople, query: str) -> None:
    people(30)
    choose(claire, page_size="50", column=["next"])
    page = parsed(claire, f"{URL}?{query}")
    assert (shown(page), len(names(page))) == (["teacher", "next"], 30)


def test_what_was_chosen_is_not_hidden_by_the_address_one_is_at(claire: Client) -> None:
    here = f"{URL}?{urlencode({'q': 'a', 'sort': 'teacher', 'per': 50, 'columns': 'access', 'page': 2})}"
    assert choose(claire, next=here) == f"{URL}?q=a&sort=teacher"
    assert choose(claire, next=here, reset="1") == f"{URL}?q=a"
    assert choose(claire, next="https://elsewhere.example.org/?a=1").startswith("/")


@pytest.mark.parametrize(
    "data",
    [
        {"density": "airy", "page_size": "25"},
        {"density": "compact", "page_size": "1000"},
        {"density": "compact"},
        {"sort": "password"},
        {},
    ],
)
def test_nothing_else_is_remembered(claire: Client, tutor: User, data: dict[str, str]) -> None:
    assert claire.post(reverse("dashboard:roster-layout"), data).status_code == 400
    assert not hasattr(User.objects.get(pk=tutor.pk), "preference")


def test_the_density_is_worn_by_the_list(claire: Client, people: MakePeople) -> None:
    people(1)
    choose(claire, density="compact")
    assert "vg-compact" in parsed(claire, URL).get_element_by_id("results").get("class")


def test_cities_sort_as_people_do_and_the_unknown_come_last(claire: Client, people: MakePeople, course: Course) -> None:
    for city in ("Zuydcoote", "", "évreux", "Amiens", "Étampes"):
        people(1, participant=ParticipantFactory(site=course.site, city=city, country="FR"))
    page = parsed(claire, f"{URL}?sort=place")
    cities = [cell.xpath("string(span)") for cell in page.xpath("//td[@class='c-pl']")]
    assert cities == ["Amiens", "Étampes", "évreux", "Zuydcoote", ""]
