"""A number found wrong is never offered again, on any course or site, until the call that says so is undone."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from dashboard.enums import Outcome
from dashboard.follow_up import moves
from dashboard.models import BadNumber, Contact, ContactDetail, FollowUp
from dashboard.person.details import ways_to_reach
from dashboard.person.file import open_file
from moodle_sync.models import Enrolment
from tests.dashboard.calls.conftest import PHONE, MakePeople
from tests.factories import EnrolmentFactory

pytestmark = pytest.mark.django_db
SCHOOL = "+33549005712"


@pytest.fixture
def one(people: MakePeople, tutor: User) -> Enrolment:
    [one] = people()
    ContactDetail.objects.create(
        person=one.participant.account.person, kind="phone", value=SCHOOL, label="Collège",
        search_key="0549005712", added_by=tutor,
    )  # fmt: skip
    return one


@pytest.fixture
def elsewhere(one: Enrolment, tutor: User) -> Enrolment:
    """Another account of the person's, on another site, with the same number."""
    return EnrolmentFactory(
        participant__person=one.participant.account.person, participant__phone1="+33 6 39 98 41 27",
        follow_up__assignee=tutor,
    )  # fmt: skip


def report(client: Client, enrolment: Enrolment, outcome: Outcome = Outcome.WRONG_NUMBER, **changes: Any) -> None:
    follow_up = FollowUp.objects.get(enrolment=enrolment)
    data = {"outcome": outcome.value, f"version_{enrolment.pk}": follow_up.version} | changes
    assert client.post(reverse("dashboard:call", args=[enrolment.pk]), data).status_code == 302


def offered(user: User, enrolment: Enrolment) -> list[str]:
    return [way.digits for way in ways_to_reach(open_file(user, enrolment.pk)) if way.may_be_dialled]


def test_without_a_word_it_is_the_first_number(claire: Client, one: Enrolment, tutor: User) -> None:
    assert offered(tutor, one) == [PHONE, "0549005712"]
    report(claire, one)
    assert offered(tutor, one) == ["0549005712"]
    report(claire, one)
    assert offered(tutor, one) == []


def test_the_one_that_was_dialled_is_marked(claire: Client, one: Enrolment, tutor: User) -> None:
    report(claire, one, number="0549005712")
    assert offered(tutor, one) == [PHONE]
    report(claire, one, number="0612345678")
    assert offered(tutor, one) == [], "an unknown number says nothing: the first one then"


def test_it_stands_over_all_courses_and_sites(
    claire: Client, one: Enrolment, elsewhere: Enrolment, tutor: User
) -> None:
    report(claire, one)
    assert offered(tutor, elsewhere) == ["0549005712"]


def test_undo_brings_it_back(claire: Client, one: Enrolment, elsewhere: Enrolment, tutor: User) -> None:
    report(claire, one, Outcome.WRONG_NUMBER, also=[elsewhere.pk], **{f"version_{elsewhere.pk}": 0})
    assert BadNumber.objects.count() == 2
    act = Contact.objects.first().act  # type: ignore[union-attr]
    moves.undo(act, by=tutor, among=FollowUp.objects.values_list("pk", flat=True))
    assert offered(tutor, one) == [PHONE, "0549005712"]


def test_no_other_outcome_marks_it(claire: Client, one: Enrolment) -> None:
    for outcome in (Outcome.NO_ANSWER, Outcome.VOICEMAIL, Outcome.WILL_CONNECT):
        report(claire, one, outcome)
    assert not BadNumber.objects.exists()


def test_it_is_shown_struck_through_and_cannot_be_dialled(claire: Client, one: Enrolment) -> None:
    report(claire, one)
    page = claire.get(reverse("dashboard:person", args=[one.pk])).content.decode()
    assert '<s class="tn nw">06 39 98 41 27</s>' in page
    assert "tel:+33639984127" not in page
    assert f"tel:{SCHOOL}" in page


def test_a_person_without_number_can_be_reported_wrong_all_the_same(claire: Client, people: MakePeople) -> None:
    [one] = people(participant__phone1="")
    report(claire, one)
    assert not BadNumber.objects.exists()
