"""Upload, columns, preview, confirmation: nothing is written before the last, and everything by it."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, Scope, User
from dashboard.enums import State
from dashboard.imports import work
from dashboard.models import ContactDetail, FollowUp, ImportFile
from moodle_sync.models import Course, Enrolment, Participant, Site
from tests.factories import CourseFactory, EnrolmentFactory, SiteFactory, UserFactory
from tests.moodle_sync.files.samples import as_csv, sample

pytestmark = pytest.mark.django_db(transaction=True)
HEADER = ["Prénom", "Nom", "Courriel", "Dernier accès au cours"]
ANA = ["Ana", "Exemple", "ana@ac-test.example.org", "Jamais"]


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def upload(client: Client, site: Site, data: bytes, **fields: Any) -> Any:
    fields = {"kind": "people", "moment": timezone.localtime().strftime("%Y-%m-%dT%H:%M"), **fields}
    fields["file"] = SimpleUploadedFile("export.csv", data)
    return client.post(reverse("dashboard:import", args=[site.pk]), fields)


def columns(client: Client, draft: ImportFile, mapping: list[str] | None = None) -> Any:
    data = {f"column{n}": code for n, code in enumerate(draft.mapping if mapping is None else mapping)}
    return client.post(reverse("dashboard:import-columns", args=[draft.site_id, draft.pk]), data)


def confirm(client: Client, draft: ImportFile) -> Any:
    return client.post(reverse("dashboard:import-confirm", args=[draft.site_id, draft.pk]))


def page(client: Client, draft: ImportFile, query: str = "") -> str:
    answer = client.get(reverse("dashboard:import-draft", args=[draft.site_id, draft.pk]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def ready(client: Client, site: Site, data: bytes, **fields: Any) -> ImportFile:
    assert upload(client, site, data, **fields).status_code == 302
    draft = ImportFile.objects.latest("pk")
    assert columns(client, draft).status_code == 302
    draft.refresh_from_db()
    assert draft.state == ImportFile.State.READY
    return draft


def people() -> tuple[int, int, int]:
    return Course.objects.count(), Participant.objects.count(), Enrolment.objects.count()


def test_from_the_file_to_the_follow_ups(coordinator: User, site: Site) -> None:
    client = client_of(coordinator)
    opened = (timezone.localdate() - timedelta(days=10)).isoformat()
    draft = ready(
        client, site, as_csv([HEADER, ANA, ["Bo", "Exemple", "bo@", ""]]), course_name="Neuve", course_start=opened
    )
    assert draft.mapping == ["first_name", "last_name", "email", "course_access"]
    assert people() == (0, 0, 0), "nothing is written before it is confirmed"
    shown = page(client, draft)
    assert "ana@ac-test.example.org" in shown
    assert "bo@" in shown
    assert confirm(client, draft).status_code == 302
    assert people() == (1, 1, 1)
    enrolment = Enrolment.objects.get()
    assert (enrolment.course.full_name, enrolment.course.connection, enrolment.course.moodle_id) == (
        "Neuve",
        None,
        None,
    )
    assert enrolment.follow_up.state == State.TODO
    draft.refresh_from_db()
    assert (draft.state, draft.course) == (ImportFile.State.DONE, enrolment.course)
    assert (draft.content, draft.outcome) == (None, None), "who and how many stay, the lines do not"
    assert (draft.counts["created"], draft.counts["bad"]) == (1, 1)

    later = ready(client, site, as_csv([HEADER, [*ANA[:3], "il y a 2 heures"]]), course=enrolment.course.pk)
    assert later.counts["first_accesses"] == 1
    confirm(client, later)
    assert FollowUp.objects.get().state == State.CLOSED_IN


def test_confirmed_twice_is_written_once(coordinator: User, site: Site) -> None:
    client = client_of(coordinator)
    draft = ready(client, site, as_csv([HEADER, ANA]), course_name="Neuve")
    for _ in range(2):
        assert confirm(client, draft).status_code == 302
    again = ready(client, site, as_csv([HEADER, ANA]), course_name="Neuve")
    assert (again.counts["created"], again.counts["unchanged"]) == (0, 1), "a course of that name is that course"
    confirm(client, again)
    assert people() == (1, 1, 1)


def test_the_columns_can_be_corrected(coordinator: User, site: Site) -> None:
    client = client_of(coordinator)
    upload(
        client, site, as_csv([["Colonne A", "Colonne B"], ["ana@ac-test.example.org", "Groupe 1"]]), course_name="Neuve"
    )
    draft = ImportFile.objects.get()
    assert draft.mapping == ["", ""]
    refused = columns(client, draft)
    assert refused.status_code == 200
    assert columns(client, draft, ["email", "email"]).status_code == 200
    assert columns(client, draft, ["email", "group"]).status_code == 302
    assert columns(client, draft, ["email", "city"]).status_code == 302, "and again after the preview"
    assert 'name="column1"' in page(client, draft, "?columns=1")
    confirm(client, draft)
    assert Participant.objects.get().city == "Groupe 1"


def test_a_user_name_is_nowhere(
    coordinator: User, site: Site, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    client = client_of(coordinator)
    with caplog.at_level(logging.DEBUG):
        draft = ready(client, site, sample("5.1", "download_identity_fields.csv"), course_name="Neuve")
        shown = page(client, draft)
        rows = repr(work.content_of(draft))
        confirm(client, draft)
    assert "prenom9.nom9@ac-poitiers.example.org" in shown
    secret = "nonconnecte9"
    assert secret not in shown + rows + caplog.text + "".join(capfd.readouterr()) + everything_stored()
    assert "prenom9.nom9@" not in caplog.text


def test_a_draft_rests_encrypted(coordinator: User, site: Site) -> None:
    ready(client_of(coordinator), site, as_csv([HEADER, ANA]), course_name="Neuve")
    assert "ana@ac-test" not in everything_stored()


def everything_stored() -> str:
    tables = connection.introspection.table_names()
    found = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


def test_a_day_later_the_lines_are_forgotten(coordinator: User, site: Site) -> None:
    client = client_of(coordinator)
    draft = ready(client, site, as_csv([HEADER, ANA]), course_name="Neuve")
    assert work.forget() == 0
    ImportFile.objects.update(uploaded_at=timezone.now() - timedelta(hours=25))
    assert work.forget() == 1
    confirm(client, draft)
    draft.refresh_from_db()
    assert (draft.state, draft.content, people()) == (ImportFile.State.DROPPED, None, (0, 0, 0))


def test_given_up(coordinator: User, site: Site) -> None:
    client = client_of(coordinator)
    draft = ready(client, site, as_csv([HEADER, ANA]), course_name="Neuve")
    client.post(reverse("dashboard:import-drop", args=[site.pk, draft.pk]))
    draft.refresh_from_db()
    assert (draft.state, draft.content) == (ImportFile.State.DROPPED, None)


def test_long_files_are_left_to_a_worker(coordinator: User, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "AT_ONCE", 0)
    client = client_of(coordinator)
    upload(client, site, as_csv([HEADER, ANA]), course_name="Neuve")
    draft = ImportFile.objects.get()
    columns(client, draft)
    assert 'hx-trigger="every 1s"' in page(client, draft)
    columns(client, draft)  # impatient: still one check
    work.check(draft.pk)
    work.check(draft.pk)
    confirm(client, draft)
    assert people() == (0, 0, 0)
    work.write(draft.pk)
    work.write(draft.pk)  # delivered twice
    assert people() == (1, 1, 1)
    assert 'hx-trigger="every 1s"' not in page(client, draft)


def test_a_dead_worker_can_be_replaced(coordinator: User, site: Site) -> None:
    client = client_of(coordinator)
    draft = ready(client, site, as_csv([HEADER, ANA]), course_name="Neuve")
    ImportFile.objects.update(state="applying")
    confirm(client, draft)
    assert people() == (0, 0, 0), "one is at work"
    ImportFile.objects.update(changed_at=timezone.now() - timedelta(minutes=11))
    assert "confirmer" in page(client, draft)
    confirm(client, draft)
    assert people() == (1, 1, 1)


def test_a_fault_writes_nothing_and_says_so(coordinator: User, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(coordinator)
    draft = ready(client, site, as_csv([HEADER, ANA]), course_name="Neuve")

    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr("moodle_sync.files.apply._date", broken)
    with pytest.raises(RuntimeError, match="out of order"):
        confirm(client, draft)
    draft.refresh_from_db()
    assert (draft.state, draft.content, people()) == (ImportFile.State.FAILED, None, (0, 0, 0))
    page(client, draft)


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (b"", {"course_name": "Neuve"}),
        (b"PK nothing", {"course_name": "Neuve"}),
        (b"E-mail\na@ac-test.example.org\n", {}),
        (b"E-mail\na@ac-test.example.org\n", {"course_name": "Neuve", "moment": "2040-01-01T00:00"}),
        (b"E-mail;Nom\n" + b"a@ac-test.example.org;x\n" * 450_000, {"course_name": "Neuve"}),
    ],
)
def test_what_is_refused_at_once(data: bytes, fields: dict[str, str], coordinator: User, site: Site) -> None:
    answer = upload(client_of(coordinator), site, data, **fields)
    assert answer.status_code == 200
    assert 'class="sm danger vg-error"' in answer.content.decode()
    assert not ImportFile.objects.exists()


def test_names_are_escaped(coordinator: User, site: Site) -> None:
    client = client_of(coordinator)
    evil = ["<script>alert(1)</script>", "Exemple", "x@ac-test.example.org", "<b>hier</b>"]
    draft = ready(client, site, as_csv([HEADER, ANA, evil, [*evil[:3], ""]]), course_name="<i>Neuve</i>")
    shown = page(client, draft) + page(client, draft, "?columns=1")
    assert "<script>alert" not in shown
    assert "<b>hier" not in shown
    assert "<i>Neuve" not in shown


# Who


def test_a_coordinator_of_one_category_imports_only_there(site: Site) -> None:
    odile = UserFactory.create(role=Role.COORDINATOR)
    Scope.objects.create(user=odile, site=site, category_id=7)
    theirs = CourseFactory.create(site=site, category_id=7)
    strange = CourseFactory.create(site=site, category_id=8)
    client = client_of(odile)
    assert upload(client, site, as_csv([HEADER, ANA]), course=theirs.pk).status_code == 302
    assert upload(client, site, as_csv([HEADER, ANA]), course=strange.pk).status_code == 200
    assert upload(client, site, as_csv([HEADER, ANA]), course_name="Neuve").status_code == 200
    assert upload(client, SiteFactory.create(), as_csv([HEADER, ANA])).status_code == 404


def test_nobody_opens_the_draft_of_another(coordinator: User, administrator: User, site: Site) -> None:
    draft = ready(client_of(coordinator), site, as_csv([HEADER, ANA]), course_name="Neuve")
    stranger = client_of(administrator)
    address = [site.pk, draft.pk]
    assert stranger.get(reverse("dashboard:import-draft", args=address)).status_code == 404
    assert confirm(stranger, draft).status_code == 404
    assert people() == (0, 0, 0)


@pytest.mark.parametrize(
    ("persona", "offered"), [("administrator", True), ("coordinator", True), ("tutor", False), ("observer", False)]
)
def test_the_button_is_there_for_those_who_may(
    persona: str, offered: bool, request: pytest.FixtureRequest, course: Course
) -> None:
    client = client_of(request.getfixturevalue(persona))
    address = reverse("dashboard:import", args=[course.site_id])
    for place in (reverse("dashboard:courses"), reverse("dashboard:course", args=[course.pk])):
        assert (address in client.get(place).content.decode()) is offered


# Phones and schools


DETAILS = [["Mél", "Téléphone", "Portable", "Établissement"]]


@pytest.fixture
def known(course: Course) -> Enrolment:
    enrolment: Enrolment = EnrolmentFactory.create(
        course=course, participant__email="ana@ac-test.example.org", participant__phone1="05 49 34 91 08"
    )
    return enrolment


def test_phones_and_schools_of_known_people(coordinator: User, known: Enrolment) -> None:
    client = client_of(coordinator)
    lines = [
        ["ANA@ac-test.example.org", "549349108", "06 39 98 41 27", "Collège des Tilleuls"],
        ["personne@ac-test.example.org", "0639984128", "", ""],
        ["ana@ac-test.example.org", "12", "", ""],
        ["ana@ac-test.example.org", "", "", ""],
    ]
    draft = ready(client, known.course.site, as_csv(DETAILS + lines), kind="details")
    assert draft.counts == {"updated": 1, "unchanged": 0, "bad": 3}
    assert not ContactDetail.objects.exists()
    confirm(client, draft)
    assert set(ContactDetail.objects.values_list("kind", "value", "added_by")) == {
        ("phone", "+33639984127", coordinator.pk),
        ("school", "Collège des Tilleuls", coordinator.pk),
    }, "Moodle gives the first number already"
    assert "Collège des Tilleuls" in client.get(reverse("dashboard:person", args=[known.pk])).content.decode()


def test_a_detail_comes_once_and_stays_away_when_removed(coordinator: User, known: Enrolment) -> None:
    client = client_of(coordinator)
    data = as_csv([*DETAILS, ["ana@ac-test.example.org", "", "0639984127", ""]])
    confirm(client, ready(client, known.course.site, data, kind="details"))
    again = ready(client, known.course.site, data, kind="details")
    assert again.counts == {"updated": 0, "unchanged": 1, "bad": 0}
    ContactDetail.objects.update(removed_at=timezone.now(), removed_by=coordinator)
    confirm(client, ready(client, known.course.site, data, kind="details"))
    assert ContactDetail.objects.count() == 1


def test_details_only_for_people_in_scope(known: Enrolment) -> None:
    odile = UserFactory.create(role=Role.COORDINATOR)
    Scope.objects.create(user=odile, site=known.course.site, category_id=99)
    data = as_csv([*DETAILS, ["ana@ac-test.example.org", "", "0639984127", ""]])
    draft = ready(client_of(odile), known.course.site, data, kind="details")
    assert draft.counts == {"updated": 0, "unchanged": 0, "bad": 1}
