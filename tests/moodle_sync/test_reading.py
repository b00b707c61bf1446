"""Reading a course page by page, whatever it holds and whatever the token may see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from demo.moodle import World, errors, running
from demo.moodle import roles as cap
from demo.moodle.call import Call
from moodle_sync import reading as reading_module
from moodle_sync.client import MoodleClient
from moodle_sync.errors import MoodleRefused, MoodleUnavailable, Trouble
from moodle_sync.reading import CourseReader
from moodle_sync.remote import RemoteParticipant
from tests.moodle_sync.moodle import FIRST, TOKEN, small_world, somebody

ENROLLED = "core_enrol_get_enrolled_users"
ALL = list(range(FIRST, FIRST + 12))
MOODLE_35, MOODLE_51 = 2018051705, 2025100603


class Read:
    """A whole read: who came, and what else was found."""

    def __init__(self, url: str, *, page_size: int = 5, version: int = MOODLE_51) -> None:
        self.alive: list[int] = []
        with MoodleClient(url, TOKEN) as client:
            reader = CourseReader(
                client, 2, page_size=page_size, version=version, alive=lambda people: self.alive.append(people)
            )
            reader.facts()
            reader.groups()
            self.pages: list[list[RemoteParticipant]] = list(reader.pages())
            reader.suspensions()
            self.accounts: dict[int, bool] = {}
            for found in reader.accounts([sorted(self.ids)]):
                self.accounts |= found
        self.found = reader.reading

    @property
    def people(self) -> list[RemoteParticipant]:
        return [person for page in self.pages for person in page]

    @property
    def ids(self) -> list[int]:
        return [person.moodle_id for person in self.people]

    @property
    def suspended(self) -> set[int] | None:
        """As the sync understands it."""
        return self.found.suspended if self.found.active is None else set(self.ids) - self.found.active


@pytest.fixture
def world() -> World:
    return small_world()


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world) as server:
        yield server.url


def poison(world: World, *ranks: int) -> None:
    for rank in ranks:
        world.users[ALL[rank]].firstname = "Anne-<Marie"


@pytest.mark.parametrize("page_size", [1, 4, 5, 12, 1000])
def test_everybody_once_in_order(url: str, page_size: int) -> None:
    read = Read(url, page_size=page_size)
    assert read.ids == ALL
    assert read.found.people == 12
    assert not read.found.overlapping
    assert read.found.missing_rights == []
    assert set(read.found.groups.values()) == {"Groupe A", "Groupe B"}
    assert read.found.groups_listed
    assert read.found.facts
    assert read.found.facts.visible is True


def test_an_empty_course(world: World, url: str) -> None:
    world.courses[2].enrolments.clear()
    read = Read(url)
    assert (read.ids, read.pages, read.found.gaps, read.suspended) == ([], [], [], set())


@pytest.mark.parametrize(
    "ranks",
    [(5,), (0,), (11,), (4, 5), (0, 1), (10, 11), (0, 11), (2, 6, 7, 9), tuple(range(11)), tuple(range(1, 12))],
    ids=str,
)
@pytest.mark.parametrize("page_size", [5, 16])
def test_bad_profiles_are_skipped_and_named(world: World, url: str, ranks: tuple[int, ...], page_size: int) -> None:
    poison(world, *ranks)
    read = Read(url, page_size=page_size)
    assert read.ids == [user_id for rank, user_id in enumerate(ALL) if rank not in ranks]
    assert [gap.position for gap in read.found.gaps] == list(ranks)
    for gap in read.found.gaps:
        assert gap.position is not None
        hidden, before = ALL[gap.position], gap.before_id or 10**9
        assert gap.after_id < hidden < before
        assert not [user_id for user_id in read.ids if gap.after_id < user_id < before]


def test_a_bad_profile_costs_few_calls(world: World, url: str) -> None:
    poison(world, 5)
    world.account.reset()
    Read(url, page_size=1000)
    # Bisection of a page of 1,000: two calls a halving at most, and the page after.
    assert world.account.calls[ENROLLED] <= 2 * 10 + 2 + 1


def test_a_whole_course_of_bad_profiles_is_refused(world: World, url: str) -> None:
    poison(world, *range(12))
    with pytest.raises(MoodleRefused) as caught:
        Read(url)
    assert caught.value.code == Trouble.TOO_MANY_BROKEN


def test_too_many_bad_profiles_are_refused(world: World, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module, "MAX_BROKEN", 3)
    poison(world, 1, 4, 8)
    assert len(Read(url).ids) == 9
    poison(world, 6)
    with pytest.raises(MoodleRefused) as caught:
        Read(url)
    assert caught.value.code == Trouble.TOO_MANY_BROKEN


def test_a_bad_profile_does_not_hide_who_is_suspended(world: World, url: str) -> None:
    poison(world, 3)
    for rank in (3, 5, 8):  # the broken one too: then the list of suspended breaks as well
        world.courses[2].enrolments[ALL[rank]].suspended = True
    world.users[ALL[7]].suspended = True
    read = Read(url)
    assert read.suspended == {ALL[5], ALL[8]}
    assert read.found.missing_rights == []
    assert {user_id for user_id, suspended in read.accounts.items() if suspended} == {ALL[7]}
    assert set(read.accounts) == set(read.ids)


def test_a_bad_account_does_not_hide_the_others(world: World, url: str) -> None:
    """The look at the accounts gives more fields than the list of people, so it can break alone."""
    world.users[ALL[4]].suspended = True
    hit = {"core_user_get_users_by_field": ALL[6]}

    def break_one(call: Call) -> None:
        if (user_id := hit.get(call.function)) and str(user_id) in call.params["values"].values():
            raise errors.invalid_response()

    world.before_call.append(break_one)
    read = Read(url)
    assert read.accounts == {user_id: user_id == ALL[4] for user_id in ALL if user_id != ALL[6]}


def test_a_page_shorter_than_asked_is_not_the_last(world: World, url: str) -> None:
    """Rows that the token may not see are dropped after the limit was applied."""
    service = world.users[2]
    service.capabilities -= {cap.VIEW_DETAILS}
    for rank in (2, 3, 8, 11):
        world.enrol(world.courses[2], world.users[ALL[rank]], "editingteacher")
    read = Read(url, page_size=5)
    assert [len(page) for page in read.pages] == [2, 1, 1]
    assert read.ids == [ALL[2], ALL[3], ALL[8], ALL[11]]


def test_somebody_joins_between_two_pages(world: World, url: str) -> None:
    """With a lower id: the page's last row comes again on the next one."""
    newcomer = world.add_user(somebody(world, 5))

    def join(call: Call) -> None:
        if call.function == ENROLLED and call.options().get("limitfrom") == "5":
            world.enrol(world.courses[2], newcomer, "participant")

    world.before_call.append(join)
    read = Read(url)
    assert sorted(read.ids) == sorted([*ALL, ALL[4]])


