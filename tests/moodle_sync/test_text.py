"""Normal forms: what two people would type alike is found, and sorts together."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moodle_sync.models import Participant
from moodle_sync.text import folded, phone_digits, search_key, search_words, sort_key
from tests.factories import ParticipantFactory

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)
names = st.text(st.characters(categories=("L", "M")), min_size=1, max_size=20).filter(lambda s: bool(folded(s)))
SPELLINGS = [
    "06 39 98 41 27", "06.39.98.41.27", "0639984127", "06-39-98-41-27", "+33 6 39 98 41 27", "+33639984127",
    "0033 6 39 98 41 27", "+33 (0)6 39 98 41 27", "06 39 98 41 27", "06\u202f39\u202f98\u202f41\u202f27",
    "33639984127", "\u202a+33 6 39 98 41 27\u202c", "06\u201139\u201198\u201141\u201127",
]  # fmt: skip


@given(texts)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(texts)
def test_case_and_the_way_accents_are_written_do_not_matter(text: str) -> None:
    assert folded(unicodedata.normalize("NFC", text)) == folded(unicodedata.normalize("NFD", text)) == folded(text)


@given(texts)
def test_nothing_is_left_of_accents_and_blanks(text: str) -> None:
    plain = folded(text)
    assert plain == " ".join(plain.split())
    assert not [c for c in plain if unicodedata.combining(c)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Élise", "ELISE"),
        ("D’Haÿ", "d'hay"),
        ("Lœtitia", "LOETITIA"),
        ("Łukasiewicz", "lukasiewicz"),
        ("Ørjan", "orjan"),
        ("Groß", "GROSS"),
        ("Nguyễn  Thị\u00a0Hương", "nguyen thi huong"),
        ("𝐀nne", "anne"),
        ("ﬁloména", "Filomena"),
        ("Đặng", "dang"),
    ],
)
def test_typed_alike(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@given(st.lists(names, min_size=1, max_size=4), st.randoms())
def test_a_person_is_found_by_any_of_their_names_in_any_order(parts: list[str], random: object) -> None:
    key = search_key(names=[" ".join(parts)], email="", phones=[])
    random.shuffle(parts)  # type: ignore[attr-defined]
    assert all(word in key for word in search_words(" ".join(parts)))
    assert all(word in key for word in search_words(parts[0][:3]))


@given(texts)
def test_any_query_is_a_few_words(query: str) -> None:
    words = search_words(query)
    assert len(words) <= 8
    assert all(words)


@pytest.mark.parametrize(
    "kept", ["Anne Sophie D'Haÿ-Le Goff", "Anne-Sophie D’Haÿ – Le‑Goff", "ANNE–SOPHIE DʼHAŸ LE-GOFF"]
)
@pytest.mark.parametrize(
    "typed",
    ["Anne Sophie", "anne-sophie", "Anne\u2011Sophie", "Anne–Sophie", "d'hay", "DʼHaÿ", "D‘Hay", "D`hay", "le-goff",
     "Le Goff, Anne Sophie", "Anne Sophie Le Goff <as@mail.example.org>", '"Le Goff" <as@mail.example.org>;',
     "as@mail.example.org;", "as@mail.example.org.", "goff (anne)", "\u200bAnne\u00ad-\x00Sophie"],
)  # fmt: skip
def test_names_however_they_are_joined_and_whatever_came_along_when_copied(kept: str, typed: str) -> None:
    key = search_key(names=[kept], email="as@mail.example.org", phones=[])
    words = search_words(typed)
    assert words
    assert [word for word in words if word not in key] == []


@pytest.mark.parametrize(
    "typed", ["Martin-Dupont", "Anne <as@mail.example.com>", "anne, luc", "0639984128", "anne 06 39 98 41 28"]
)
def test_what_is_joined_must_be_there_in_whole(typed: str) -> None:
    key = search_key(names=["Anne Martin"], email="as@mail.example.org", phones=["0639984127"])
    assert not all(word in key for word in search_words(typed))


@pytest.mark.parametrize("kept", SPELLINGS)
@pytest.mark.parametrize("typed", SPELLINGS)
def test_phones_however_they_are_written(kept: str, typed: str) -> None:
    key = search_key(names=["Camille"], email="", phones=["", kept])
    assert [word in key for word in search_words(typed)] == [True]
    assert [word in key for word in search_words(f"{typed}, Camille")] == [True, True]


@given(st.text("0123456789", min_size=9, max_size=9), st.sampled_from(["0", "+33", "+33 ", "0033", "+33(0)"]))
def test_national_form(number: str, prefix: str) -> None:
    number = "6" + number[1:]
    assert phone_digits(f"{prefix}{number}") == f"0{number}"


@pytest.mark.parametrize("typed", ["39 98", "9841", "06 39", "+33 6 39"])
def test_a_part_of_a_phone_is_enough(typed: str) -> None:
    key = search_key(names=[], email="", phones=["06 39 98 41 27"])
    assert all(word in key for word in search_words(typed))


@given(names, names)
def test_sorting_goes_by_the_last_name(first: str, last: str) -> None:
    assert sort_key(first_name=first, last_name=last, full_name="", email="") == folded(f"{last} {first}")[:200]


def test_sorting_without_names() -> None:
    assert sort_key(first_name="", last_name="", full_name="Élie A", email="z@example.org") == "elie a"
    assert sort_key(first_name="", last_name=" ", full_name=" ", email="Zoe@example.org") == "zoe@example.org"
    assert len(sort_key(first_name="", last_name="a" * 999, full_name="", email="")) == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("lefevre", True),
        ("LEFÈVRE chlo", True),
        ("chloé lefèvre", True),
        ("chloe.lefevre@", True),
        ("+33 6 39 98 41 27", True),
        ("98 41", True),
        ("", True),
        ("   ", True),
        ("lefevre dupont", False),
        ("100%", False),
        ("_", False),
        ("\\", False),
        ("07 39", False),
        ("%' OR 1=1 --", False),
    ],
)
def test_search_in_the_database(query: str, found: bool) -> None:
    person = ParticipantFactory(
        first_name="Chloé", last_name="Lefèvre", email="Chloe.Lefevre@ac-test.example.org", phone1="06.39.98.41.27"
    )
    assert list(Participant.objects.search(query)) == ([person] if found else [])
