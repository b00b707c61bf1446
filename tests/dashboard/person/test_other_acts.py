"""«Other actions» of the file: closed by hand, taken up again, declared; what was removed is put back."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import User
from dashboard.enums import ClosedFor, Kind, State
from dashboard.follow_up import system
from dashboard.models import Contact, ContactDetail, FollowUp
from moodle_sync.models import Course, Enrolment

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client


def follow_up(enrolment: Enrolment) -> FollowUp:
    return FollowUp.objects.get(enrolment=enrolment)


def act(client: Client, name: str, enrolment: Enrolment, **data: object) -> int:
    data = {"version": follow_up(enrolment).version, **data}
    return client.post(reverse(f"dashboard:{name}", args=[enrolment.pk]), data, headers=HTMX).status_code


def offered(client: Client, enrolment: Enrolment) -> set[str]:
    page = html.fromstring(client.get(reverse("dashboard:person", args=[enrolment.pk])).content.decode())
    links = page.xpath("//footer//a/@href | //footer//form/@action")
    return {link.rstrip("/").rpartition("/")[2] for link in links}


def undo(client: Client, kind: Kind) -> None:
    url = reverse("dashboard:undo", args=[Contact.objects.get(kind=kind).act])
    assert client.post(url, headers=HTMX).status_code == 200


@pytest.mark.parametrize("reason", ["declined", "reassigned", "wrong"])
def test_closed_by_hand_with_its_reason_and_undone(claire: Client, enrolment: Enrolment, reason: str) -> None:
    before = follow_up(enrolment).due_at
    assert act(claire, "close-out", enrolment, reason=reason) == 200
    found = follow_up(enrolment)
    assert (found.state, found.closed_for, found.due_at) == (State.CLOSED_OUT, reason, None)
    assert Contact.objects.get().closed_for == reason
    undo(claire, Kind.CLOSED)
    assert (follow_up(enrolment).state, follow_up(enrolment).due_at) == (State.TODO, before)


def test_another_reason_is_said_in_words(claire: Client, enrolment: Enrolment) -> None:
    assert act(claire, "close-out", enrolment, reason="") == 422
    assert act(claire, "close-out", enrolment, reason="ended") == 422, "a fact, not a decision"
    assert act(claire, "close-out", enrolment, reason="other") == 422
    assert act(claire, "close-out", enrolment, reason="other", words="Retraite") == 200
    assert Contact.objects.get().note == "Retraite"


def test_somebody_was_faster(claire: Client, enrolment: Enrolment) -> None:
    assert act(claire, "close-out", enrolment, reason="declined", version=3) == 422
    assert follow_up(enrolment).state == State.TODO


def test_what_a_person_closed_is_taken_up_again(claire: Client, enrolment: Enrolment) -> None:
    act(claire, "close-out", enrolment, reason="declined")
    assert "rouvrir" in offered(claire, enrolment)
    assert act(claire, "reopen", enrolment) == 200
    found = follow_up(enrolment)
    assert (found.state, found.closed_for) == (State.TODO, "")
    assert found.due_at is not None
    assert found.due_at <= timezone.now()
    undo(claire, Kind.RESUMED)
    assert follow_up(enrolment).closed_for == ClosedFor.DECLINED


def test_before_the_opening_it_waits(claire: Client, enrolment: Enrolment) -> None:
    act(claire, "close-out", enrolment, reason="declined")
    Course.objects.filter(pk=enrolment.course.pk).update(start_date=timezone.now() + timedelta(days=2))
    act(claire, "reopen", enrolment)
    assert follow_up(enrolment).state == State.WAITING


@pytest.mark.parametrize("reason", ["left", "ended"])
def test_what_facts_closed_is_not_opened_by_hand(claire: Client, enrolment: Enrolment, reason: str) -> None:
    FollowUp.objects.filter(enrolment=enrolment).update(state=State.CLOSED_OUT, due_at=None, closed_for=reason)
    assert "rouvrir" not in offered(claire, enrolment)
    assert act(claire, "reopen", enrolment) == 422


def test_came_in_as_declared_only_where_moodle_does_not_tell(claire: Client, enrolment: Enrolment) -> None:
    assert "declarer" not in offered(claire, enrolment)
    assert act(claire, "declare-in", enrolment) == 422
    Enrolment.objects.filter(pk=enrolment.pk).update(last_course_access=None)
    assert "declarer" in offered(claire, enrolment)
    assert act(claire, "declare-in", enrolment) == 200
    assert follow_up(enrolment).state == State.CLOSED_IN
    system.after_read(enrolment.course)
    assert follow_up(enrolment).state == State.CLOSED_IN, "a read that does not tell changes nothing"
    undo(claire, Kind.DECLARED)
    assert follow_up(enrolment).state == State.TODO


def test_a_first_access_still_closes_what_was_closed_by_hand(claire: Client, enrolment: Enrolment) -> None:
    act(claire, "close-out", enrolment, reason="declined")
    Enrolment.objects.filter(pk=enrolment.pk).update(last_course_access=timezone.now())
    system.after_read(enrolment.course)
    assert follow_up(enrolment).state == State.CLOSED_IN


# Removed phones and addresses


@pytest.fixture
def detail(enrolment: Enrolment, tutor: User) -> ContactDetail:
    return ContactDetail.objects.create(
        person=enrolment.participant.account.person,
        kind="phone",
        value="+33639984100",
        search_key="0639984100",
        added_by=tutor,
    )


def remove(client: Client, detail: ContactDetail, **headers: str) -> str:
    return client.post(reverse("dashboard:remove-detail", args=[detail.pk]), headers=headers).content.decode()


def test_a_removed_number_is_put_back_by_the_message(claire: Client, detail: ContactDetail) -> None:
    page = html.fromstring(remove(claire, detail, **HTMX))
    [undo] = page.xpath("//div[contains(@class, 'vg-toast')]//form/@action")
    assert ContactDetail.objects.get().removed_at is not None
    assert claire.post(undo, headers=HTMX).status_code == 200
    kept = ContactDetail.objects.get()
    assert (kept.removed_at, kept.removed_by) == (None, None)


def test_and_by_the_file_for_a_day(claire: Client, enrolment: Enrolment, detail: ContactDetail) -> None:
    remove(claire, detail)
    url = reverse("dashboard:restore-detail", args=[detail.pk])
    file = reverse("dashboard:person", args=[enrolment.pk])
    assert url in claire.get(file).content.decode()
    ContactDetail.objects.update(removed_at=timezone.now() - timedelta(days=2))
    assert url not in claire.get(file).content.decode()


def test_typed_again_meanwhile_it_is_there_once(claire: Client, enrolment: Enrolment, detail: ContactDetail) -> None:
    remove(claire, detail)
    claire.post(reverse("dashboard:add-detail", args=[enrolment.pk]), {"value": "06 39 98 41 00"}, headers=HTMX)
    assert claire.post(reverse("dashboard:restore-detail", args=[detail.pk]), headers=HTMX).status_code == 200
    assert ContactDetail.objects.filter(removed_at=None).count() == 1
