"""What leaves Vigie in a file: whom it holds, what stands in its cells, and what is kept of it."""

import csv
import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import User
from dashboard.enums import State
from dashboard.follow_up import acts, moves
from dashboard.models import AuditEntry, ContactDetail, Export
from dashboard.selection.stored import select_all
from moodle_sync.enums import EPOCH
from moodle_sync.models import Course, Enrolment, Group
from tests.factories import EnrolmentFactory, GroupFactory, ParticipantFactory

pytestmark = pytest.mark.django_db
URL = "/enseignants/exporter/"


@pytest.fixture(autouse=True)
def no_kept_counts() -> None:
    cache.clear()


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client


def person(group: Group, *, enrolled: dict[str, Any] | None = None, **facts: Any) -> Enrolment:
    participant = ParticipantFactory(site=group.course.site, **facts)
    return EnrolmentFactory(course=group.course, groups=[group], participant=participant, **(enrolled or {}))


def as_csv(client: Client, **data: Any) -> list[dict[str, str]]:
    response = client.post(URL, {"format": "csv", **data})
    assert response.status_code == 200
    raw = response.content
    assert raw.startswith(b"\xef\xbb\xbf"), "or Excel takes it for Latin-1"
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))


def as_xlsx(client: Client, **data: Any) -> list[dict[str, Any]]:
    response = client.post(URL, {"format": "xlsx", **data})
    assert response.status_code == 200
    sheet = load_workbook(io.BytesIO(response.content)).active
    head, *rows = sheet.iter_rows()
    return [dict(zip([cell.value for cell in head], row, strict=True)) for row in rows]


def test_headers_are_french_and_no_user_name_nor_note_is_among_them(claire: Client, group: Group, tutor: User) -> None:
    one = person(group, last_name="Duval")
    acts.mark_contacted(one.follow_up, by=tutor, version=0)
    acts.add_note(one.follow_up, "Préfère le midi.", by=tutor)
    [line] = as_csv(claire)
    assert list(line)[:6] == ["Nom", "Prénom", "E-mail", "Autres e-mails", "Téléphone", "Autres téléphones"]
    assert "Préfère le midi." not in str(line)
    assert (line["Nom"], line["Suivi"], line["Par"]) == ("Duval", "Contacté", "Claire Dumont")


def test_the_list_is_that_of_the_address_in_its_order(claire: Client, group: Group) -> None:
    for name in ("Zola", "Étienne", "Martin"):
        person(group, last_name=name, first_name="", full_name=name)
    person(group, last_name="Absent", enrolled={"standing": "suspended"})
    assert [line["Nom"] for line in as_csv(claire, query="sort=-teacher")] == ["Zola", "Martin", "Étienne"]
    assert [line["Nom"] for line in as_csv(claire, query="q=zola")] == ["Zola"]


@pytest.mark.parametrize("read", [as_csv, as_xlsx])
def test_never_more_than_ones_own(claire: Client, group: Group, other_tutor: User, read: Any) -> None:
    mine = person(group, last_name="Mienne")
    theirs = EnrolmentFactory(course=group.course, groups=[other_tutor.assignments.get().group])
    assert len(read(claire, query=f"course={group.course.pk}")) == 1
    assert len(read(claire, row=[mine.pk, theirs.pk])) == 1


def test_a_coordinator_of_elsewhere_exports_nothing(client: Client, group: Group, other_coordinator: User) -> None:
    person(group)
    client.force_login(other_coordinator)
    assert client.post(URL, {"format": "csv", "query": f"course={group.course.pk}"}).status_code == 302
    assert not Export.objects.exists()


