"""In call mode too, what was done by mistake is taken back; and with whom a round begins."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import User
from dashboard.calls import leases
from dashboard.enums import State
from dashboard.models import CallRound, ContactDetail, FollowUp, Lease
from moodle_sync.models import Enrolment
from tests.dashboard.calls.conftest import MakePeople, logged_in

pytestmark = pytest.mark.django_db
MODE = "http://testserver/appels/"
TOAST = {"HX-Request": "true", "HX-Target": "toasts", "HX-Current-URL": MODE}


def start(client: Client, **data: Any) -> Any:
    data = {"list": "roster", "query": "sort=teacher"} | data
    return client.post(reverse("dashboard:call-start"), data, follow=True)


def current() -> int:
    """0: nobody."""
    return CallRound.objects.get().current_id or 0


def undo_of(response: Any) -> str:
    [form] = html.document_fromstring(response.content.decode()).xpath("//*[@id='toasts']//form")
    return str(form.get("action"))


def skip(client: Client, pk: int) -> Any:
    return client.post(reverse("dashboard:call-skip", args=[pk]), follow=True)


def person_of(enrolment: Enrolment) -> int:
    return int(enrolment.participant.account.person_id)


def test_who_was_skipped_comes_back_at_once(claire: Client, people: MakePeople, tutor: User) -> None:
    people(3)
    start(claire)
    first, left = current(), CallRound.objects.get().left
    undo = undo_of(skip(claire, first))
    second = current()
    assert second == left[0]
    assert claire.post(undo, headers=TOAST)["HX-Redirect"] == "/appels/"
    assert (current(), CallRound.objects.get().left) == (first, left), "and the next one is next again"
    assert Lease.objects.get().person_id == person_of(Enrolment.objects.get(pk=first)), "nobody else is held"
    assert "Trop tard" in claire.post(undo, headers=TOAST).content.decode(), "nobody is skipped any more"


def test_a_colleague_who_took_the_one_skipped_keeps_them(claire: Client, people: MakePeople, samira: User) -> None:
    people(3)
    start(claire)
    first = current()
    undo = undo_of(skip(claire, first))
    second = current()
    skipped = Enrolment.objects.get(pk=first)
    assert leases.take(skipped.participant.account.person, samira)
    claire.post(undo, headers=TOAST)
    assert current() == second
    assert Lease.objects.get(user=samira).person_id == person_of(skipped)


def test_a_paused_round_stays_paused(claire: Client, people: MakePeople) -> None:
    people(2)
    start(claire)
    first = current()
    undo = undo_of(skip(claire, first))
    claire.post(reverse("dashboard:call-pause"))
    claire.post(undo, headers=TOAST)
    assert (current(), CallRound.objects.get().left[0]) == (0, first)
    assert not Lease.objects.exists()


def test_a_number_added_in_a_call_is_taken_back(claire: Client, people: MakePeople) -> None:
    people(1)
    start(claire)
    added = claire.post(
        reverse("dashboard:call-add-detail", args=[current()]), {"value": "06 39 98 41 55"}, follow=True
    )
    assert ContactDetail.objects.get().removed_at is None
    assert claire.post(undo_of(added), headers=TOAST)["HX-Trigger"] == "acted", "the numbers are drawn anew"
    assert ContactDetail.objects.get().removed_at is not None
    shown = html.fromstring(claire.get("/appels/").content.decode()).get_element_by_id("dial")
    assert "06 39 98 41 55" not in shown.text_content()


def test_a_round_begins_with_whom_one_chose_and_goes_on_from_there(claire: Client, people: MakePeople) -> None:
    everybody = people(4)
    start(claire)
    order = [current(), *CallRound.objects.get().left]
    start(claire, first=str(order[2]))
    assert [current(), *CallRound.objects.get().left] == [order[2], order[3], order[0], order[1]]
    start(claire, first="abc")
    assert current() == order[0], "no number: from the beginning"
    assert len(everybody) == 4


def test_somebody_outside_the_list_is_called_before_it(claire: Client, people: MakePeople) -> None:
    one, *_others = people(3)
    FollowUp.objects.filter(enrolment=one).update(state=State.BLOCKED, due_at=timezone.now())
    start(claire, query="state=todo", first=str(one.pk))
    assert current() == one.pk
    assert CallRound.objects.get().total == 3


@pytest.mark.parametrize("why", ["closed", "stranger", "gone"])
def test_whom_one_may_not_call_now_begins_no_round(
    claire: Client, people: MakePeople, samira: User, other_tutor: User, why: str
) -> None:
    one, *_others = people(3)
    if why == "closed":
        FollowUp.objects.filter(enrolment=one).update(state=State.CLOSED_IN, due_at=None)
    client = logged_in(other_tutor) if why == "stranger" else claire
    first = "999999" if why == "gone" else str(one.pk)
    response = start(client, first=first, next="/enseignants/?state=todo")
    assert not CallRound.objects.exists()
    assert response.redirect_chain[-1][0] == "/enseignants/?state=todo"
    assert "pas à appeler" in response.content.decode()


def test_on_the_line_with_a_colleague_the_next_one_comes_and_it_is_said(
    claire: Client, people: MakePeople, samira: User
) -> None:
    one = people(2)[0]
    leases.take(one.participant.account.person, samira)
    response = start(claire, first=str(one.pk))
    assert current() not in {0, one.pk}
    assert "en ligne" in response.content.decode()
    assert one.pk in CallRound.objects.get().left
