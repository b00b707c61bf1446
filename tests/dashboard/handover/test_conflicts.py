"""Two hand the same people over at once: the second is told by whom and to whom, and loses neither ticks nor words."""

from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from lxml import html

from accounts.models import User
from dashboard.bulk import work
from dashboard.bulk.rules import Reason
from dashboard.enums import Kind, State
from dashboard.follow_up import acts, closing, moves
from dashboard.follow_up.handing import HandedMeanwhile, hand_over
from dashboard.models import BulkAct, Contact, FollowUp
from dashboard.selection.picked import picked
from moodle_sync.models import Enrolment, Group
from tests.dashboard.handover.test_handover import hand, tick
from tests.factories import EnrolmentFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Target": "panel"}


@pytest.fixture
def people(group: Group) -> list[Enrolment]:
    return [EnrolmentFactory(course=group.course, groups=[group]) for _n in range(3)]


def follow_up(enrolment: Enrolment) -> FollowUp:
    return FollowUp.objects.get(enrolment=enrolment)


def post(client: Client, ticks: list[str], to: User, reason: str = "congé") -> Any:
    return client.post(reverse("dashboard:handover"), {"people": ticks, "to": to.pk, "reason": reason})


def seen(people: list[Enrolment]) -> dict[int, int]:
    return {follow_up(one).pk: follow_up(one).version for one in people}


def page_of(response: Any) -> html.HtmlElement:
    assert response.status_code == 422
    return html.document_fromstring(response.content.decode())


def test_the_second_is_told_and_may_go_on_knowingly(
    claire: Client, samira: User, other_tutor: User, coordinator: User, people: list[Enrolment]
) -> None:
    ticks = list(map(tick, people))
    hand_over(seen(people[:2]), other_tutor, by=coordinator)
    page = page_of(post(claire, ticks, samira))
    assert not Contact.objects.filter(handed_to=samira).exists(), "all or none"
    told = page.xpath("string(//*[@role='alert'])")
    assert "Paul Guérin" in told
    assert "2 personnes" in told.replace("\u00a0", " ")
    assert "à Samir Belkacem" in told
    chosen = page.xpath("//input[@name='people'][@checked]/@value")
    assert sorted(chosen) == sorted(map(tick, people)), "ticked, with the versions of now"
    assert page.xpath("string(//select[@name='to']/option[@selected]/@value)") == str(samira.pk)
    assert page.xpath("string(//input[@name='reason']/@value)") == "congé"
    assert post(claire, chosen, samira).status_code == 302
    assert {follow_up(one).assignee for one in people} == {samira}


def test_what_happened_to_them_otherwise_is_no_conflict(
    claire: Client, tutor: User, samira: User, other_tutor: User, people: list[Enrolment]
) -> None:
    hand(claire, people, samira)
    ticks = list(map(tick, people))
    acts.mark_contacted(follow_up(people[0]), by=samira, version=follow_up(people[0]).version)
    acts.add_note(follow_up(people[1]), "Sonne occupé.", by=samira)
    assert post(claire, ticks, other_tutor).status_code == 302
    assert {follow_up(one).assignee for one in people} == {other_tutor}
    assert follow_up(people[0]).state == State.CONTACTED


def test_who_took_them_by_acting_first_is_a_conflict_too(
    claire: Client, samira: User, other_tutor: User, people: list[Enrolment]
) -> None:
    ticks = list(map(tick, people))
    acts.mark_contacted(follow_up(people[0]), by=samira, version=0)
    assert "Samira B." in page_of(post(claire, ticks, other_tutor)).xpath("string(//*[@role='alert'])")
    assert follow_up(people[0]).assignee == samira


def test_given_and_taken_back_meanwhile_is_as_it_was(
    claire: Client, samira: User, other_tutor: User, coordinator: User, people: list[Enrolment]
) -> None:
    ticks = list(map(tick, people))
    act, moved = hand_over(seen(people), other_tutor, by=coordinator)
    moves.undo(act, by=coordinator, among=[row.pk for row in moved])
    assert post(claire, ticks, samira).status_code == 302


def test_both_to_the_same_colleague_agree(
    claire: Client, other_tutor: User, coordinator: User, people: list[Enrolment]
) -> None:
    ticks = list(map(tick, people))
    hand_over(seen(people[:1]), other_tutor, by=coordinator)
    assert post(claire, ticks, other_tutor).status_code == 302
    assert Contact.objects.filter(kind=Kind.ASSIGNED).count() == 3


def test_who_was_closed_meanwhile_is_left_out_and_said(
    claire: Client, tutor: User, samira: User, people: list[Enrolment]
) -> None:
    ticks = list(map(tick, people))
    closing.close_out(follow_up(people[0]), 0, closing.BY_HAND[0], by=tutor)
    page = page_of(post(claire, ticks, samira))
    assert "1 personne " in page.xpath("string(//*[@role='alert'])").replace("\u00a0", " ")
    chosen = page.xpath("//input[@name='people'][@checked]/@value")
    assert sorted(chosen) == sorted(map(tick, people[1:]))


def test_from_the_file_the_form_comes_back(
    claire: Client, samira: User, other_tutor: User, coordinator: User, people: list[Enrolment]
) -> None:
    url, version = reverse("dashboard:hand-over", args=[people[0].pk]), follow_up(people[0]).version
    hand_over(seen(people[:1]), other_tutor, by=coordinator)
    typed = {"to": str(samira.pk), "reason": "mi-temps"}
    page = page_of(claire.post(url, typed | {"version": version}, headers=HTMX))
    assert "Paul G." in page.xpath("string(//*[@role='alert'])")
    [form] = [form for form in page.forms if form.get("action") == url]
    again = dict(form.form_values())
    assert typed.items() <= again.items()
    assert claire.post(url, again, headers=HTMX).status_code == 200
    assert follow_up(people[0]).assignee == samira


def test_a_version_that_never_was_is_a_conflict(tutor: User, other_tutor: User, people: list[Enrolment]) -> None:
    for version in (-1, 7):
        with pytest.raises(HandedMeanwhile):
            hand_over({follow_up(people[0]).pk: version}, other_tutor, by=tutor)


def test_a_handover_of_many_leaves_those_a_colleague_gave_away_and_says_so(
    tutor: User, samira: User, other_tutor: User, coordinator: User, people: list[Enrolment]
) -> None:
    rows = "&".join(f"row={tick(one)}" for one in people)
    hand_over(seen(people[:1]), other_tutor, by=coordinator)
    acts.add_note(follow_up(people[1]), "Sonne occupé.", by=coordinator)
    act = work.begin(picked(tutor, QueryDict(rows)), BulkAct.Name.ASSIGN, {"to": samira.pk, "reason": "congé"})
    assert act.skipped == {Reason.HANDED: [people[0].pk]}
    assert [follow_up(one).assignee for one in people] == [other_tutor, samira, samira]
