"""Unanswered calls are counted since the last conversation; after three at different times of day, another way."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from dashboard.calls.attempts import Attempts, attempts
from dashboard.enums import Kind, Outcome, State
from dashboard.follow_up import acts, moves, writing
from dashboard.models import Contact, FollowUp, Person
from moodle_sync.models import Enrolment
from tests.dashboard.calls.conftest import MakePeople
from tests.factories import EnrolmentFactory

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")
HTMX = {"HX-Request": "true"}


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, 30, tzinfo=PARIS)


def call(enrolment: Enrolment, user: User, outcome: Outcome, moment: datetime | None = None) -> None:
    follow_up = FollowUp.objects.get(enrolment=enrolment)
    person = enrolment.participant.account.person
    act = acts.log_call(
        person, [(follow_up, follow_up.version)], acts.Call(outcome, chosen=timezone.now() + timedelta(days=1)), by=user
    )
    if moment:
        Contact.objects.filter(act=act).update(created_at=moment)


def of(enrolment: Enrolment) -> Attempts:
    return attempts(enrolment.participant.account.person, PARIS)


def test_unanswered_calls_are_counted_over_all_courses(tutor: User, samira: User, people: MakePeople) -> None:
    [one] = people()
    other: Enrolment = EnrolmentFactory(participant__person=one.participant.account.person)
    call(one, samira, Outcome.NO_ANSWER)
    call(other, samira, Outcome.VOICEMAIL)
    call(one, samira, Outcome.THIRD_PARTY)
    assert of(one).next_number == 4
    call(one, tutor, Outcome.WRONG_NUMBER)
    assert of(one).next_number == 4, "nobody was called by it"


@pytest.mark.parametrize("outcome", [Outcome.WILL_CONNECT, Outcome.CALLBACK, Outcome.NEEDS_SUPPORT])
def test_a_conversation_starts_the_count_anew(tutor: User, people: MakePeople, outcome: Outcome) -> None:
    [one] = people()
    call(one, tutor, Outcome.NO_ANSWER)
    call(one, tutor, outcome)
    assert of(one).next_number == 1
    call(one, tutor, Outcome.NO_ANSWER)
    assert of(one).next_number == 2


def test_one_call_for_two_courses_is_one_attempt_and_an_undone_one_none(tutor: User, people: MakePeople) -> None:
    [one] = people()
    person = one.participant.account.person
    second = EnrolmentFactory(participant__person=person, follow_up__assignee=tutor)
    both = [(one.follow_up, 0), (second.follow_up, 0)]
    act = acts.log_call(person, both, acts.Call(Outcome.NO_ANSWER), by=tutor)
    assert of(one).next_number == 2
    moves.undo(act, by=tutor, among=[one.follow_up.pk, second.follow_up.pk])
    assert of(one).next_number == 1


@pytest.mark.parametrize(
    ("moments", "exhausted", "always"),
    [
        ([], False, ""),
        ([at(9, 9)], False, ""),
        ([at(9, 9), at(10, 10)], False, "morning"),
        ([at(9, 9), at(10, 10), at(11, 11)], False, "morning"),
        ([at(9, 14), at(10, 15)], False, "afternoon"),
        ([at(9, 9), at(10, 15)], False, ""),
        ([at(9, 9), at(10, 15), at(11, 9)], True, ""),
        ([at(9, 9), at(10, 15), at(11, 18)], True, ""),
    ],
)
def test_another_way_after_three_at_different_times(moments: list[datetime], exhausted: bool, always: str) -> None:
    told = Attempts(tuple(moments), PARIS)
    assert (told.exhausted, told.always_at) == (exhausted, always)


@pytest.fixture
def exhausted(tutor: User, people: MakePeople) -> Enrolment:
    [one] = people()
    for moment in (at(9, 9), at(10, 15), at(11, 18)):
        call(one, tutor, Outcome.NO_ANSWER, moment)
    return one


def test_the_file_proposes_to_write_and_notes_that_it_was_done(
    claire: Client, exhausted: Enrolment, tutor: User
) -> None:
    page = claire.get(reverse("dashboard:person", args=[exhausted.pk])).content.decode()
    assert "4e tentative" in page
    assert f"mailto:{exhausted.participant.email}" in page
    version = FollowUp.objects.get(enrolment=exhausted).version
    url = reverse("dashboard:call-wrote", args=[exhausted.pk])
    stale = claire.post(url, {f"version_{exhausted.pk}": version - 1}, headers=HTMX)
    assert stale.status_code == 422
    assert not Contact.objects.filter(kind=Kind.EMAIL).exists()
    assert claire.post(url, {f"version_{exhausted.pk}": version}, headers=HTMX).status_code == 200
    follow_up = FollowUp.objects.get(enrolment=exhausted)
    assert follow_up.state == State.REMINDED
    assert follow_up.due_at is not None
    assert Contact.objects.get(kind=Kind.EMAIL).author == tutor


@pytest.mark.parametrize(
    ("phone", "do_not_call", "state", "proposed"),
    [
        ("", False, State.TODO, True),
        ("", False, State.CONTACTED, False),
        ("06 39 98 41 27", False, State.TODO, False),
        ("06 39 98 41 27", True, State.TODO, True),
    ],
)
def test_who_has_no_number_to_call_is_proposed_to_be_written_to(
    claire: Client, people: MakePeople, phone: str, do_not_call: bool, state: State, proposed: bool
) -> None:
    [one] = people()
    one.participant.phone1 = phone
    one.participant.save()
    FollowUp.objects.filter(enrolment=one).update(state=state)
    Person.objects.filter(accounts__participant=one.participant).update(do_not_call=do_not_call)
    page = claire.get(reverse("dashboard:person", args=[one.pk])).content.decode()
    assert (reverse("dashboard:call-wrote", args=[one.pk]) in page) is proposed


def test_in_a_round_it_goes_on_with_the_next_person(
    claire: Client, exhausted: Enrolment, people: MakePeople, tutor: User
) -> None:
    [second] = people()
    claire.post(reverse("dashboard:call-start"), {"list": "roster", "query": "sort=next"})
    while (found := tutor.call_round) and found.current_id != exhausted.pk:
        claire.post(reverse("dashboard:call-skip", args=[found.current_id]))
        found.refresh_from_db()
    version = FollowUp.objects.get(enrolment=exhausted).version
    data = {f"version_{exhausted.pk}": version, "round": "1", "next": reverse("dashboard:call-mode")}
    response = claire.post(reverse("dashboard:call-wrote", args=[exhausted.pk]), data)
    assert response.headers["Location"] == reverse("dashboard:call-mode")
    found.refresh_from_db()
    assert found.current_id == second.pk


def test_who_was_written_to_lately_is_not_proposed_to_be_written_to(
    claire: Client, exhausted: Enrolment, tutor: User
) -> None:
    """Product law 6.3 where Vigie proposes; what was written all the same can still be noted elsewhere."""
    follow_up = FollowUp.objects.select_related("enrolment__course__site").get(enrolment=exhausted)
    writing.log_message([(follow_up, follow_up.version)], by=tutor)
    Contact.objects.filter(kind=Kind.EMAIL).update(created_at=timezone.now() - timedelta(days=2))
    page = claire.get(reverse("dashboard:person", args=[exhausted.pk])).content.decode()
    assert "Déjà écrit" in page
    assert reverse("dashboard:call-wrote", args=[exhausted.pk]) not in page
    Contact.objects.filter(kind=Kind.EMAIL).update(created_at=timezone.now() - timedelta(days=4))
    page = claire.get(reverse("dashboard:person", args=[exhausted.pk])).content.decode()
    assert reverse("dashboard:call-wrote", args=[exhausted.pk]) in page