def test_what_a_spreadsheet_would_run_is_text(claire: Client, group: Group) -> None:
    """Also in a school that a file brought, or a group that somebody named on Moodle."""
    evil = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", '=HYPERLINK("http://example.org")']
    for n, text in enumerate(evil):
        person(group, last_name=text, full_name=f"n{n}", institution=text)
    person(GroupFactory(course=group.course, name="=A1"), last_name="nobody")
    for line in as_csv(claire):
        assert line["Nom"].startswith("'")
        assert line["Établissement"].startswith("'")
    for row in as_xlsx(claire):
        assert row["Nom"].data_type == "s"
        assert row["Nom"].value.startswith("'")


@pytest.mark.parametrize(
    "text", ["0512", "1/2", "12E5", "12-3", "3 mars", "mars 2026", "12:30", "1 234", "12,5 %", "Faux", "00 352 621 123"]
)
def test_what_a_spreadsheet_would_read_otherwise_stays_as_it_was_typed(claire: Client, group: Group, text: str) -> None:
    """CSV has no text: each of these opens as a number, a date or a truth."""
    person(group, last_name=text, city=text)
    [line] = as_csv(claire)
    assert (line["Nom"], line["Ville"]) == (f"'{text}", f"'{text}")
    [row] = as_xlsx(claire)
    assert (row["Nom"].data_type, row["Nom"].value) == ("s", text)


@pytest.mark.parametrize("text", ["512", "2026", "B1", "Paris 12", "Marseille 2", "Mars", "06 39 98 41 27", "12 bis"])
def test_what_opens_as_it_looks_gets_no_mark(claire: Client, group: Group, text: str) -> None:
    person(group, city=text, phone1="0512")
    [line] = as_csv(claire)
    assert (line["Ville"], line["Téléphone"]) == (text, "'0512")


def test_an_address_from_which_a_message_came_back_is_marked_and_last(
    claire: Client, group: Group, tutor: User
) -> None:
    one = person(group, email="Old@example.org")
    entry = acts.note_bounce(one.follow_up, "old@example.org", by=tutor)
    assert as_csv(claire)[0]["E-mail"] == "Old@example.org (message revenu)"
    ContactDetail.objects.create(
        person=one.participant.account.person, kind="email", value="new@example.org", search_key="-", added_by=tutor
    )
    [line] = as_csv(claire)
    assert (line["E-mail"], line["Autres e-mails"]) == ("new@example.org", "Old@example.org (message revenu)")
    moves.undo(entry.act, by=tutor, among=[one.follow_up.pk])
    [line] = as_csv(claire)
    assert (line["E-mail"], line["Autres e-mails"]) == ("Old@example.org", "new@example.org")


def test_signs_that_no_sheet_can_hold_are_dropped(claire: Client, group: Group) -> None:
    person(group, last_name="Du\x0bval\x02")
    assert [row["Nom"].value for row in as_xlsx(claire)] == ["Duval"]


def test_dates_are_dates_by_the_platforms_clock(claire: Client, group: Group) -> None:
    group.course.site.__class__.objects.update(time_zone="Indian/Reunion")
    at = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)
    person(group, enrolled={"last_course_access": at, "last_site_access": EPOCH})
    [row] = as_xlsx(claire)
    cell = row["Dernier accès à la session"]
    assert (cell.is_date, cell.value, cell.number_format) == (True, datetime(2026, 3, 2, 1, 30), "dd/mm/yyyy hh:mm")
    assert row["Dernier accès à la plateforme"].value == "Jamais"
    assert as_csv(claire)[0]["Dernier accès à la session"] == "02/03/2026 01:30"


def test_never_is_not_unknown(claire: Client, group: Group) -> None:
    person(group, enrolled={"last_course_access": None, "last_site_access": EPOCH})
    [line] = as_csv(claire)
    assert (line["Dernier accès à la session"], line["Dernier accès à la plateforme"]) == ("Non connu", "Jamais")


