"""Reporting a call: one act over the person's open courses, all or none, never over what was not seen."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import User
from dashboard.enums import OPEN_STATES, Cause, Kind, Outcome, State
from dashboard.follow_up import acts
from dashboard.follow_up.rules import start_of_day
from dashboard.models import Contact, FollowUp, Person
from moodle_sync.enums import Standing
from moodle_sync.models import Enrolment, Group
from tests.factories import CourseFactory, EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def enrolment(group: Group) -> Enrolment:
    return EnrolmentFactory(course=group.course, groups=[group])


@pytest.fixture
def person(enrolment: Enrolment) -> Person:
    return enrolment.participant.account.person


@pytest.fixture
def second(person: Person, tutor: User) -> Enrolment:
    """The same person in another course of Claire's."""
    return EnrolmentFactory(participant__person=person, follow_up__assignee=tutor, course__full_name="Laïcité")


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client


def form_of(client: Client, enrolment: Enrolment) -> html.HtmlElement:
    response = client.get(reverse("dashboard:call", args=[enrolment.pk]))
    return html.fromstring(response.content.decode()).xpath("//form[@id='call-form']")[0]


def fields_of(form: html.HtmlElement) -> dict[str, Any]:
    """What a browser would send of the form as it stands."""
    fields: dict[str, list[str]] = {}
    for name, value in form.form_values():
        fields.setdefault(name, []).append(value)
    return fields


def post(client: Client, enrolment: Enrolment, data: dict[str, Any], **headers: str) -> Any:
    return client.post(reverse("dashboard:call", args=[enrolment.pk]), data, headers=HTMX | headers)


def report(client: Client, enrolment: Enrolment, outcome: Outcome, **changes: Any) -> Any:
    return post(client, enrolment, fields_of(form_of(client, enrolment)) | {"outcome": outcome.value} | changes)


