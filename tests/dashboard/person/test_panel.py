"""The file: who may open it, what it shows, what it keeps to itself."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import User
from dashboard.enums import Cause, Outcome
from dashboard.follow_up import acts, moves, system
from dashboard.models import AuditEntry, ContactDetail, FollowUp, Person
from moodle_sync.enums import Standing
from moodle_sync.models import Course, Enrolment, Participant
from tests.factories import EnrolmentFactory

pytestmark = pytest.mark.django_db
IN_PANEL = {"HX-Request": "true", "HX-Target": "panel"}


def panel(client: Client, enrolment: Enrolment, **headers: str) -> html.HtmlElement:
    response = client.get(reverse("dashboard:person", args=[enrolment.pk]), headers=IN_PANEL | headers)
    assert response.status_code == 200
    return html.fromstring(response.content.decode())


def text(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def call(enrolments: list[Enrolment], by: User, outcome: Outcome = Outcome.WILL_CONNECT, **fields: Any) -> Any:
    pairs = [(f, f.version) for f in FollowUp.objects.filter(enrolment__in=enrolments)]
    person = enrolments[0].participant.account.person
    return acts.log_call(person, pairs, acts.Call(outcome, **fields), by=by)


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client


@pytest.mark.parametrize("who", ["other_tutor", "other_coordinator", "administrator", "observer"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_finds_nothing_at_any_address(
    client: Client, request: pytest.FixtureRequest, enrolment: Enrolment, tutor: User, who: str, method: str
) -> None:
    detail = add_detail(enrolment, tutor)
    client.force_login(request.getfixturevalue(who))
    addresses = {
        "get": ["dashboard:person", "dashboard:call"],
        "post": ["dashboard:note", "dashboard:add-detail", "dashboard:call"],
    }
    for name in addresses[method]:
        assert getattr(client, method)(reverse(name, args=[enrolment.pk])).status_code == 404
    assert client.post(reverse("dashboard:remove-detail", args=[detail.pk])).status_code == 404
    assert not AuditEntry.objects.exists()


def add_detail(enrolment: Enrolment, by: User) -> ContactDetail:
    return ContactDetail.objects.create(
        person=enrolment.participant.account.person,
        kind="phone",
        value="+33549005712",
        label="Collège",
        search_key="0549005712",
        added_by=by,
    )


def test_the_panel_and_the_page_show_the_same_file(claire: Client, enrolment: Enrolment) -> None:
    fragment = panel(claire, enrolment)
    page = html.fromstring(claire.get(reverse("dashboard:person", args=[enrolment.pk])).content.decode())
    assert fragment.tag == "aside"
    [beside] = page.xpath("//aside[@data-panel]")
    assert text(beside) == text(fragment)
    assert page.xpath(f"//main//a[@href='{reverse('dashboard:roster')}']"), "a way back to the list"


@pytest.mark.parametrize(
    ("outside", "title"),
    [(timedelta(hours=2), "Came into “Évaluer par compétences”"), (None, "Seen in “Évaluer par compétences”")],
)
def test_nobody_is_said_to_come_in_for_the_first_time_who_was_not_known_to_be_outside(
    claire: Client, enrolment: Enrolment, outside: timedelta | None, title: str
) -> None:
    came = timezone.now()
    Enrolment.objects.filter(pk=enrolment.pk).update(
        last_course_access=came, entered_before=came, entered_after=came - outside if outside else None
    )
    system.after_read(enrolment.course)
    [entry] = panel(claire, enrolment, **{"Accept-Language": "en"}).xpath("//ol[@class='vg-tl']/li")
    assert title in text(entry)
    assert ("between" in text(entry)) is bool(outside)


@pytest.mark.parametrize(("cause", "shown"), [(Cause.CREDENTIALS, True), (Cause.UNKNOWN, False)])
def test_a_cause_that_is_none_is_not_told(
    claire: Client, enrolment: Enrolment, tutor: User, cause: Cause, shown: bool
) -> None:
    call([enrolment], tutor, cause=cause)
    [entry] = panel(claire, enrolment, **{"Accept-Language": "en"}).xpath("//ol[@class='vg-tl']/li")
    assert ("Cause:" in text(entry)) is shown


def test_phones_can_be_dialled_and_copied(claire: Client, enrolment: Enrolment) -> None:
    Participant.objects.filter(pk=enrolment.participant.pk).update(phone2="poste 12, le matin")
    shown = panel(claire, enrolment)
    assert shown.xpath("//a[@href='tel:+33639984127']")[0].text == "06 39 98 41 27"
    assert shown.xpath("//button[@data-copy='06 39 98 41 27']")
    assert shown.xpath("//a[@href='mailto:camille.ferrand@ac-test.example.org']")
    assert "poste 12, le matin" in text(shown), "what is no number is shown as it stands"
    assert not [link for link in shown.xpath("//a/@href") if "poste" in link]


def test_a_number_of_another_country_keeps_its_code(claire: Client, enrolment: Enrolment) -> None:
    Participant.objects.filter(pk=enrolment.participant.pk).update(phone1="+44 20 7946 0018")
    assert panel(claire, enrolment).xpath("//a[@href='tel:+442079460018']")[0].text == "+44 20 7946 0018"


def test_nobody_is_called_by_mistake_who_does_not_want_it(claire: Client, enrolment: Enrolment, person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(do_not_call=True)
    shown = panel(claire, enrolment)
    assert not shown.xpath("//a[starts-with(@href, 'tel:')]")
    [disabled] = shown.xpath("//*[@aria-disabled='true']")
    [reason] = shown.xpath(f"//*[@id='{disabled.get('aria-describedby')}']")
    assert text(reason)
    assert "06 39 98 41 27" in text(shown)


def test_an_account_without_a_name_shows_its_address(claire: Client, enrolment: Enrolment) -> None:
    Participant.objects.filter(pk=enrolment.participant.pk).update(first_name="", last_name="", full_name="")
    [name] = panel(claire, enrolment).xpath("//h2")
    assert "camille.ferrand@ac-test.example.org" in text(name)


def test_markup_in_a_name_is_only_text(claire: Client, enrolment: Enrolment) -> None:
    Participant.objects.filter(pk=enrolment.participant.pk).update(full_name="<script>alert(1)</script> O’Brien")
    shown = panel(claire, enrolment)
    assert not shown.xpath("//script[not(@src)]")
    assert "<script>alert(1)</script> O’Brien" in text(shown)


def test_what_lies_outside_the_scope_is_a_date_and_a_channel(
    claire: Client, enrolment: Enrolment, elsewhere: Enrolment, colleague: User
) -> None:
    call([elsewhere], colleague, cause=Cause.CREDENTIALS, note="Un secret.")
    acts.add_note(FollowUp.objects.get(enrolment=elsewhere), "Un autre secret.", by=colleague)
    shown = panel(claire, enrolment)
    [entry] = shown.xpath("//ol[@class='vg-tl']/li")
    assert entry.xpath(".//time")
    for secret in ("secret", "Session confidentielle", "Samira", "Benali", "0639980000", "06 39 98 00 00"):
        assert secret not in text(shown)
    for label in (Outcome.WILL_CONNECT.label, Cause.CREDENTIALS.label):
        assert str(label) not in text(entry)
    assert not shown.xpath(f"//*[contains(@href, '/{elsewhere.pk}/')]")


def test_courses_in_scope_are_all_listed_with_their_states(
    claire: Client, enrolment: Enrolment, elsewhere: Enrolment, tutor: User
) -> None:
    FollowUp.objects.filter(enrolment=elsewhere).update(assignee=tutor)
    shown = panel(claire, enrolment)
    assert shown.xpath(f"//a[@href='{reverse('dashboard:person', args=[elsewhere.pk])}']")
    assert len(shown.xpath("//dl//span[starts-with(@class, 'vg-fu ')]")) == 2


def test_staff_can_be_looked_up_but_not_followed(claire: Client, enrolment: Enrolment) -> None:
    staff = EnrolmentFactory(
        course=enrolment.course, groups=list(enrolment.groups.all()), standing=Standing.STAFF, follow_up=False
    )
    shown = panel(claire, staff)
    assert not shown.xpath("//form[@id='call-form']")
    assert claire.get(reverse("dashboard:call", args=[staff.pk])).status_code == 404
    assert claire.post(reverse("dashboard:note", args=[staff.pk]), {"text": "x"}).status_code == 404


def test_one_act_over_two_courses_is_one_entry(
    claire: Client, enrolment: Enrolment, elsewhere: Enrolment, tutor: User
) -> None:
    FollowUp.objects.filter(enrolment=elsewhere).update(assignee=tutor)
    act = call([enrolment, elsewhere], tutor, cause=Cause.NO_TIME, note="Rappeler le midi.")
    [entry] = panel(claire, enrolment).xpath("//ol[@class='vg-tl']/li")
    for words in ("Claire D.", "Rappeler le midi.", "Session confidentielle", str(enrolment.course)):
        assert words in text(entry)
    assert entry.xpath(f".//form[@action='{reverse('dashboard:undo', args=[act])}']")


def test_three_entries_are_shown_and_the_others_are_one_click_away(
    claire: Client, enrolment: Enrolment, tutor: User
) -> None:
    for n in range(5):
        acts.add_note(FollowUp.objects.get(enrolment=enrolment), f"Note {n}", by=tutor)
    shown = panel(claire, enrolment)
    at_first = shown.xpath("//section/ol[@class='vg-tl']/li")
    behind = shown.xpath("//section/details/ol[@class='vg-tl']/li")
    assert [re.findall(r"Note \d", text(li))[-1] for li in at_first] == ["Note 4", "Note 3", "Note 2"]
    assert [re.findall(r"Note \d", text(li))[-1] for li in behind] == ["Note 1", "Note 0"]


def test_what_was_undone_is_folded_and_the_undo_is_no_line(claire: Client, enrolment: Enrolment, tutor: User) -> None:
    act = call([enrolment], tutor, note="Erreur de ligne.")
    moves.undo(act, by=tutor, among=[enrolment.follow_up.pk])
    shown = panel(claire, enrolment)
    assert not shown.xpath("//section/ol[@class='vg-tl']/li")
    [folded] = shown.xpath("//details/ol[@class='vg-tl']/li")
    assert "Erreur de ligne." in text(folded)
    assert folded.xpath(".//s")
    assert not shown.xpath("//form[contains(@action, '/annuler/')]")


def test_only_ones_own_last_act_offers_undo(claire: Client, enrolment: Enrolment, tutor: User, colleague: User) -> None:
    first = call([enrolment], tutor)
    second = call([enrolment], tutor)
    assert undo_addresses(panel(claire, enrolment)) == [reverse("dashboard:undo", args=[second])]
    call([enrolment], colleague)
    assert undo_addresses(panel(claire, enrolment)) == []
    assert first != second


def undo_addresses(shown: html.HtmlElement) -> list[str]:
    return [str(address) for address in shown.xpath("//form[contains(@action, '/annuler/')]/@action")]


@pytest.mark.parametrize(("days", "words"), [(1, "1"), (3, "3")])
def test_a_first_access_says_how_long_after_the_call(
    claire: Client, enrolment: Enrolment, tutor: User, course: Course, days: int, words: str
) -> None:
    call([enrolment], tutor)
    came = timezone.now() + timedelta(days=days)
    Enrolment.objects.filter(pk=enrolment.pk).update(last_course_access=came)
    system.after_read(course)
    [entry] = panel(claire, enrolment).xpath("//li[@class='ok']")
    assert str(course) in text(entry)
    assert re.search(rf"\b{words}\b[^0-9]*(call|appel)", text(entry))


def test_an_access_older_than_the_call_is_not_credited_to_it(
    claire: Client, enrolment: Enrolment, tutor: User, course: Course
) -> None:
    call([enrolment], tutor)
    came = timezone.now() - timedelta(days=1)
    Enrolment.objects.filter(pk=enrolment.pk).update(last_course_access=came)
    system.after_read(course)
    [entry] = panel(claire, enrolment).xpath("//li[@class='ok']")
    assert not re.search(r"\d[^0-9]*(the call|l’appel)", text(entry))


def test_looking_at_a_file_is_written_down_once_an_hour(
    claire: Client, enrolment: Enrolment, person: Person, tutor: User
) -> None:
    panel(claire, enrolment)
    panel(claire, enrolment)
    [entry] = AuditEntry.objects.all()
    assert (entry.user, entry.person, entry.action) == (tutor, person, AuditEntry.Action.VIEWED)
    AuditEntry.objects.update(at=timezone.now() - timedelta(hours=2))
    panel(claire, enrolment)
    assert AuditEntry.objects.count() == 2


def test_closing_keeps_the_list_as_it_is_filtered(claire: Client, enrolment: Enrolment) -> None:
    roster = reverse("dashboard:roster")
    here = f"http://testserver{roster}?q=ferrand&open={enrolment.pk}"
    [close] = set(panel(claire, enrolment, **{"HX-Current-URL": here}).xpath("//a[@data-close]/@href"))
    assert close == f"{roster}?q=ferrand"


@pytest.mark.parametrize("events", [1, 12])
def test_the_number_of_queries_does_not_grow_with_the_timeline(
    claire: Client, enrolment: Enrolment, tutor: User, events: int, django_assert_max_num_queries: Any
) -> None:
    for n in range(events):
        acts.add_note(FollowUp.objects.get(enrolment=enrolment), f"Note {n}", by=tutor)
    panel(claire, enrolment)
    with django_assert_max_num_queries(26):
        panel(claire, enrolment)
