"""Laws of the list: what is found, in which order, and what the counts say."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from dashboard.enums import State
from dashboard.models import ContactDetail
from dashboard.roster import paging
from moodle_sync.enums import EPOCH, Standing
from moodle_sync.models import Course, Group, Participant
from tests.dashboard.roster.conftest import MakePeople, names, parsed, tile, total
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GroupFactory,
    ParticipantFactory,
    UserFactory,
)

URL = "/enseignants/"
NOW = timezone.now()


def named(course: Course, first: str, last: str, **fields: object) -> Participant:
    full = f"{first} {last}"
    person: Participant = ParticipantFactory(
        site=course.site, first_name=first, last_name=last, full_name=full, **fields
    )
    return person


@pytest.mark.parametrize("rows", [1, 20])
def test_the_number_of_queries_does_not_grow_with_rows(
    claire: Client, people: MakePeople, rows: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    people(rows)
    with django_assert_max_num_queries(20):
        assert len(names(parsed(claire, URL))) == rows


@pytest.mark.parametrize(
    "query",
    ["helene", "HÉLÈNE", "ngo", "ngo helene", "Ngô Hélène", "h.ngo@", "06 39 98 41 27", "+33639984127", "0639"],
)
def test_search_ignores_accents_case_word_order_and_the_form_of_numbers(
    claire: Client, people: MakePeople, course: Course, query: str
) -> None:
    wanted = named(course, "Hélène", "Ngô", email="h.ngo@ac-test.example.org", phone1="06.39.98.41.27")
    people(1, participant=wanted)
    people(3)
    assert names(parsed(claire, f"{URL}?{urlencode({'q': query})}")) == ["Hélène Ngô"]


def test_search_finds_a_typed_detail_until_it_is_removed(
    claire: Client, people: MakePeople, course: Course, tutor: User
) -> None:
    wanted = named(course, "Inès", "Roy")
    people(1, participant=wanted)
    people(2)
    detail = ContactDetail.objects.create(
        person=wanted.account.person, kind="phone", value="05 49 00 57 12", search_key="0549005712", added_by=tutor
    )
    assert names(parsed(claire, f"{URL}?q=05 49 00 57")) == ["Inès Roy"]
    ContactDetail.objects.filter(pk=detail.pk).update(removed_at=NOW)
    assert names(parsed(claire, f"{URL}?q=05 49 00 57")) == []


def test_never_comes_first_and_unknown_last_in_true_order(claire: Client, people: MakePeople, course: Course) -> None:
    def person(name: str, **stamps: object) -> None:
        people(1, participant=named(course, name, "Test"), **stamps)

    person("Yesterday", last_course_access=NOW - timedelta(days=1))
    person("Unknown", last_course_access=None, last_site_access=NOW)
    person("Never", last_course_access=EPOCH)
    person("Lastmonth", last_course_access=NOW - timedelta(days=30))
    # Course access is not told, but who never logged in cannot have entered.
    person("Neveratall", last_course_access=None, last_site_access=EPOCH)
    ascending = [name.split()[0] for name in names(parsed(claire, f"{URL}?sort=access"))]
    descending = [name.split()[0] for name in names(parsed(claire, f"{URL}?sort=-access"))]
    assert ascending == ["Never", "Neveratall", "Lastmonth", "Yesterday", "Unknown"]
    assert descending == ["Yesterday", "Lastmonth", "Neveratall", "Never", "Unknown"]


def test_by_the_platform_never_comes_first_and_unknown_last_in_either_direction(
    claire: Client, people: MakePeople, course: Course
) -> None:
    seen = {
        "Yesterday": NOW - timedelta(days=1),
        "Unknown": None,
        "Never": EPOCH,
        "Lastmonth": NOW - timedelta(days=30),
    }
    for name, moment in seen.items():
        people(1, participant=named(course, name, "Test"), last_site_access=moment, last_course_access=NOW)
    rising, falling = (parsed(claire, f"{URL}?sort={sort}") for sort in ("platform", "-platform"))
    assert [name.split()[0] for name in names(rising)] == ["Never", "Lastmonth", "Yesterday", "Unknown"]
    assert [name.split()[0] for name in names(falling)] == ["Yesterday", "Lastmonth", "Never", "Unknown"]
    [head] = falling.xpath("//th[@aria-sort]")
    assert head.get("aria-sort") == "descending"
    [link] = head.xpath(".//a[@data-sort='platform']")
    assert link.get("aria-label") == "Dernier accès à la plateforme"
    assert "plateforme vue" in falling.xpath("//tr[@data-row]")[0].text_content()
    assert "platform" not in claire.get(f"{URL}?columns=teacher,platform").context["roster"].display.columns


@pytest.mark.parametrize("sort", ["teacher", "place", "course", "access", "platform", "state", "contact", "next"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_every_order_is_total_so_pages_hold_everyone_once(
    claire: Client, people: MakePeople, course: Course, sort: str, sign: str
) -> None:
    same = {"follow_up__due_at": NOW, "last_site_access": NOW}
    made = people(30, **same)
    seen = [
        row.get("data-row")
        for page in (1, 2)
        for row in parsed(claire, f"{URL}?sort={sign}{sort}&page={page}").xpath("//tr[@data-row]")
    ]
    assert sorted(seen) == sorted(str(enrolment.pk) for enrolment in made)


@pytest.mark.parametrize("sort", ["teacher", "place", "course", "access", "platform", "state", "contact", "next"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_pages_read_from_the_end_are_the_same(
    claire: Client, people: MakePeople, monkeypatch: pytest.MonkeyPatch, sort: str, sign: str
) -> None:
    people(60, follow_up__due_at=NOW)
    pages = [f"{URL}?sort={sign}{sort}&page={number}" for number in (2, 3)]
    from_the_start = [names(parsed(claire, page)) for page in pages]
    monkeypatch.setattr(paging, "FAR", 10)
    assert [names(parsed(claire, page)) for page in pages] == from_the_start


def test_by_default_what_has_been_due_longest_comes_first(claire: Client, people: MakePeople, course: Course) -> None:
    waiting = {"follow_up__state": State.WAITING, "follow_up__due_at": None}
    people(1, participant=named(course, "Waits", "A"), **waiting)
    people(1, participant=named(course, "Soon", "A"), follow_up__due_at=NOW + timedelta(days=2))
    overdue = {"follow_up__state": State.CALLBACK, "follow_up__due_at": NOW - timedelta(days=2)}
    people(1, participant=named(course, "Overdue", "A"), **overdue)
    page = parsed(claire, URL)
    assert [name.split()[0] for name in names(page)] == ["Overdue", "Soon", "Waits"]
    assert len(page.xpath("//td[contains(@class, 'c-nx')]//*[contains(@class, 'danger')]")) == 1


def test_tiles_follow_the_other_filters_and_not_themselves(claire: Client, people: MakePeople) -> None:
    never, came = {"last_course_access": EPOCH}, {"last_course_access": NOW}
    people(2, **never)
    people(3, **never, follow_up__state=State.CONTACTED)
    people(4, **came, follow_up__state=State.CLOSED_IN, follow_up__due_at=None)
    page = parsed(claire, URL)
    assert (tile(page, "never_course"), tile(page, "active"), total(page)) == (5, 4, 9)
    page = parsed(claire, f"{URL}?access=never_course")
    assert (tile(page, "active"), tile(page, "todo"), tile(page, "closed_in"), total(page)) == (4, 2, 0, 5)
    page = parsed(claire, f"{URL}?state=contacted")
    assert (tile(page, "never_course"), tile(page, "active"), tile(page, "todo"), total(page)) == (3, 0, 2, 3)
    page = parsed(claire, f"{URL}?state=contacted&access=active")
    assert (tile(page, "never_course"), tile(page, "contacted"), total(page)) == (3, 0, 0)


@pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.LEFT, Standing.STAFF])
def test_those_who_do_not_count_are_out_of_lists_and_counts_but_findable(
    claire: Client, people: MakePeople, standing: Standing
) -> None:
    people(2)
    left = NOW if standing == Standing.LEFT else None
    people(1, standing=standing, left_at=left, follow_up=False if standing == Standing.STAFF else None)
    page = parsed(claire, URL)
    assert (total(page), tile(page, "never_course"), len(names(page))) == (2, 2, 2)
    page = parsed(claire, f"{URL}?presence={standing}")
    assert (total(page), len(names(page))) == (1, 1)


def test_a_group_filter_takes_several_and_those_without(
    claire: Client, people: MakePeople, tutor: User, course: Course, group: Group
) -> None:
    other = GroupFactory.create(course=course)
    AssignmentFactory(user=tutor, course=course)
    people(1)
    people(2, groups=[other, group])
    people(4, groups=[])
    assert total(parsed(claire, f"{URL}?group={group.pk}")) == 3
    assert total(parsed(claire, f"{URL}?group={other.pk}")) == 2
    assert total(parsed(claire, f"{URL}?group={other.pk}&group={group.pk}")) == 3
    assert total(parsed(claire, f"{URL}?group=none")) == 4
    assert total(parsed(claire, f"{URL}?group=none&group={other.pk}")) == 6


@pytest.mark.parametrize(
    "query",
    [
        "course=999999",
        "course=abc",
        "course=99999999999999999999999",
        "group=%00",
        "access=perhaps",
        "state=x",
        "presence=ghost",
        "sort=password",
        "sort=-",
        "page=0",
        "page=99999",
        "page=x",
        "open=999999",
        "open=-1",
        "open=99999999999999999999999999",
        "q=%00",
        "find_course=%00",
        "q=%25_'%22\\",
        "q=" + "x" * 500,
        "q=()",
        "group=-5&course=1e9",
    ],
)
def test_no_address_breaks_the_page(claire: Client, people: MakePeople, query: str) -> None:
    people(1)
    assert claire.get(f"{URL}?{query}").status_code == 200


def test_a_foreign_group_or_course_shows_nobody_else(
    claire: Client, people: MakePeople, other_tutor: User, course: Course
) -> None:
    people(1)
    foreign = GroupFactory.create(course=course)
    stranger = EnrolmentFactory.create(course=course, groups=[foreign])
    other_course = EnrolmentFactory.create().course
    for query in (f"group={foreign.pk}", f"course={other_course.pk}", f"q={stranger.participant.email}"):
        page = parsed(claire, f"{URL}?{query}")
        assert stranger.participant.full_name not in names(page)
    assert parsed(claire, f"{URL}?group={foreign.pk}").get_element_by_id("chips").find_class("warn")


def test_a_coordinator_sees_the_scope_and_counts_stay_true_after_a_write(
    client: Client, coordinator: User, people: MakePeople
) -> None:
    [enrolment, _other] = people(2)
    client.force_login(coordinator)
    assert tile(parsed(client, URL), "contacted") == 0
    client.post(reverse("dashboard:mark-contacted", args=[enrolment.pk]), {"version": 0})
    assert tile(parsed(client, URL), "contacted") == 1


def test_another_coordinator_sees_nobody(client: Client, other_coordinator: User, people: MakePeople) -> None:
    people(2)
    client.force_login(other_coordinator)
    assert names(parsed(client, URL)) == []


@pytest.mark.parametrize("persona", ["administrator", "observer"])
def test_named_people_are_not_for_every_role(client: Client, request: pytest.FixtureRequest, persona: str) -> None:
    client.force_login(request.getfixturevalue(persona))
    response = client.get(URL)
    assert response.status_code == 403
    assert "vg-app" in response.content.decode()


def test_a_tutor_without_assignment_is_told_so(client: Client, people: MakePeople) -> None:
    people(1)
    client.force_login(UserFactory.create())
    page = parsed(client, URL)
    assert names(page) == []
    assert page.xpath("//*[contains(@class, 'vg-empty')]//a[@href='/aide/relancer-et-appeler/']")


def test_a_nameless_account_says_so_and_names_are_escaped(claire: Client, people: MakePeople, course: Course) -> None:
    people(1, participant=ParticipantFactory(site=course.site, first_name="", last_name="", full_name=""))
    people(1, participant=named(course, "<b>Zoé", "& Co"))
    page = parsed(claire, f"{URL}?sort=teacher")
    assert "<b>Zoé & Co" in names(page)
    assert page.xpath("//a[contains(@class, 'name') and contains(@class, 'mut')]")
    assert not page.xpath("//tr//b[contains(., 'Zoé')]")


def test_sessions_sort_by_name_as_people_do(claire: Client, tutor: User) -> None:
    """«Éducation» before «Laïcité», wherever the database would put É; a new name sorts anew."""
    for name in ("Zones", "Éducation", "laïcité", "Sport"):
        enrolment = EnrolmentFactory(course__full_name=name)
        AssignmentFactory(user=tutor, course=enrolment.course)

    def order() -> list[str]:
        page = parsed(claire, f"{URL}?sort=course")
        return [cell.text_content().strip() for cell in page.xpath("//td[contains(@class,'c-ses')]/span[1]")]

    assert order() == ["Éducation", "laïcité", "Sport", "Zones"]
    course = Course.objects.get(full_name="Zones")
    course.full_name = "À la une"
    course.save(update_fields=["full_name"])
    assert order()[0] == "À la une"