def local(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def test_a_call_is_saved_with_all_that_was_said(claire: Client, enrolment: Enrolment, tutor: User) -> None:
    response = report(claire, enrolment, Outcome.WILL_CONNECT, cause=Cause.CREDENTIALS.value, note="Le midi.")
    assert response.status_code == 200
    entry = Contact.objects.get()
    assert (entry.kind, entry.outcome, entry.cause, entry.note, entry.author) == (
        Kind.CALL,
        Outcome.WILL_CONNECT,
        Cause.CREDENTIALS,
        "Le midi.",
        tutor,
    )
    assert FollowUp.objects.get(enrolment=enrolment).state == State.CONTACTED
    assert b"data-panel" in response.content, "the fresh panel comes along"


def test_without_script_it_works_by_redirect(claire: Client, enrolment: Enrolment) -> None:
    data = fields_of(form_of(claire, enrolment)) | {"outcome": "voicemail"}
    response = claire.post(reverse("dashboard:call", args=[enrolment.pk]), data)
    assert response.status_code == 302
    assert response.headers["Location"] == reverse("dashboard:person", args=[enrolment.pk])
    assert Contact.objects.get().outcome == Outcome.VOICEMAIL


def test_every_outcome_has_a_key_and_stands_in_its_group(claire: Client, enrolment: Enrolment) -> None:
    reached, missed = form_of(claire, enrolment).xpath(".//div[@class='vg-outc']/div")
    assert reached.xpath(".//input/@data-key") == list("12345")
    assert missed.xpath(".//input/@data-key") == list("67890")
    assert [*reached.xpath(".//input/@value"), *missed.xpath(".//input/@value")] == Outcome.values
    assert [kbd.text for kbd in [*reached.xpath(".//kbd"), *missed.xpath(".//kbd")]] == list("1234567890")


def test_a_call_counts_for_the_open_courses_that_stay_ticked(
    claire: Client, enrolment: Enrolment, second: Enrolment
) -> None:
    form = form_of(claire, enrolment)
    assert form.xpath(".//input[@name='also'][@checked]/@value") == [str(second.pk)]
    report(claire, enrolment, Outcome.WILL_CONNECT)
    assert set(Contact.objects.values_list("follow_up__enrolment", flat=True)) == {enrolment.pk, second.pk}
    assert Contact.objects.values("act").distinct().count() == 1
    report(claire, enrolment, Outcome.VOICEMAIL, also=[])
    assert Contact.objects.get(outcome=Outcome.VOICEMAIL).follow_up.enrolment == enrolment


@pytest.mark.parametrize("state", [state for state in State if state not in OPEN_STATES])
def test_closed_courses_are_not_offered_but_the_files_own_is_included(
    claire: Client, enrolment: Enrolment, second: Enrolment, state: State
) -> None:
    FollowUp.objects.update(state=state, due_at=None, closed_for="declined")
    assert not form_of(claire, enrolment).xpath(".//input[@name='also']")
    report(claire, enrolment, Outcome.CONNECTED_LIVE)
    assert Contact.objects.get().follow_up.enrolment == enrolment


def test_courses_that_were_left_or_lie_out_of_scope_are_not_offered(
    claire: Client, enrolment: Enrolment, person: Person, second: Enrolment
) -> None:
    EnrolmentFactory(participant__person=person, course=CourseFactory())
    Enrolment.objects.filter(pk=second.pk).update(standing=Standing.LEFT, left_at=timezone.now())
    assert not form_of(claire, enrolment).xpath(".//input[@name='also']")


def test_a_strangers_course_cannot_be_smuggled_in(claire: Client, enrolment: Enrolment, person: Person) -> None:
    hidden = EnrolmentFactory(participant__person=person, course=CourseFactory())
    unrelated = EnrolmentFactory(course=enrolment.course, groups=list(enrolment.groups.all()))
    for other in (hidden, unrelated):
        response = report(claire, enrolment, Outcome.VOICEMAIL, also=[other.pk], **{f"version_{other.pk}": 0})
        assert response.status_code == 422
    assert not Contact.objects.exists()


def refused(response: Any) -> html.HtmlElement:
    assert response.status_code == 422
    assert not Contact.objects.filter(kind=Kind.CALL).exists()
    return html.fromstring(response.content.decode())


def test_without_outcome_the_form_stays_with_what_was_typed(
    claire: Client, enrolment: Enrolment, second: Enrolment
) -> None:
    data = fields_of(form_of(claire, enrolment)) | {
        "note": "Texte <b>gardé</b>",
        "cause": "no_time",
        "when": "7",
        "also": [],
    }
    page = refused(post(claire, enrolment, data))
    [error] = page.xpath("//*[@id='call-outcome-error']")
    assert error.text_content().strip()
    assert page.xpath("//textarea[@id='call-note']")[0].text == "Texte <b>gardé</b>"
    assert page.xpath("//select[@id='call-cause']/option[@selected]/@value") == ["no_time"]
    assert page.xpath("//input[@name='when'][@checked]/@value") == ["7"]
    assert page.xpath("//input[@name='also']/@value") == [str(second.pk)]
    assert not page.xpath("//input[@name='also'][@checked]")


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_a_callback_needs_its_date(claire: Client, enrolment: Enrolment, headers: dict[str, str]) -> None:
    data = fields_of(form_of(claire, enrolment)) | {"outcome": "callback", "note": "Après 17 h."}
    page = refused(claire.post(reverse("dashboard:call", args=[enrolment.pk]), data, headers=headers))
    assert page.xpath("//*[@id='call-date-error']")
    assert page.xpath("//textarea[@id='call-note']")[0].text == "Après 17 h."
    assert page.xpath("//input[@name='outcome'][@checked]/@value") == ["callback"]


@pytest.mark.parametrize("date", ["", "hier", "2020-01-01T10:00"])
def test_a_date_must_be_one_and_lie_ahead(claire: Client, enrolment: Enrolment, date: str) -> None:
    page = refused(report(claire, enrolment, Outcome.CALLBACK, when="date", date=date))
    assert page.xpath("//input[@id='call-date'][@aria-invalid='true']/@value") == [date]


def test_the_agreed_moment_is_one_of_the_sites_time_zone(claire: Client, enrolment: Enrolment) -> None:
    site = enrolment.course.site
    site.time_zone = "Pacific/Noumea"
    site.save()
    agreed = (
        (timezone.now() + timedelta(days=3)).astimezone(site.zone).replace(hour=17, minute=0, second=0, microsecond=0)
    )
    typed = agreed.strftime("%Y-%m-%dT%H:%M")
    assert report(claire, enrolment, Outcome.CALLBACK, when="date", date=typed).status_code == 200
    follow_up = FollowUp.objects.get(enrolment=enrolment)
    assert (follow_up.state, follow_up.due_at) == (State.CALLBACK, agreed)


@pytest.mark.parametrize("days", [1, 3, 7])
def test_quick_picks_are_days_of_the_site(claire: Client, enrolment: Enrolment, days: int) -> None:
    day = start_of_day(timezone.now(), enrolment.course.site.zone, days=days)
    for outcome, due in ((Outcome.VOICEMAIL, day), (Outcome.CALLBACK, day + timedelta(hours=9))):
        assert report(claire, enrolment, outcome, when=str(days)).status_code == 200
        assert FollowUp.objects.get(enrolment=enrolment).due_at == due


def test_whoever_does_not_want_to_be_called_is_marked(claire: Client, enrolment: Enrolment, person: Person) -> None:
    report(claire, enrolment, Outcome.DO_NOT_CALL)
    person.refresh_from_db()
    assert person.do_not_call


def test_when_somebody_was_faster_nothing_is_lost_and_saving_again_works(
    claire: Client, enrolment: Enrolment, second: Enrolment
) -> None:
    data = fields_of(form_of(claire, enrolment)) | {"outcome": "will_connect", "note": "Mon texte."}
    samira: User = UserFactory(first_name="Samira", last_name="Benali")
    acts.mark_contacted(FollowUp.objects.get(enrolment=second), by=samira, version=0)
    page = refused(post(claire, enrolment, data))
    [form] = page.xpath("//form[@id='call-form']")
    assert form.xpath(".//*[@role='alert']")
    assert "Samira B." in page.text_content(), "the timeline shows who was faster"
    again = fields_of(form)
    assert (again["note"], again["outcome"]) == (["Mon texte."], ["will_connect"])
    assert post(claire, enrolment, again).status_code == 200
    assert Contact.objects.filter(kind=Kind.CALL, note="Mon texte.").count() == 2


def test_a_course_that_closed_meanwhile_is_not_called_about_unknowingly(
    claire: Client, enrolment: Enrolment, second: Enrolment
) -> None:
    data = fields_of(form_of(claire, enrolment)) | {"outcome": "will_connect"}
    FollowUp.objects.filter(enrolment=second).update(state=State.CLOSED_IN, due_at=None, version=1)
    page = refused(post(claire, enrolment, data))
    again = fields_of(page.xpath("//form[@id='call-form']")[0])
    assert "also" not in again
    assert post(claire, enrolment, again).status_code == 200
    assert FollowUp.objects.get(enrolment=second).state == State.CLOSED_IN


@pytest.mark.parametrize("version", [None, "", "-1", "un"])
def test_a_version_that_was_not_shown_saves_nothing(claire: Client, enrolment: Enrolment, version: str | None) -> None:
    data = fields_of(form_of(claire, enrolment)) | {"outcome": "voicemail"}
    data.pop(f"version_{enrolment.pk}")
    if version is not None:
        data[f"version_{enrolment.pk}"] = version
    refused(post(claire, enrolment, data))