def test_an_answer_that_never_turns_the_page_ends(world: World, url: str) -> None:
    def ignore(call: Call) -> None:
        if call.function == ENROLLED:
            for n, option in list(call.params["options"].items()):
                if option["name"] in {"limitfrom", "limitnumber"}:
                    del call.params["options"][n]

    world.before_call.append(ignore)
    read = Read(url)
    assert read.ids == ALL
    assert read.found.overlapping, "nobody may be declared gone from such a read"


def old_moodle(world: World) -> None:
    """3.5 does not know `lastcourseaccess` nor `onlysuspended` (it ignores unknown options)."""

    def answer(call: Call) -> None:
        if call.function != ENROLLED:
            return
        for n, option in list(call.params["options"].items()):
            if option["name"] == "onlysuspended":
                del call.params["options"][n]
            if option["name"] == "userfields" and "lastcourseaccess" in option["value"]:
                raise errors.invalid_user_field("lastcourseaccess")

    world.before_call.append(answer)


@pytest.mark.parametrize("version", [MOODLE_35, 0], ids=["3.5", "unknown"])
def test_moodle_35_does_not_suspend_everybody(world: World, url: str, version: int) -> None:
    old_moodle(world)
    for rank in (1, 6):
        world.courses[2].enrolments[ALL[rank]].suspended = True
    read = Read(url, version=version)
    assert read.suspended == {ALL[1], ALL[6]}


