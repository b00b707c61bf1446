"""Laws of the search from anywhere: who is found by what, and that a stranger never is."""

from urllib.parse import urlencode

import pytest
from django.test import Client
from lxml import html
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from dashboard.models import ContactDetail, PersonAccount
from dashboard.search import finding
from moodle_sync.enums import Standing
from moodle_sync.models import Course, Group, Participant
from moodle_sync.text import search_key
from tests.factories import CourseFactory, EnrolmentFactory, GroupFactory, ParticipantFactory

URL = "/recherche/"
BELOW = {"HX-Request": "true", "HX-Target": "found"}


@pytest.fixture(params=["few", "many"])
def scope(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, coordinator: User, tutor: User) -> User:
    """Both ways to look: at each of a tutor's people, and by the index of everybody's names."""
    if request.param == "few":
        return tutor
    monkeypatch.setattr(finding, "FEW", -1)
    return coordinator


@pytest.fixture
def helene(course: Course, group: Group) -> Participant:
    school = "Collège des Tilleuls"
    person: Participant = ParticipantFactory(
        site=course.site, first_name="Hélène", last_name="Ngô Tran", full_name="Hélène Ngô Tran",
        email="h.ngo@ac-test.example.org", phone1="06.39.98.41.27", institution=school,
        search_key=search_key(
            names=["Hélène Ngô Tran", school], email="h.ngo@ac-test.example.org", phones=["06.39.98.41.27"]
        ),
    )  # fmt: skip
    EnrolmentFactory.create(course=course, participant=person, groups=[group])
    EnrolmentFactory.create_batch(2, course=course, groups=[group])
    return person


def found(client: Client, user: User, query: str) -> list[str]:
    client.force_login(user)
    response = client.get(f"{URL}?{urlencode({'q': query})}", headers=BELOW)
    assert response.status_code == 200
    page = html.fragment_fromstring(response.content.decode(), create_parent=True)
    return [name.text_content() for name in page.xpath("//a[@class='vg-foundname']/b")]


@pytest.mark.parametrize(
    "query",
    ["helene", "HÉLÈNE", "ngo", "ng", "tran helene", "Hélène Ngô", "h.ngo@", "ac-test.example.org helene", "0639984127",
     "06 39 98 41 27", "+33 6 39 98 41 27", "+33639984127", "0033 6 39 98 41 27", "+33 (0)6 39 98", "984127",
     "33639984127", "Ngo-Tran", "tran (hélène)", "Ngô Tran, Hélène <h.ngo@ac-test.example.org>;", "tran 06 39 98 41 27",
     "tilleuls", "college des tilleuls"],
)  # fmt: skip
def test_by_name_in_either_order_fragment_address_phone_and_school(
    client: Client, scope: User, helene: Participant, query: str
) -> None:
    assert found(client, scope, query) == ["Hélène Ngô Tran"]


@pytest.mark.parametrize("query", ["zzyzx", "helene zzyzx", "06 39 98 99 99"])
def test_nobody_is_said_to_be_nobody(client: Client, scope: User, helene: Participant, query: str) -> None:
    assert found(client, scope, query) == []


@pytest.mark.parametrize("query", ["", "  ", "h", "é", "+", "%", "_", "\0", "<>", "-", "'h"])
def test_less_than_two_letters_find_nobody(client: Client, scope: User, helene: Participant, query: str) -> None:
    assert found(client, scope, query) == []


@pytest.mark.parametrize(
    ("kind", "value", "key", "query"),
    [
        ("phone", "05 49 00 57 12", "0549005712", "+33 5 49 00 57 12"),
        ("email", "perso@mail.example.org", "perso@mail.example.org", "PERSO@mail"),
        ("email", "perso@mail.example.org", "perso@mail.example.org", "Hélène Ngô <perso@mail.example.org>"),
        ("school", "Lycée du Marais", "lycee du marais", "Lycée Marais"),
        ("phone", "05 49 00 57 12", "0549005712", "Ngo 05 49 00 57 12"),
    ],
)
def test_by_what_a_colleague_typed_until_it_is_removed(
    client: Client, scope: User, helene: Participant, kind: str, value: str, key: str, query: str
) -> None:
    detail = ContactDetail.objects.create(
        person=helene.account.person, kind=kind, value=value, search_key=key, added_by=scope
    )
    assert found(client, scope, query) == ["Hélène Ngô Tran"]
    detail.removed_at = detail.added_at
    detail.save()
    assert found(client, scope, query) == []


