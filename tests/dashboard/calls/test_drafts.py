"""What is typed survives the page: kept per user and person, back in every form about the person, gone once saved."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import User
from dashboard import identity, tasks
from dashboard.calls import drafts
from dashboard.enums import Outcome
from dashboard.follow_up import acts
from dashboard.models import Draft, FollowUp, Lease, Person
from moodle_sync.models import Enrolment
from tests.dashboard.calls.conftest import MakePeople, logged_in
from tests.factories import EnrolmentFactory

pytestmark = pytest.mark.django_db
TYPED = {"note": "Préfère le midi.", "cause": "credentials", "knows_address": "no", "when": "7"}


@pytest.fixture
def one(people: MakePeople) -> Enrolment:
    return people()[0]


def keep(client: Client, enrolment: Enrolment, **changes: Any) -> Any:
    follow_up = FollowUp.objects.get(enrolment=enrolment)
    data = TYPED | {f"version_{enrolment.pk}": follow_up.version} | changes
    return client.post(reverse("dashboard:call-draft", args=[enrolment.pk]), data)


def form_of(client: Client, enrolment: Enrolment) -> html.HtmlElement:
    page = client.get(reverse("dashboard:person", args=[enrolment.pk])).content.decode()
    return html.fromstring(page).get_element_by_id("call-form")


def note_in(client: Client, enrolment: Enrolment) -> str:
    return str(form_of(client, enrolment).xpath("string(.//textarea)"))


def test_it_comes_back_whole(claire: Client, one: Enrolment) -> None:
    assert keep(claire, one, outcome="callback", callback_for="anyone", date="2031-05-04T10:30").status_code == 204
    form = form_of(claire, one)
    assert dict(form.form_values()) | {"outcome": "callback"} == dict(form.form_values())
    values = dict(form.form_values())
    assert values["note"] == TYPED["note"]
    assert (values["cause"], values["knows_address"], values["when"]) == ("credentials", "no", "7")
    assert (values["callback_for"], values["date"]) == ("anyone", "2031-05-04T10:30")
    assert form.xpath("//*[@name='forget']"), "and can be discarded"


def test_it_is_ones_own(claire: Client, samira: User, one: Enrolment) -> None:
    keep(claire, one)
    assert note_in(logged_in(samira), one) == ""
    assert note_in(claire, one) == TYPED["note"]


def test_it_is_about_the_person_and_their_ticked_courses_are_of_one_form(
    claire: Client, one: Enrolment, tutor: User
) -> None:
    person = one.participant.account.person
    second, third = (EnrolmentFactory(participant__person=person, follow_up__assignee=tutor) for _ in range(2))
    keep(claire, one, also=[second.pk])
    assert note_in(claire, second) == TYPED["note"]
    ticked = "//input[@name='also'][@checked]/@value"
    assert form_of(claire, one).xpath(ticked) == [str(second.pk)]
    assert set(form_of(claire, second).xpath(ticked)) == {str(one.pk), str(third.pk)}


def test_saving_the_call_ends_it_and_a_late_one_does_not_bring_it_back(claire: Client, one: Enrolment) -> None:
    keep(claire, one)
    version = FollowUp.objects.get(enrolment=one).version
    data = {"outcome": "voicemail", f"version_{one.pk}": version}
    claire.post(reverse("dashboard:call", args=[one.pk]), data)
    assert not Draft.objects.exists()
    keep(claire, one, **{f"version_{one.pk}": version})
    assert not Draft.objects.exists(), "sent by the page before it saved, arrived after"
    keep(claire, one)
    assert Draft.objects.exists(), "of the next call"


def test_it_survives_what_a_colleague_does(claire: Client, samira: User, one: Enrolment) -> None:
    keep(claire, one)
    acts.mark_contacted(one.follow_up, by=samira, version=0)
    keep(claire, one, note="Suite.", **{f"version_{one.pk}": 0})
    assert note_in(claire, one) == "Suite."


def test_nothing_typed_is_no_draft(claire: Client, one: Enrolment) -> None:
    keep(claire, one)
    keep(claire, one, note=" ", cause="", knows_address="unasked", when="3")
    assert not Draft.objects.exists()


def test_it_is_discarded_on_demand(claire: Client, one: Enrolment) -> None:
    keep(claire, one)
    assert keep(claire, one, forget="1").status_code == 302
    assert note_in(claire, one) == ""


TOAST = {"HX-Request": "true", "HX-Target": "toasts"}


def test_discarding_is_taken_back_until_something_else_is_typed(claire: Client, one: Enrolment) -> None:
    keep(claire, one)
    keep(claire, one, forget="1")
    back = reverse("dashboard:draft-back", args=[one.pk])
    keep(claire, one, note="", cause="", outcome="", knows_address="")  # the page leaves with its blank form
    assert claire.post(back, headers=TOAST).status_code == 200
    assert note_in(claire, one) == TYPED["note"]
    keep(claire, one, forget="1")
    keep(claire, one, note="Autre chose.")
    assert "Trop tard" in claire.post(back, headers=TOAST).content.decode()
    assert note_in(claire, one) == "Autre chose."


def test_what_was_discarded_is_kept_for_a_day(claire: Client, one: Enrolment) -> None:
    keep(claire, one)
    keep(claire, one, forget="1")
    assert tasks.forget_drafts() == 0
    Draft.objects.update(dropped_at=timezone.now() - drafts.DROPPED_FOR - timedelta(minutes=1))
    assert tasks.forget_drafts() == 1


def test_what_is_kept_is_bounded_and_only_the_forms_own_fields(claire: Client, one: Enrolment) -> None:
    keep(claire, one, note="x" * 5000, phone="0639984127", csrfmiddlewaretoken="secret")
    answers = Draft.objects.get().answers
    assert len(answers["note"][0]) == drafts.LONGEST
    assert answers.keys() <= {*drafts.KEPT, "enrolment"}


def test_it_is_purged_after_thirty_days(claire: Client, one: Enrolment, people: MakePeople, tutor: User) -> None:
    [other] = people()
    keep(claire, one)
    keep(claire, other)
    old = timezone.now() - drafts.KEPT_FOR - timedelta(minutes=1)
    Draft.objects.filter(person=one.participant.account.person).update(updated_at=old)
    Lease.objects.create(person=one.participant.account.person, user=tutor, expires_at=old)
    assert tasks.forget_drafts() == 1
    assert Draft.objects.get().person == other.participant.account.person
    assert not Lease.objects.exists()


def test_it_goes_with_the_person(claire: Client, one: Enrolment) -> None:
    keep(claire, one)
    Person.objects.filter(pk=one.participant.account.person_id).delete()
    assert not Draft.objects.exists()


def test_it_follows_a_file_that_is_joined(claire: Client, one: Enrolment, people: MakePeople, tutor: User) -> None:
    [other] = people()
    keep(claire, other)
    kept, gone = one.participant.account.person, other.participant.account.person
    Lease.objects.create(person=gone, user=tutor, expires_at=timezone.now() + timedelta(minutes=5))
    identity.merge(kept, gone, accounts={one.participant_id, other.participant_id}, by=tutor)
    assert note_in(claire, one) == TYPED["note"]
    assert Lease.objects.get().person == kept


def test_a_refusal_keeps_the_text_too(claire: Client, one: Enrolment) -> None:
    data = {"outcome": Outcome.CALLBACK.value, "note": "Mardi ?", f"version_{one.pk}": 0}
    response = claire.post(reverse("dashboard:call", args=[one.pk]), data)
    assert response.status_code == 422
    assert "Mardi ?" in response.content.decode()


def test_notes_are_in_no_log(claire: Client, one: Enrolment, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        keep(claire, one)
        claire.post(reverse("dashboard:call-draft", args=[0]), TYPED)
    assert "midi" not in "".join(
        record.getMessage() for record in caplog.records if record.name != "django.db.backends"
    )
