"""A note is corrected: nothing that was written is lost, and everybody reads who changed what."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from lxml import html

from accounts.models import User
from dashboard.enums import Outcome
from dashboard.follow_up import acts, correcting, moves
from dashboard.models import Contact, NoteVersion
from moodle_sync.models import Enrolment, Group
from tests.factories import AssignmentFactory, EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def note(enrolment: Enrolment, tutor: User) -> Contact:
    return acts.add_note(enrolment.follow_up, "En arrêt jusqu’à mardi.", by=tutor)


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client


def correct(client: Client, enrolment: Enrolment, act: UUID, text: str, version: int = 0) -> Any:
    url = reverse("dashboard:correct-note", args=[enrolment.pk, act])
    return client.post(url, {"text": text, "version": str(version)}, headers=HTMX)


def undo(client: Client) -> Any:
    act = NoteVersion.objects.latest("pk").act
    return client.post(reverse("dashboard:undo-correction", args=[act]), headers=HTMX)


def entry_of(client: Client, enrolment: Enrolment) -> str:
    page = html.fromstring(client.get(reverse("dashboard:person", args=[enrolment.pk])).content.decode())
    [entry] = page.xpath("//ol[@class='vg-tl']/li")
    for form in entry.xpath(".//form"):
        form.drop_tree()
    return " ".join(entry.text_content().split())


def test_the_text_before_is_kept_and_shown_with_who_and_when(
    claire: Client, enrolment: Enrolment, note: Contact
) -> None:
    assert correct(claire, enrolment, note.act, "Absence jusqu’à mardi.").status_code == 200
    assert Contact.objects.get().note == "Absence jusqu’à mardi."
    words = entry_of(claire, enrolment)
    assert words.index("Absence jusqu’à mardi.") < words.index("Corrigée par Claire") < words.index("En arrêt")
    assert not NoteVersion.objects.filter(text="Absence jusqu’à mardi.")


def test_nothing_ever_written_is_lost(claire: Client, enrolment: Enrolment, note: Contact) -> None:
    for n, text in enumerate(["Deux", "Trois"]):
        assert correct(claire, enrolment, note.act, text, n).status_code == 200
    assert undo(claire).status_code == 200
    assert Contact.objects.get().note == "Deux"
    assert {*NoteVersion.objects.values_list("text", flat=True)} == {"En arrêt jusqu’à mardi.", "Deux", "Trois"}
    assert "Correction annulée par Claire" in entry_of(claire, enrolment)


def test_a_correction_moves_nothing_so_the_note_itself_can_still_be_undone(
    claire: Client, enrolment: Enrolment, note: Contact, tutor: User
) -> None:
    correct(claire, enrolment, note.act, "Autre")
    assert [f.pk for f in moves.undo(note.act, by=tutor, among=[note.follow_up_id])] == [note.follow_up_id]
    assert correct(claire, enrolment, note.act, "Encore", 1).status_code == 404, "an undone note is history"
    with pytest.raises(moves.NotUndoable):
        correcting.take_back(NoteVersion.objects.get().act, by=tutor, among=[note.follow_up_id])


@pytest.mark.parametrize("text", ["  ", "En arrêt jusqu’à mardi.", "mot " * 600])
def test_a_correction_that_says_nothing_new_is_refused_in_place(
    claire: Client, enrolment: Enrolment, note: Contact, text: str
) -> None:
    answer = correct(claire, enrolment, note.act, text)
    assert answer.status_code == 422
    assert html.fromstring(answer.content.decode()).xpath("//details[@open]//textarea[@aria-invalid='true']")
    assert not NoteVersion.objects.exists()


def test_who_was_slower_loses_no_text(claire: Client, enrolment: Enrolment, note: Contact) -> None:
    correct(claire, enrolment, note.act, "La première")
    answer = correct(claire, enrolment, note.act, "La seconde")
    assert answer.status_code == 422
    page = html.fromstring(answer.content.decode())
    [area] = page.xpath("//textarea[@aria-invalid='true']")
    assert area.text == "La seconde"
    assert area.xpath("ancestor::form//input[@name='version']/@value") == ["1"], "saved again, it is a decision"
    assert Contact.objects.get().note == "La première"


def test_a_call_for_several_courses_is_one_note(
    claire: Client, enrolment: Enrolment, tutor: User, group: Group
) -> None:
    other = EnrolmentFactory(participant=enrolment.participant, course__site=enrolment.course.site)
    AssignmentFactory(user=tutor, course=other.course, group=None)
    person = enrolment.participant.account.person
    call = acts.Call(Outcome.VOICEMAIL, note="Rappeler le soir.")
    act = acts.log_call(person, [(enrolment.follow_up, 0), (other.follow_up, 0)], call, by=tutor)
    correct(claire, enrolment, act, "Rappeler à midi.")
    assert set(Contact.objects.values_list("note", flat=True)) == {"Rappeler à midi."}
    assert undo(claire).status_code == 200
    assert set(Contact.objects.values_list("note", flat=True)) == {"Rappeler le soir."}


def test_only_the_author_or_a_coordinator_corrects(
    client: Client, enrolment: Enrolment, note: Contact, group: Group
) -> None:
    colleague = UserFactory()
    AssignmentFactory(user=colleague, course=group.course, group=group)
    client.force_login(colleague)
    assert correct(client, enrolment, note.act, "Autre").status_code == 404
    client.force_login(UserFactory(role="coordinator", sees_all=True, first_name="Paul", last_name="Guérin"))
    assert correct(client, enrolment, note.act, "Autre").status_code == 200
    words = entry_of(client, enrolment)
    assert "Corrigée par Paul G." in words
    assert "Texte précédent · Claire" in words


def test_a_note_to_many_is_corrected_in_one_file_only(claire: Client, enrolment: Enrolment, tutor: User) -> None:
    other = EnrolmentFactory(course=enrolment.course, groups=list(enrolment.groups.all()))
    first = acts.add_note(enrolment.follow_up, "Réunion reportée.", by=tutor)
    Contact.objects.filter(pk=acts.add_note(other.follow_up, "Réunion reportée.", by=tutor).pk).update(act=first.act)
    assert correct(claire, enrolment, first.act, "Réunion annulée.").status_code == 200
    assert Contact.objects.get(follow_up=other.follow_up).note == "Réunion reportée."


def test_earlier_texts_go_with_their_entry(enrolment: Enrolment, note: Contact, tutor: User) -> None:
    correcting.correct(Contact.objects.filter(pk=note.pk), "Autre", by=tutor, version=0)
    enrolment.delete()
    assert not NoteVersion.objects.exists()