def test_moodle_35_knows_no_course_access(world: World, url: str) -> None:
    old_moodle(world)
    world.account.reset()
    read = Read(url, version=MOODLE_35)
    assert read.ids == ALL
    assert {person.last_course_access for person in read.people} == {None}
    assert {person.last_site_access is None for person in read.people} == {False}
    # The refused field is asked for once, not with every page.
    assert world.account.calls[ENROLLED] == 1 + 4 + 1


def test_another_unknown_field_is_not_guessed_at(world: World, url: str) -> None:
    def refuse(call: Call) -> None:
        if call.function == ENROLLED:
            raise errors.invalid_user_field("institution")

    world.before_call.append(refuse)
    with pytest.raises(MoodleRefused) as caught:
        Read(url)
    assert caught.value.code == "invaliduserfield"


OPTIONAL = {
    "core_course_get_courses_by_field": "course_facts",
    "core_group_get_course_groups": "groups",
    "core_user_get_users_by_field": "accounts",
}


@pytest.mark.parametrize("function", OPTIONAL)
@pytest.mark.parametrize("kind", ["nopermissions", "accessexception", "html_login", "not_found"])
def test_an_optional_refusal_costs_one_fact(world: World, url: str, function: str, kind: str) -> None:
    world.faults.add(kind, function=function)
    read = Read(url)
    assert read.ids == ALL
    assert read.found.missing_rights == [OPTIONAL[function]]
    assert read.found.unread is None


def test_groups_come_with_the_people_where_they_may_not_be_listed(world: World, url: str) -> None:
    world.faults.add("nopermissions", function="core_group_get_course_groups")
    read = Read(url)
    assert not read.found.groups_listed
    assert set(read.found.groups.values()) == {"Groupe A", "Groupe B"}


def test_who_is_suspended_may_be_a_secret(world: World, url: str) -> None:
    world.users[2].capabilities -= {cap.ENROL_REVIEW}
    read = Read(url)
    assert read.ids == ALL
    assert read.suspended is None
    assert read.found.missing_rights == ["suspended"]


@pytest.mark.parametrize("function", OPTIONAL)
@pytest.mark.parametrize("fault", [{"kind": "sitemaintenance"}, {"kind": "http", "status": 502}, {"kind": "dropped"}])
def test_an_optional_call_without_answer_is_left_for_next_time(
    world: World, url: str, function: str, fault: dict[str, Any]
) -> None:
    world.faults.add(function=function, **fault)
    read = Read(url)
    assert read.ids == ALL
    assert isinstance(read.found.unread, MoodleUnavailable)
    assert read.found.unread.function == function
    assert read.found.missing_rights == []
    assert read.found.accounts_unread is (function == "core_user_get_users_by_field")


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("kind", ["sitemaintenance", "truncated", "dropped"])
def test_people_are_not_optional(world: World, url: str, kind: str, after: int) -> None:
    world.faults.add(kind, function=ENROLLED, after=after)
    with pytest.raises(MoodleUnavailable):
        Read(url)


def test_a_reader_shows_that_it_lives(world: World, url: str) -> None:
    """Around bad profiles too, where many calls bring no page."""
    poison(world, 5)
    world.account.reset()
    read = Read(url)
    assert len(read.alive) >= sum(world.account.calls.values())
    assert read.alive == sorted(read.alive)
    assert read.alive[-1] == 11


@pytest.mark.django_db
def test_what_waits_to_be_applied_is_not_logged() -> None:
    """docs/decisions.md §4: a crash may lose it, and PostgreSQL writes it once instead of twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relpersistence = 'u' ORDER BY relname")
        unlogged = [name for (name,) in cursor.fetchall()]
    assert unlogged == ["moodle_sync_stagedaccount", "moodle_sync_stagedmember", "moodle_sync_stagedperson"]
