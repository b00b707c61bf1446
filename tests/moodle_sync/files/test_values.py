"""Words of Moodle and of people, in both languages, as moments: and nothing else as «never»."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moodle_sync.enums import EPOCH
from moodle_sync.files import values
from moodle_sync.files.values import InTheFuture, NotAMoment, Stamp

MOMENT = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")


def read(text: str) -> Stamp | None:
    return values.access(text, moment=MOMENT, zone=PARIS)


@pytest.mark.parametrize("text", ["Never", "Jamais", "jamais", " JAMAIS ", "Never."])
def test_never(text: str) -> None:
    stamp = read(text)
    assert stamp is not None
    assert stamp.at == EPOCH


@pytest.mark.parametrize("text", ["", "-", "  ", "—", "n/a", "?"])
def test_silence_is_not_never(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("23 jours 4 heures", timedelta(days=23, hours=4)),
        ("4 days 5 hours", timedelta(days=4, hours=5)),
        ("27 mins 52 secs", timedelta(minutes=27, seconds=52)),
        ("33 jours", timedelta(days=33)),
        ("1 day 11 hours", timedelta(days=1, hours=11)),
        ("1 an 3 jours", timedelta(days=368)),
        ("52 min 3 s", timedelta(minutes=52, seconds=3)),
        ("il y a 2 heures", timedelta(hours=2)),
        ("5 days ago", timedelta(days=5)),
        ("now", timedelta()),
        ("maintenant", timedelta()),
    ],
)
def test_ages_count_from_the_export(text: str, age: timedelta) -> None:
    stamp = read(text)
    assert stamp is not None
    assert stamp.at == MOMENT - age


@pytest.mark.parametrize(
    "text",
    [
        "Monday, 23 November 2026, 12:55 PM",
        "lundi 23 novembre 2026, 12:55",
        "Lundi 23 novembre 2026 à 12h55",
        "23 nov. 2026 12:55",
        "November 23, 2026, 12:55 PM",
        "2026-11-23T12:55:00",
        "2026-11-23 12:55",
        "2026-11-23T11:55:00Z",
        "2026-11-23 13:55:00+02:00",
        "23/11/2026 12:55",
        "23/11/26, 12:55",
        "23.11.2026 12:55:00",
    ],
)
def test_one_moment_in_many_words(text: str) -> None:
    stamp = read(text)
    assert stamp is not None
    assert stamp.at == datetime(2026, 11, 23, 11, 55, tzinfo=UTC)


def test_midnight_and_noon() -> None:
    noon, midnight = read("22 November 2026, 12:05 PM"), read("22 November 2026, 12:05 AM")
    assert noon is not None
    assert midnight is not None
    assert (noon.at.hour, midnight.at.hour) == (11, 23)


@pytest.mark.parametrize("text", ["22/11/2026", "2026-11-22", "46348", "22 novembre 2026"])
def test_a_plain_date_is_a_whole_day(text: str) -> None:
    day = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    assert read(text) == Stamp(day, day, day + timedelta(days=1))


@pytest.mark.parametrize("text", ["46349.5", "46349,5"])
def test_excel_counts_days(text: str) -> None:
    stamp = read(text)
    assert stamp is not None
    assert stamp.at == datetime(2026, 11, 23, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0", "12", "hier", "30/02/2026", "11/23/2026", "jour 3", "3 jours 4 ans", "1/1/1999"])
def test_what_is_no_moment_is_said(text: str) -> None:
    with pytest.raises(NotAMoment):
        read(text)


def test_nobody_came_after_the_export() -> None:
    with pytest.raises(InTheFuture):
        read("25/12/2026")


@given(st.text(max_size=40))
def test_only_its_own_words_mean_never(text: str) -> None:
    try:
        stamp = read(text)
    except NotAMoment:
        return
    if stamp is not None and stamp.at == EPOCH:
        assert text.strip().rstrip(".").casefold() in values.NEVER


def test_names_groups_roles_and_phones() -> None:
    assert values.tidy("O&#039;Brien-Ménard ") == "O'Brien-Ménard"
    assert values.tidy("Dupond & Dupont") == "Dupond & Dupont"
    assert values.full_name("KB Karim Benali") == "Karim Benali"
    assert values.full_name("Jean DUPONT MOREAU") == "Jean DUPONT MOREAU"
    assert values.groups("Groupe 01, Groupe 02") == ["Groupe 01", "Groupe 02"]
    assert values.groups("Vienne, nord", frozenset({"Vienne, nord"})) == ["Vienne, nord"]
    assert values.groups("Aucun groupe") == values.groups("No groups") == []
    assert values.roles("Étudiant·e, Non-editing teacher") == ["student", "teacher"]
    assert values.roles("Aucun rôle") == []
    assert [values.phone(text) for text in ("639984127", "6.39984127E+08", "06 39 98 41 27")] == [
        "0639984127", "0639984127", "06 39 98 41 27",
    ]  # fmt: skip
    assert (values.suspended("Suspendu(e)"), values.suspended("Active"), values.suspended("")) == (True, False, None)
