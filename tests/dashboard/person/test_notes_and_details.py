"""What is written by hand into a file: notes, phones, addresses."""

import pytest
from django.test import Client
from django.urls import reverse
from lxml import html

from accounts.models import User
from dashboard.enums import Kind, State
from dashboard.models import Contact, ContactDetail, FollowUp, Person
from moodle_sync.models import Enrolment
from moodle_sync.text import phone_digits

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client


def add(client: Client, enrolment: Enrolment, value: str, label: str = "") -> int:
    url = reverse("dashboard:add-detail", args=[enrolment.pk])
    return client.post(url, {"value": value, "label": label}, headers=HTMX).status_code


def test_a_note_is_kept_and_moves_nothing(claire: Client, enrolment: Enrolment, tutor: User) -> None:
    url = reverse("dashboard:note", args=[enrolment.pk])
    assert claire.post(url, {"text": "A changé d’école."}, headers=HTMX).status_code == 200
    note = Contact.objects.get()
    assert (note.kind, note.note, note.author) == (Kind.NOTE, "A changé d’école.", tutor)
    assert FollowUp.objects.get(enrolment=enrolment).state == State.TODO


def test_a_form_sent_twice_writes_one_note(claire: Client, enrolment: Enrolment) -> None:
    url = reverse("dashboard:note", args=[enrolment.pk])
    page = html.fromstring(claire.get(reverse("dashboard:person", args=[enrolment.pk])).content.decode())
    form = dict(page.get_element_by_id("note-form").form_values()) | {"text": "Rappelle jeudi."}
    for _time in range(2):
        assert claire.post(url, form).status_code == 302
    assert Contact.objects.count() == 1
    claire.post(url, form | {"text": "Et lundi."})  # Back in the browser, and other words
    assert Contact.objects.count() == 2
    claire.post(reverse("dashboard:undo", args=[Contact.objects.latest("pk").act]))
    claire.post(url, form | {"text": "Et lundi."})
    assert Contact.objects.filter(note="Et lundi.", undone_by=None, undoes=None).count() == 1


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_an_empty_note_is_refused_in_place(claire: Client, enrolment: Enrolment, headers: dict[str, str]) -> None:
    response = claire.post(reverse("dashboard:note", args=[enrolment.pk]), {"text": "  "}, headers=headers)
    assert response.status_code == 422
    page = html.fromstring(response.content.decode())
    assert page.xpath("//textarea[@id='note-text'][@aria-invalid='true']")
    assert page.xpath("//input[@id='act-note'][@checked]"), "the tab that was being used"
    assert not Contact.objects.exists()


def test_a_note_too_long_keeps_its_text(claire: Client, enrolment: Enrolment) -> None:
    long = "mot " * 600
    response = claire.post(reverse("dashboard:note", args=[enrolment.pk]), {"text": long}, headers=HTMX)
    assert response.status_code == 422
    [area] = html.fromstring(response.content.decode()).xpath("//textarea[@id='note-text']")
    assert area.text.strip() == long.strip()


def test_without_script_saving_leads_back_to_the_file(claire: Client, enrolment: Enrolment) -> None:
    file = reverse("dashboard:person", args=[enrolment.pk])
    page = html.fromstring(claire.get(file).content.decode())
    fields = dict(page.xpath("//form[@id='note-form']")[0].form_values()) | {"text": "Vu."}
    response = claire.post(reverse("dashboard:note", args=[enrolment.pk]), fields, follow=True)
    assert response.redirect_chain == [(file, 302)]
    assert b"Vu." in response.content


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("05 49 00 57 12", "+33549005712"), ("05.49.00.57.12", "+33549005712"), ("+44 20 7946 0018", "+442079460018")],
)
def test_a_phone_is_kept_in_one_spelling_and_found_by_search(
    claire: Client, enrolment: Enrolment, tutor: User, typed: str, kept: str
) -> None:
    assert add(claire, enrolment, typed, "Collège") == 200
    detail = ContactDetail.objects.get()
    assert (detail.kind, detail.value, detail.label, detail.added_by) == ("phone", kept, "Collège", tutor)
    assert detail.search_key == phone_digits(typed)


def test_an_address_is_kept_in_lower_case(claire: Client, enrolment: Enrolment) -> None:
    assert add(claire, enrolment, " Camille@École.example.org ".replace("É", "e")) == 200
    assert ContactDetail.objects.get().value == "camille@ecole.example.org"


@pytest.mark.parametrize("typed", ["", "12", "bonjour", "camille@", "@example.org", "+999 12 34", "0" * 40])
def test_what_is_neither_is_refused_and_stays_in_the_box(claire: Client, enrolment: Enrolment, typed: str) -> None:
    url = reverse("dashboard:add-detail", args=[enrolment.pk])
    response = claire.post(url, {"value": typed, "label": "Domicile"}, headers=HTMX)
    assert response.status_code == 422
    page = html.fromstring(response.content.decode())
    [box] = page.xpath("//input[@id='detail-value']")
    assert (box.get("value"), box.get("aria-invalid")) == (typed, "true")
    [error] = page.xpath(f"//*[@id='{box.get('aria-describedby')}']")
    assert error.text_content().strip()
    assert page.xpath("//input[@id='detail-label']/@value") == ["Domicile"]
    assert page.xpath("//details[@open]//input[@id='detail-value']")
    assert not ContactDetail.objects.exists()


@pytest.mark.parametrize(
    "typed", ["06 39 98 41 27", "+33 6 39 98 41 27", "CAMILLE.FERRAND@ac-test.example.org", "05 49 00 57 12"]
)
def test_what_is_known_already_is_not_added_twice(claire: Client, enrolment: Enrolment, typed: str) -> None:
    assert add(claire, enrolment, "0549005712") == 200
    assert add(claire, enrolment, typed) == 422
    assert ContactDetail.objects.count() == 1


def test_a_removed_detail_is_hidden_and_kept(claire: Client, enrolment: Enrolment, tutor: User) -> None:
    add(claire, enrolment, "0549005712")
    detail = ContactDetail.objects.get()
    url = reverse("dashboard:remove-detail", args=[detail.pk])
    assert claire.post(url, {"enrolment": enrolment.pk}, headers=HTMX).status_code == 200
    detail.refresh_from_db()
    assert detail.removed_at is not None
    assert detail.removed_by == tutor
    shown = claire.get(reverse("dashboard:person", args=[enrolment.pk]))
    assert b"05 49 00 57 12" not in shown.content
    assert claire.post(url).status_code == 404, "removed once"
    assert add(claire, enrolment, "0549005712") == 200, "and may be typed again"


def test_a_colleague_may_remove_what_another_typed(
    client: Client, enrolment: Enrolment, person: Person, tutor: User, coordinator: User
) -> None:
    detail = ContactDetail.objects.create(
        person=person, kind="email", value="c@example.org", search_key="c@example.org", added_by=tutor
    )
    client.force_login(coordinator)
    client.post(reverse("dashboard:remove-detail", args=[detail.pk]))
    detail.refresh_from_db()
    assert detail.removed_by == coordinator


@pytest.mark.parametrize("name", ["dashboard:note", "dashboard:add-detail"])
def test_looking_is_not_writing(claire: Client, enrolment: Enrolment, name: str) -> None:
    assert claire.get(reverse(name, args=[enrolment.pk])).status_code == 405
