"""Any separator, any encoding, every quirk of Excel: the same table comes out."""

import io
import zipfile
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moodle_sync.files import reader
from moodle_sync.files.columns import Target, recognise
from moodle_sync.files.errors import Problem, Unreadable
from tests.moodle_sync.files.samples import VERSIONS, as_csv, as_xlsx, pasted, sample

HEADER = ["Prénom", "Nom", "Adresse de courriel", "Groupes"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["download_default.csv", "download_default.xlsx", "download_identity_fields.csv"])
def test_downloads_of_the_participants_page(version: str, name: str) -> None:
    table = reader.read(sample(version, name))
    rows = {row[2]: (number, row) for number, row in table.rows}
    assert len(rows) == 15
    number, formula = rows["jean.sommea1a2@ac-poitiers.example.org"]
    assert (number, formula[:2]) == (3, ["Jean", "=SOMME(A1;A2)"]), "neutralised or not, as a formula or as text"
    assert rows["33.dupont@ac-poitiers.example.org"][1][:2] == ["+33", "@dupont"]
    assert rows["anneco.lhotezed@ac-poitiers.example.org"][1][1] == 'L"Hôte; "Zed"'
    assert rows["fatmt.bnly@ac-poitiers.example.org"][1][0] == "فاطمة"


@pytest.mark.parametrize("version", VERSIONS)
def test_user_names_end_at_the_reader(version: str) -> None:
    table = reader.read(sample(version, "download_identity_fields.csv"))
    assert table.dropped == ["Username"]
    assert "nonconnecte9" not in repr(table)
    assert recognise(table.headers)[3:6] == [Target.PHONE1, Target.PHONE2, Target.INSTITUTION]


@pytest.mark.parametrize("header", ["NUMEN", "Nom d’utilisateur", "identifiant", "Login", "Mot de passe", "Username"])
def test_secret_columns_whatever_they_are_called(header: str) -> None:
    table = reader.read(as_csv([["E-mail", header, "Ville"], ["a@ac-test.example.org", "secret", "Niort"]]))
    assert table.headers == ["E-mail", "Ville"]
    assert "secret" not in repr(table)


def test_a_numen_is_known_by_its_look() -> None:
    table = reader.read(as_csv([["E-mail", "Code"], ["a@ac-test.example.org", "15E0204389XLB"]]))
    assert (table.headers, table.dropped) == (["E-mail"], ["Code"])


@pytest.mark.parametrize("version", VERSIONS)
def test_the_report_and_the_pasted_table(version: str) -> None:
    report = reader.read(sample(version, "reportbuilder_participants.csv"))
    assert recognise(report.headers) == [
        Target.COURSE, Target.FIRST_NAME, Target.LAST_NAME, Target.EMAIL, Target.ROLES, Target.GROUP, Target.STATUS,
        Target.COURSE_ACCESS, Target.SITE_ACCESS,
    ]  # fmt: skip
    copied = reader.read(pasted(version))
    assert recognise(copied.headers) == [
        None, Target.FULL_NAME, Target.EMAIL, Target.ROLES, Target.GROUPS, Target.COURSE_ACCESS, Target.STATUS,
    ]  # fmt: skip
    assert len(copied.rows) == 12, "the padding at its end is nobody"


TEXT = st.text(st.characters(codec="cp1252", exclude_categories=["Cc", "Cs", "Zs"]), min_size=1, max_size=12).map(
    lambda text: "x" + text + "x"
)


@given(
    st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]),
)
def test_any_separator_in_any_encoding(names: list[tuple[str, str]], separator: str, encoding: str) -> None:
    rows = [[first, last, f"p{n}@ac-test.example.org", "É, ö"] for n, (first, last) in enumerate(names)]
    table = reader.read(as_csv([HEADER, *rows], separator=separator, encoding=encoding))
    assert table.headers == HEADER
    assert table.rows == [(number, row) for number, row in enumerate(rows, start=2)]


@given(st.binary(max_size=3000))
def test_no_bytes_are_a_crash(data: bytes) -> None:
    for beginning in (b"", b"PK\x03\x04", b"E-mail;Nom\n"):
        try:
            table = reader.read(beginning + data)
        except Unreadable:
            continue
        assert all(len(row) == len(table.headers) for _, row in table.rows)


def test_row_numbers_are_those_of_the_spreadsheet() -> None:
    text = (
        'Liste du 23/11;;\n;;\nNom complet;Courriel;Ville\n"Ann\nBee";a@ac-test.example.org;\n'
        ";;\nCé;c@ac-test.example.org;\n"
    )
    table = reader.read(text.encode("cp1252"))
    assert table.headers == ["Nom complet", "Courriel", "Ville"]
    assert [number for number, _ in table.rows] == [4, 6]


def test_excel_declares_its_separator() -> None:
    assert reader.read(b"sep=|\r\nE-mail|Ville\r\na@ac-test.example.org|Niort, ou; pas\r\n").rows == [
        (2, ["a@ac-test.example.org", "Niort, ou; pas"])
    ]


def test_what_excel_does_to_a_table() -> None:
    table = reader.read(
        as_xlsx(
            [
                ["Participants de la session"],
                [],
                ["Courriel", "Tél", "Dernier accès au cours", "Depuis", "Total"],
                [" a@ac-test.example.org ", 639984127, datetime(2026, 11, 23, 12, 55), date(2026, 11, 2), "=1+1"],
                [None, None, None, None, None],
                ["b@ac-test.example.org", 1.5, "Jamais", None, "#N/A"],
            ],
            merged="A1:E1",
        )
    )
    assert table.headers[:3] == ["Courriel", "Tél", "Dernier accès au cours"]
    assert table.rows == [
        (4, ["a@ac-test.example.org", "639984127", "2026-11-23T12:55:00", "2026-11-02", "=1+1"]),
        (6, ["b@ac-test.example.org", "1.5", "Jamais", "", ""]),
    ]


def _bomb(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * size)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", Problem.EMPTY),
        (b"\n \n\n", Problem.EMPTY),
        (b"E-mail;Nom\n", Problem.NO_LINES),
        (b"x" * (10 * 2**20 + 1), Problem.TOO_LARGE),
        (b"E-mail\n" + b"a@b.example.org\n" * 50_001, Problem.TOO_MANY_ROWS),
        (b"E-mail" + b",x" * 200 + b"\na@b.example.org\n", Problem.TOO_MANY_COLUMNS),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, Problem.OLD_EXCEL),
        (b"PK\x03\x04 and then nothing", Problem.DAMAGED),
        (b'E-mail;Nom\n"a@b.example.org;Ex\n', Problem.OPEN_QUOTE),
        (bytes(range(256)) * 20, Problem.NOT_A_TABLE),
        (_bomb(151 * 2**20), Problem.TOO_LARGE),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, problem: Problem) -> None:
    with pytest.raises(Unreadable) as refused:
        reader.read(data)
    assert refused.value.problem == problem


def test_entities_of_xml_are_refused() -> None:
    honest = as_xlsx([["E-mail"], ["a@ac-test.example.org"]])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(honest)) as source, zipfile.ZipFile(out, "w") as archive:
        for name in source.namelist():
            text = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                text = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + text
            archive.writestr(name, text)
    with pytest.raises(Unreadable) as refused:
        reader.read(out.getvalue())
    assert refused.value.problem == Problem.DAMAGED