def test_phones_are_text_with_their_zero_and_without_a_plus(claire: Client, group: Group, tutor: User) -> None:
    one = person(group, phone1="0639984127", phone2="+49 30 901820")
    owner = one.participant.account.person
    for value in ("+33639984127", "+33639984128"):
        ContactDetail.objects.create(person=owner, kind="phone", value=value, search_key=value, added_by=tutor)
    [row] = as_xlsx(claire)
    assert (row["Téléphone"].data_type, row["Téléphone"].value) == ("s", "06 39 98 41 27")
    assert row["Autres téléphones"].value == "00 49 30 901820, 06 39 98 41 28"


def test_who_wants_no_calls_is_told(claire: Client, group: Group) -> None:
    one = person(group, phone1="0639984127")
    type(one.participant.account.person).objects.update(do_not_call=True)
    assert as_csv(claire)[0]["Appels"] == "Ne pas appeler"


def test_every_export_is_recorded_without_what_was_searched_for(claire: Client, group: Group, tutor: User) -> None:
    person(group, last_name="Duval")
    as_xlsx(claire, query=f"q=duval&course={group.course.pk}")
    entry = AuditEntry.objects.get(action=AuditEntry.Action.EXPORTED)
    assert entry.export is not None
    assert (entry.user, entry.export.format, entry.export.people) == (tutor, "xlsx", 1)
    assert "Évaluer par compétences" in entry.export.words
    assert "duval" not in entry.export.words.lower()
    assert "Évaluer par compétences" in claire.get(reverse("dashboard:exports")).content.decode()


def test_of_all_that_a_filter_found_the_filter_is_recorded(claire: Client, group: Group, tutor: User) -> None:
    """However they leave: in a file, or as addresses to write to."""
    one = person(group, last_name="Duval")
    person(group, last_name="Roy")
    stored = select_all(tutor, QueryDict(f"q=duval&course={group.course.pk}"))
    as_csv(claire, selection=stored.pk)
    as_csv(claire, row=[one.pk])
    assert claire.post(reverse("dashboard:copy-addresses"), {"selection": stored.pk}).status_code == 200
    file, by_hand, copied = Export.objects.order_by("pk")
    assert "Évaluer par compétences" in file.words
    assert "duval" not in file.words.lower()
    assert copied.words == file.words
    assert "main" in by_hand.words
    assert (file.people, copied.people) == (1, 1)


def test_paper_names_the_filter_and_is_recorded_too(claire: Client, group: Group, other_tutor: User) -> None:
    person(group, last_name="Duval", full_name="Ève Duval", phone1="0639984127")
    EnrolmentFactory(course=group.course, groups=[other_tutor.assignments.get().group], participant__full_name="Autre")
    page = claire.get(f"{reverse('dashboard:print')}?q=duval&course={group.course.pk}").content.decode()
    assert "Ève Duval" in page
    assert "06 39 98 41 27" in page
    assert "Autre" not in page.replace("Autres", "")
    assert "duval" in page, "the user’s own paper says what was searched for"
    assert "vg-side" not in page
    assert re.search(r"<tfoot>.*Confidentiel.*par Claire Dumont.*</tfoot>", page, re.S), "on every sheet"
    assert Export.objects.get().format == "paper"


def test_the_number_of_queries_does_not_grow_with_people(
    claire: Client, group: Group, django_assert_max_num_queries: Any
) -> None:
    for n in range(40):
        person(group, phone1=f"06399841{n:02}", last_name=f"N{n}")
    with django_assert_max_num_queries(30):
        assert len(as_csv(claire)) == 40


def test_due_and_next_action_are_told(claire: Client, course: Course, group: Group) -> None:
    due = timezone.now()
    enrolled = {
        "last_course_access": EPOCH,
        "last_site_access": EPOCH,
        "follow_up__state": State.TODO,
        "follow_up__due_at": due,
    }
    person(group, enrolled=enrolled)
    [line] = as_csv(claire)
    local = due.astimezone(course.site.zone)
    assert (line["Suivi"], line["Échéance"]) == ("À traiter", f"{local:%d/%m/%Y %H:%M}")
    assert line["Prochaine action"]
