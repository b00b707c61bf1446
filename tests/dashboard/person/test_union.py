"""Joining and separating files from the panel: who may, what is shown, what comes back."""

import pytest
from django.test import Client
from django.urls import reverse
from lxml import html

from accounts.models import User
from dashboard.follow_up import acts
from dashboard.models import ContactDetail, FollowUp, Person, PersonAccount, PersonChange
from moodle_sync.models import Enrolment, Group, Participant
from tests.factories import CourseFactory, EnrolmentFactory, ParticipantFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client


@pytest.fixture
def twin(group: Group) -> Enrolment:
    """The same human's other account, in Claire's group too."""
    return EnrolmentFactory(
        course=group.course,
        groups=[group],
        participant__first_name="Camille",
        participant__last_name="Ferrand-Petit",
        participant__email="c.ferrand@ac-nord.example.org",
    )


@pytest.fixture
def hidden_account(person: Person) -> Participant:
    """An account of Camille's in a course that Claire does not follow."""
    course = CourseFactory(full_name="Session confidentielle")
    account = ParticipantFactory(site=course.site, person=person, email="secret@example.org")
    EnrolmentFactory(course=course, participant=account)
    return account


def join_url(enrolment: Enrolment, other: Enrolment) -> str:
    return reverse("dashboard:join", args=[enrolment.pk, other.pk])


def post_form(client: Client, url: str, **more: object) -> html.HtmlElement:
    """Press the button of the confirmation, with what it shows."""
    page = html.fromstring(client.get(url, headers=HTMX).content)
    shown = [field.get("value") for field in page.xpath("//input[@name='account']")]
    response = client.post(url, {"account": shown, **more}, headers=HTMX)
    assert response.status_code == 200
    return html.fromstring(response.content)


def owner(enrolment: Enrolment) -> int:
    return PersonAccount.objects.get(pk=enrolment.participant_id).person_id


def test_search_finds_only_whom_the_user_may_see(
    claire: Client, enrolment: Enrolment, twin: Enrolment, other_tutor: User
) -> None:
    theirs = EnrolmentFactory(course=twin.course, participant__last_name="Ferrand", participant__first_name="Samuel")
    Participant.objects.filter(pk=theirs.participant_id).update(search_key="samuel ferrand")
    url = reverse("dashboard:join-search", args=[enrolment.pk])
    page = claire.get(url, {"q": "ferrand"}).content.decode()
    assert join_url(enrolment, twin) in page
    assert join_url(enrolment, theirs) not in page
    assert join_url(enrolment, enrolment) not in page
    assert claire.get(join_url(enrolment, theirs)).status_code == 404


def test_without_a_query_the_same_name_or_address_is_proposed(
    claire: Client, enrolment: Enrolment, twin: Enrolment
) -> None:
    url = reverse("dashboard:join-search", args=[enrolment.pk])
    assert join_url(enrolment, twin) not in claire.get(url).content.decode()
    Participant.objects.filter(pk=twin.participant_id).update(email="Camille.Ferrand@ac-test.example.org")
    assert join_url(enrolment, twin) in claire.get(url).content.decode()


def test_joined_the_panel_shows_both_courses_and_one_timeline(
    claire: Client, tutor: User, enrolment: Enrolment, twin: Enrolment
) -> None:
    for one in (enrolment, twin):
        acts.add_note(FollowUp.objects.get(enrolment=one), f"Note {one.pk}.", by=tutor)
    shown = post_form(claire, join_url(enrolment, twin)).text_content()
    assert owner(enrolment) == owner(twin)
    assert f"Note {enrolment.pk}." in shown
    assert f"Note {twin.pk}." in shown


def test_undo_is_in_the_panel_and_brings_two_files_back(claire: Client, enrolment: Enrolment, twin: Enrolment) -> None:
    shown = post_form(claire, join_url(enrolment, twin))
    [action] = shown.xpath("//aside//form[contains(@action, '/identites/')]/@action")
    assert shown.xpath("//*[@id='toasts']//form/@action") == [action], "and in the toast"
    assert claire.post(action, headers=HTMX).status_code == 200
    assert owner(enrolment) != owner(twin)
    again = claire.post(action, headers=HTMX)
    assert again.status_code == 200
    assert owner(enrolment) != owner(twin), "a second undo changes nothing"


