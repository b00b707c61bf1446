"""Laws of lists too long to be counted while one waits: the list comes first, counts say how old they are."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from lxml import html

from accounts.models import User
from dashboard.models import FollowUp
from dashboard.roster import counts
from moodle_sync.models import Course
from tests.dashboard.roster.conftest import MakePeople, names, parsed, tile, total
from tests.factories import UserFactory

URL = "/enseignants/"
COUNTING = "//*[@id='count' or @id='recount']"


@pytest.fixture(autouse=True)
def everybody_is_many(monkeypatch: pytest.MonkeyPatch, course: Course) -> None:
    monkeypatch.setattr(counts, "MANY", 0)
    monkeypatch.setattr(counts, "LONG", 0)
    Course.objects.filter(pk=course.pk).update(people_read=1)


@pytest.fixture
def paul(client: Client, coordinator: User) -> Client:
    client.force_login(coordinator)
    return client


def ask_again(client: Client, page: html.HtmlElement) -> html.HtmlElement:
    [element] = page.xpath(COUNTING)
    response = client.get(element.get("hx-get"), headers={"HX-Request": "true", "HX-Target": "tiles"})
    return html.fragment_fromstring(response.content.decode(), create_parent=True)


def age_counts(by: timedelta) -> None:
    """As if all that is kept had been counted so much earlier."""
    for key in cache._cache.get_client().scan_iter("*roster:many:*"):  # type: ignore[attr-defined]
        name = key.decode().split(":", 2)[2]
        cells, at = cache.get(name)
        cache.set(name, (cells, at - by))


def test_the_list_does_not_wait_for_counts_which_follow(paul: Client, people: MakePeople) -> None:
    people(27)
    page = parsed(paul, URL)
    assert len(names(page)) == 25
    assert page.get_element_by_id("tile-never_course").xpath("string(b)") == "…"
    assert page.get_element_by_id("page-next").get("href")
    counted = ask_again(paul, page)
    assert (tile(counted, "never_course"), total(counted)) == (27, 27)
    assert not counted.xpath(COUNTING)
    assert "27" in counted.xpath("string(//*[@id='pager'])")


def test_counts_up_to_a_minute_old_are_shown_with_their_age(paul: Client, people: MakePeople) -> None:
    people(2)
    ask_again(paul, parsed(paul, URL))
    people(1)
    age_counts(timedelta(seconds=40))
    page = parsed(paul, URL)
    assert len(names(page)) == 3
    assert total(page) == 2
    assert any(f"{n}" in page.get_element_by_id("chips").text_content() for n in (40, 41, 42, 43))
    assert not page.xpath(COUNTING)


def test_older_ones_are_counted_again(paul: Client, people: MakePeople) -> None:
    people(2)
    ask_again(paul, parsed(paul, URL))
    people(1)
    age_counts(timedelta(minutes=3))
    page = parsed(paul, URL)
    assert total(page) == 2
    assert total(ask_again(paul, page)) == 3


def test_after_ones_own_act_they_are_counted_again_and_a_colleagues_wait_their_minute(
    paul: Client, people: MakePeople
) -> None:
    [row] = people(1)
    colleague = Client()
    colleague.force_login(UserFactory.create(role="coordinator", sees_all=True))
    ask_again(paul, parsed(paul, URL))
    version = FollowUp.objects.get(enrolment=row).version
    paul.post(f"{URL}{row.pk}/contacte/", {"version": version})
    page = parsed(paul, URL)
    assert tile(page, "todo") == 1
    again = ask_again(paul, page)
    assert (tile(again, "todo"), tile(again, "contacted")) == (0, 1)
    assert not parsed(paul, URL).xpath(COUNTING)


@pytest.mark.parametrize("query", ["page=2", "recount=1", "q=camille"])
def test_a_deep_page_a_narrow_search_and_a_page_without_script_are_counted_at_once(
    paul: Client, people: MakePeople, query: str
) -> None:
    people(27)
    assert total(parsed(paul, f"{URL}?{query}")) == 27


def test_what_is_searched_for_is_in_no_key(paul: Client, people: MakePeople, monkeypatch: pytest.MonkeyPatch) -> None:
    people(1)
    monkeypatch.setattr("dashboard.roster.queries.MANY", -1)
    asked: list[str] = []
    kept = cache.set

    def note(key: str, *args: Any, **kwargs: Any) -> None:
        asked.append(key)
        kept(key, *args, **kwargs)

    monkeypatch.setattr(cache, "set", note)
    ask_again(paul, parsed(paul, f"{URL}?q=camille"))
    assert asked
    assert not any("camille" in key for key in asked)


def test_a_usual_course_is_counted_at_once_and_a_very_big_one_is_not(
    paul: Client, people: MakePeople, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(2)
    monkeypatch.setattr(counts, "LONG", 10)
    Course.objects.filter(pk=course.pk).update(people_read=10)
    assert total(parsed(paul, f"{URL}?course={course.pk}")) == 2
    Course.objects.filter(pk=course.pk).update(people_read=11)
    assert parsed(paul, f"{URL}?course={course.pk}").xpath(COUNTING)
    monkeypatch.setattr(counts, "MANY", 11)
    assert not parsed(paul, f"{URL}?course={course.pk}").xpath(COUNTING), "not many in scope: never a minute old"


def test_a_tutors_own_are_always_counted_now(claire: Client, people: MakePeople) -> None:
    people(3)
    assert total(parsed(claire, URL)) == 3
