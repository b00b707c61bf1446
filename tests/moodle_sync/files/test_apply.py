"""From a file to participants, enrolments and groups: what is said is kept, what is not said stays."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from moodle_sync.enums import EPOCH, Standing
from moodle_sync.files import reader
from moodle_sync.files.apply import apply
from moodle_sync.files.columns import recognise
from moodle_sync.files.errors import Fault
from moodle_sync.files.plan import Plan
from moodle_sync.models import Course, Enrolment, Group, Participant, Site
from tests.factories import EnrolmentFactory, GroupFactory, ParticipantFactory
from tests.moodle_sync.files.samples import VERSIONS, as_csv, pasted, sample
from tests.moodle_sync.moodle import WRITTEN, content, rows

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)
NAMES = ["download_default.csv", "download_default.xlsx", "download_identity_fields.csv"]
HEADER = ["Prénom", "Nom", "Courriel", "Groupes", "Rôle", "Statut", "Dernier accès au cours"]


@pytest.fixture
def by_file(site: Site) -> Course:
    return Course.objects.create(site=site, full_name="Session par fichier", short_name="")


def take(course: Course, data: bytes, *, moment: datetime = MOMENT) -> Plan:
    table = reader.read(data)
    return apply(course, recognise(table.headers), table.rows, moment=moment)


def take_rows(course: Course, *lines: Sequence[str], moment: datetime = MOMENT) -> Plan:
    return take(course, as_csv([HEADER, *lines]), moment=moment)


def person(course: Course, email: str) -> Enrolment:
    return Enrolment.objects.select_related("participant").get(course=course, participant__email=email)


def group_names(enrolment: Enrolment) -> set[str]:
    return set(enrolment.groups.values_list("name", flat=True))


def line(
    name: str, *, groups: str = "", role: str = "Participant", status: str = "Actif", access: str = "Jamais"
) -> list[str]:
    return [name, "Exemple", f"{name.lower()}@ac-test.example.org", groups, role, status, access]


# Moodle's own files


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_stock_downloads(version: str, name: str, by_file: Course) -> None:
    plan = take(by_file, sample(version, name))
    assert plan.counts == {"created": 15, "updated": 0, "unchanged": 0, "first_accesses": 0, "staff": 0, "bad": 0}
    chloe = person(by_file, "chloe.petit@ac-poitiers.example.org")
    assert (chloe.participant.first_name, group_names(chloe)) == ("Chloé 🌻", {"Groupe 04"})
    assert (chloe.last_course_access, chloe.last_site_access) == (None, None), "no column says it: unknown, not never"
    assert (chloe.participant.moodle_id, chloe.standing) == (None, Standing.PRESENT)
    nameless = person(by_file, "prenom9.nom9@ac-poitiers.example.org")
    assert nameless.participant.full_name == ""
    assert group_names(person(by_file, "tuteur1@ac-poitiers.example.org")) == {"Groupe 01", "Groupe 02"}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_user_name_is_nowhere(version: str, by_file: Course) -> None:
    take(by_file, sample(version, "download_identity_fields.csv"))
    assert "nonconnecte9" not in repr(content(*WRITTEN))
    delacroix = person(by_file, "formateur1@ac-poitiers.example.org").participant
    assert (delacroix.phone1, delacroix.phone2) == ("05 49 21 17 97", "06 00 79 87 33")
    assert delacroix.institution == "Lycée Marguerite de Valois"
    assert "0600798733" in delacroix.search_key


@pytest.mark.parametrize("version", VERSIONS)
def test_a_report_has_one_line_per_group(version: str, by_file: Course) -> None:
    plan = take(by_file, sample(version, "reportbuilder_participants.csv"))
    assert (plan.counts["created"], plan.counts["bad"]) == (5, 0)
    tutor = person(by_file, "tuteur1@ac-poitiers.example.org")
    assert (tutor.roles, tutor.standing, group_names(tutor)) == (["tuteur"], Standing.STAFF, {"Groupe 01", "Groupe 02"})
    assert tutor.last_course_access == datetime(2026, 11, 23, 6, 2, tzinfo=UTC)
    never = person(by_file, "maelys.obrien-menard@ac-poitiers.example.org")
    assert never.participant.last_name == "O'Brien-Ménard"
    assert never.last_course_access == EPOCH
    assert never.last_site_access is not None
    assert never.last_site_access > EPOCH


@pytest.mark.parametrize("version", VERSIONS)
def test_the_table_pasted_from_the_page(version: str, by_file: Course) -> None:
    plan = take(by_file, pasted(version))
    assert (plan.counts["created"], plan.counts["staff"], plan.counts["bad"]) == (12, 3, 0)
    maxime = person(by_file, "maxime.marechal@ac-poitiers.example.org")
    assert (maxime.participant.full_name, group_names(maxime)) == ("Maxime Maréchal", {"Groupe 01"})
    assert maxime.last_course_access == MOMENT - timedelta(days=55)
    assert person(by_file, "maxime.renaud@ac-poitiers.example.org").standing == Standing.SUSPENDED
    assert group_names(person(by_file, "loic.bouchet@ac-poitiers.example.org")) == set()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", [*NAMES, "reportbuilder_participants.csv"])
def test_twice_is_once(version: str, name: str, by_file: Course) -> None:
    take(by_file, sample(version, name))
    before = rows(*WRITTEN)
    again = take(by_file, sample(version, name), moment=MOMENT + timedelta(minutes=7))
    assert again.counts["created"] == again.counts["updated"] == 0
    assert rows(*WRITTEN) == before, "not one row is written again"


@pytest.mark.parametrize("version", VERSIONS)
def test_an_age_said_again_minutes_later_is_the_same(version: str, by_file: Course) -> None:
    take(by_file, pasted(version))
    again = take(by_file, pasted(version), moment=MOMENT + timedelta(minutes=7))
    changed = {decision.person.email for decision in again.decisions if decision.changed}
    assert changed == {"formateur1@ac-poitiers.example.org"}, "who is there «now» is there later too"


# What a later file changes


def test_who_is_missing_has_not_left(by_file: Course) -> None:
    take_rows(by_file, line("Ana"), line("Bo"))
    for _ in range(3):
        take_rows(by_file, line("Ana"))
    bo = person(by_file, "bo@ac-test.example.org")
    assert (bo.left_at, bo.missed_reads, bo.standing) == (None, 0, Standing.PRESENT)


def test_an_absent_column_keeps_what_is_known(by_file: Course) -> None:
    take_rows(by_file, line("Ana", groups="B1", access="22/11/2026 10:00", status="Suspendu"))
    before = rows("moodle_sync_enrolment", "moodle_sync_membership")
    take(by_file, as_csv([["Courriel", "Nom complet"], ["ana@ac-test.example.org", "Ana Exemple"]]))
    take_rows(by_file, ["Ana", "Exemple", "ana@ac-test.example.org", "B1", "Participant", "", ""])
    assert rows("moodle_sync_enrolment", "moodle_sync_membership") == before


def test_an_older_file_takes_no_access_back(by_file: Course) -> None:
    take_rows(by_file, line("Ana", access="22/11/2026 10:00"))
    for older in ("Jamais", "12 jours", "21/11/2026 10:00"):
        take_rows(by_file, line("Ana", access=older), moment=MOMENT - timedelta(days=1))
    assert person(by_file, "ana@ac-test.example.org").last_course_access == datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_corrections_and_groups_follow_the_newest_file(by_file: Course) -> None:
    take_rows(by_file, line("Ana", groups="B1, B2"))
    plan = take_rows(by_file, ["Anna", "Exemple", "ANA@ac-test.example.org", "B2, B3", "Tuteur", "Suspendu", "2 jours"])
    [decision] = plan.decisions
    assert set(decision.changed) >= {"first_name", "full_name", "groups", "roles", "suspended", "course_access"}
    assert decision.first_access
    ana = person(by_file, "ana@ac-test.example.org")
    assert (ana.participant.full_name, group_names(ana), ana.standing) == ("Anna Exemple", {"B2", "B3"}, Standing.STAFF)
    assert ana.participant.sort_key == "exemple anna"


def test_names_alone_are_enough(by_file: Course) -> None:
    def named(*names: str) -> Plan:
        return take(by_file, as_csv([["Nom complet", "Ville"], *([name, "Niort"] for name in names)]))

    assert named("Ana Exemple", "Bo Exemple").counts["created"] == 2
    assert named("EXEMPLE Ana").counts["unchanged"] == 1
    assert take_rows(by_file, line("Ana")).counts["created"] == 0, "the address joins the one who has that name"
    assert person(by_file, "ana@ac-test.example.org").participant.full_name == "Ana Exemple"


def test_homonyms_need_an_address(by_file: Course) -> None:
    take_rows(by_file, line("Ana"), ["Ana", "Exemple", "ana2@ac-test.example.org", "", "", "", ""])
    plan = take(by_file, as_csv([["Nom complet", "Ville"], ["Ana Exemple", "Niort"]]))
    assert [(bad.number, bad.fault) for bad in plan.bad] == [(2, Fault.HOMONYM)]
    assert not plan.decisions


def test_bad_lines_have_a_number_and_a_reason(by_file: Course) -> None:
    plan = take_rows(
        by_file,
        line("Ana"),
        ["", "", "", "B1", "", "", ""],
        ["Bo", "Exemple", "bo at ac-test", "", "", "", ""],
        line("Cy", access="hier"),
        line("Di", access="24/12/2026"),
        line("Ed", status="peut-être"),
        ["Fanny", "Autre", "ana@ac-test.example.org", "", "", "", ""],
    )
    assert [(bad.number, bad.fault, bad.column) for bad in plan.bad] == [
        (3, Fault.NOBODY, None), (4, Fault.EMAIL, 2), (5, Fault.MOMENT, 6), (6, Fault.FUTURE, 6),
        (7, Fault.STATUS, 5), (8, Fault.OTHER_NAME, None),
    ]  # fmt: skip
    assert Participant.objects.count() == 1


def test_lines_of_other_courses_are_left_aside(by_file: Course) -> None:
    header = ["Courriel", "Nom du cours"]
    plan = take(by_file, as_csv([header, *([f"p{n}@ac-test.example.org", "Autre"] for n in range(3)),
                                 ["ana@ac-test.example.org", "session PAR fichier"]]))  # fmt: skip
    assert [d.person.email for d in plan.decisions] == ["ana@ac-test.example.org"]
    assert {bad.fault for bad in plan.bad} == {Fault.OTHER_COURSE}


# Courses that a web service reads


def test_what_moodle_says_stands(course: Course) -> None:
    group = GroupFactory.create(course=course, name="B1")
    participant = ParticipantFactory.create(
        site=course.site, first_name="Ana", last_name="Moodle", email="Ana@ac-test.example.org", phone1=""
    )
    seen = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    EnrolmentFactory.create(course=course, participant=participant, groups=[group], last_course_access=None,
                            suspended=False, last_site_access=seen)  # fmt: skip
    take_rows(course, line("Ana", groups="B9", role="Tuteur", status="Suspendu", access="21/11/2026 10:00"))
    enrolment = person(course, "Ana@ac-test.example.org")
    assert (enrolment.participant.last_name, enrolment.roles, enrolment.suspended) == ("Moodle", ["participant"], False)
    assert group_names(enrolment) == {"B1"}
    assert enrolment.last_course_access == datetime(2026, 11, 21, 9, 0, tzinfo=UTC), "it did not say this"
    assert Participant.objects.count() == 1


def test_a_file_does_not_freshen_what_moodle_dates(course: Course) -> None:
    before = course.synced_at
    take_rows(course, line("Ana"))
    course.refresh_from_db()
    assert course.synced_at == before


def test_all_or_nothing(by_file: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in the very last write takes the first ones back."""
    before = content(*WRITTEN)

    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr("moodle_sync.files.apply._date", broken)
    with pytest.raises(RuntimeError, match="out of order"):
        take_rows(by_file, line("Ana", groups="B1"), line("Bo"))
    assert content(*WRITTEN) == before
    assert not Group.objects.exists()