def test_separated_with_the_details_chosen(claire: Client, tutor: User, enrolment: Enrolment, twin: Enrolment) -> None:
    post_form(claire, join_url(enrolment, twin))
    detail = ContactDetail.objects.create(
        person_id=owner(enrolment), kind="phone", value="+33639984100", search_key="0639984100", added_by=tutor
    )
    post_form(claire, reverse("dashboard:separate", args=[twin.pk]), detail=[detail.pk])
    assert owner(enrolment) != owner(twin)
    detail.refresh_from_db()
    assert detail.person_id == owner(twin)


def test_a_tutor_who_does_not_see_all_accounts_changes_nothing(
    claire: Client, enrolment: Enrolment, twin: Enrolment, hidden_account: Participant
) -> None:
    panel = claire.get(reverse("dashboard:person", args=[enrolment.pk])).content.decode()
    for url in (
        reverse("dashboard:join-search", args=[enrolment.pk]),
        reverse("dashboard:separate", args=[enrolment.pk]),
        join_url(enrolment, twin),
        join_url(twin, enrolment),
    ):
        assert url not in panel
        assert claire.get(url).status_code == 403
        ids = list(PersonAccount.objects.values_list("pk", flat=True))
        assert claire.post(url, {"account": ids}).status_code in {403, 405}
    assert "secret@example.org" not in panel
    assert not PersonChange.objects.exists()


def test_a_coordinator_joins_across_tutors_and_is_told_of_what_stays_out_of_sight(
    client: Client, coordinator: User, enrolment: Enrolment, twin: Enrolment, hidden_account: Participant
) -> None:
    client.force_login(coordinator)
    post_form(client, join_url(twin, enrolment))
    assert owner(enrolment) == owner(twin)


def test_what_changed_since_it_was_shown_is_shown_again(claire: Client, enrolment: Enrolment, twin: Enrolment) -> None:
    url = join_url(enrolment, twin)
    response = claire.post(url, {"account": [enrolment.participant_id]}, headers=HTMX)
    assert response.status_code == 422
    assert owner(enrolment) != owner(twin)
    shown = html.fromstring(response.content)
    assert {int(field.get("value")) for field in shown.xpath("//input[@name='account']")} == {
        enrolment.participant_id,
        twin.participant_id,
    }


def test_names_that_clearly_differ_are_said_to(claire: Client, enrolment: Enrolment, twin: Enrolment) -> None:
    def warned() -> bool:
        page = html.fromstring(claire.get(join_url(enrolment, twin), headers=HTMX).content)
        return bool(page.xpath("//*[contains(@class, 'vg-note warn')]"))

    assert not warned()
    Participant.objects.filter(pk=twin.participant_id).update(
        first_name="Zoé", last_name="Durand", full_name="Zoé <b>Durand</b>"
    )
    assert warned()
    page = claire.get(join_url(enrolment, twin)).content.decode()
    assert "<b>Durand" not in page
    assert "Zoé &lt;b&gt;Durand" in page


def test_without_script_the_file_comes_back(claire: Client, enrolment: Enrolment, twin: Enrolment) -> None:
    url = join_url(enrolment, twin)
    here = reverse("dashboard:person", args=[enrolment.pk])
    ids = [enrolment.participant_id, twin.participant_id]
    response = claire.post(url, {"account": ids, "next": here}, follow=True)
    assert response.redirect_chain == [(here, 302)]
    assert owner(enrolment) == owner(twin)


def test_no_address_says_that_no_reminder_is_possible(claire: Client, tutor: User, enrolment: Enrolment) -> None:
    file, roster = reverse("dashboard:person", args=[enrolment.pk]), reverse("dashboard:roster")

    def flagged() -> tuple[bool, bool]:
        page = html.fromstring(claire.get(file).content)
        rows = html.fromstring(claire.get(roster).content)
        return (
            bool(page.xpath("//dd/span[@class='warn']")),
            bool(rows.xpath("//td[contains(@class, 'c-who')]//span[contains(@class, 'vg-tag warn')]")),
        )

    assert flagged() == (False, False)
    Participant.objects.filter(pk=enrolment.participant_id).update(email="")
    assert flagged() == (True, True)
    ContactDetail.objects.create(
        person_id=owner(enrolment), kind="email", value="c@example.org", search_key="c@example.org", added_by=tutor
    )
    assert flagged() == (False, False), "an address that a colleague typed will do"