def test_a_person_is_found_once_with_all_the_courses_of_the_scope(
    client: Client, coordinator: User, helene: Participant, course: Course
) -> None:
    elsewhere = CourseFactory.create()
    other: Participant = ParticipantFactory(site=elsewhere.site, full_name="Hélène Tran", first_name="Hélène")
    PersonAccount.objects.filter(pk=other.pk).update(person=helene.account.person_id)
    EnrolmentFactory.create(course=elsewhere, participant=other)
    client.force_login(coordinator)
    response = client.get(f"{URL}?q=helene", headers=BELOW)
    page = html.fragment_fromstring(response.content.decode(), create_parent=True)
    assert len(page.xpath("//a[@class='vg-foundname']")) == 1
    text = page.text_content()
    assert course.full_name in text
    assert elsewhere.full_name in text
    assert elsewhere.site.name in text  # two sites: which is which is said


def test_a_stranger_is_never_found(
    client: Client,
    tutor: User,
    other_tutor: User,
    other_coordinator: User,
    course: Course,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = EnrolmentFactory.create(
        course=course, groups=[GroupFactory.create(course=course)], participant__full_name="Personne Inconnue"
    )
    unfollowed = CourseFactory.create(followed=False)
    EnrolmentFactory.create(course=unfollowed, participant=alone.participant)
    for few in (finding.FEW, -1):
        monkeypatch.setattr(finding, "FEW", few)
        for user in (tutor, other_tutor, other_coordinator):
            assert found(client, user, "inconnue") == []


def test_courses_outside_the_scope_are_not_told(
    client: Client, tutor: User, helene: Participant, course: Course
) -> None:
    hidden = CourseFactory.create(site=course.site, full_name="Session secrète")
    EnrolmentFactory.create(course=hidden, participant=helene)
    client.force_login(tutor)
    assert b"secr" not in client.get(f"{URL}?q=helene").content


def test_who_left_is_found_and_said_to_have_left(client: Client, tutor: User, group: Group) -> None:
    EnrolmentFactory.create(
        course=group.course, groups=[group], standing=Standing.LEFT, participant__full_name="Partie Ailleurs"
    )
    client.force_login(tutor)
    assert str(Standing.LEFT.label) in client.get(f"{URL}?q=partie").content.decode()


def test_last_names_come_before_first_names_and_addresses(client: Client, scope: User, group: Group) -> None:
    for first, last in (("Martin", "Aubert"), ("Zoé", "Martin"), ("Anne", "Dumartin")):
        EnrolmentFactory.create(
            course=group.course, groups=[group], participant__first_name=first, participant__last_name=last
        )
    assert found(client, scope, "martin") == ["Zoé Martin", "Martin Aubert", "Anne Dumartin"]


def test_too_many_are_cut_and_said_to_be(client: Client, scope: User, group: Group) -> None:
    people = EnrolmentFactory.create_batch(9, course=group.course, groups=[group], participant__last_name="Roussel")
    assert len(found(client, scope, "roussel")) == 7
    page = client.get(f"{URL}?q=roussel").content.decode()
    assert page.count("vg-foundname") == len(people)


@pytest.mark.parametrize("rows", [1, 7])
def test_the_number_of_queries_does_not_grow(
    client: Client, scope: User, group: Group, rows: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    EnrolmentFactory.create_batch(rows, course=group.course, groups=[group], participant__last_name="Roussel")
    client.force_login(scope)
    with django_assert_max_num_queries(11):
        client.get(f"{URL}?q=roussel", headers=BELOW)


def test_a_name_is_escaped(client: Client, tutor: User, group: Group) -> None:
    EnrolmentFactory.create(course=group.course, groups=[group], participant__full_name="<b>Gras</b>")
    assert found(client, tutor, "gras") == ["<b>Gras</b>"]
