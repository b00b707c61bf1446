"""What a sync asks of a real Moodle, by the table of measured costs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from demo.moodle import costs, running
from demo.moodle.big import TOKEN, big_world
from moodle_sync.client import FIELDS, STAMPS
from moodle_sync.enums import ReadKind, Service
from moodle_sync.models import Course
from tests.moodle_sync.moodle import Moodle, connect, rows, somebody

pytestmark = pytest.mark.django_db
ENROLLED, ACCOUNTS = "core_enrol_get_enrolled_users", "core_user_get_users_by_field"
MEMBERS = "core_group_get_group_members"
PEOPLE, PAGE = 300, 100


FACTS = {"core_course_get_courses_by_field": 1, "core_group_get_course_groups": 1, MEMBERS: 1}


@pytest.fixture
def refreshed(moodle: Moodle) -> Moodle:
    """After the first read, only what changes from hour to hour is looked at."""
    moodle.full = False
    return moodle


def full_cost(people: int, pages: int) -> float:
    """Facts, groups and their people, the pages and the empty one after them, the suspended."""
    return refresh_cost(people, pages) + (costs.FIELD["email"] + costs.FIELD["roles"]) * people


def refresh_cost(people: int, pages: int) -> float:
    return (
        3 * costs.CALL
        + costs.GROUP_MEMBER * people
        + (pages + 1) * costs.CALL
        + costs.PERSON * people
        + costs.enrolled_users(people // 30, ["id"], people, by_status=True)
    )


def test_what_each_kind_of_read_costs(settings: Settings) -> None:
    settings.MOODLE_PAGE_SIZE = PAGE
    world = big_world(participants=PEOPLE)
    with running(world) as server:
        moodle = connect(server, TOKEN)
        course = moodle.follow()
        accounts = []
        for full in (True, True, False):
            moodle.full = full
            world.account.reset()
            moodle.read(course)
            accounts.append(world.account.as_dict())
    first, full_again, refresh = accounts
    assert full_again["calls"] == FACTS | {ENROLLED: 3 + 1 + 1}
    assert first["calls"] == full_again["calls"] | {ACCOUNTS: 1}
    assert refresh["calls"] == FACTS | {ENROLLED: 1 + 1 + 1}, "four times as many people fit into a page of stamps"
    assert full_again["ms"] <= full_cost(PEOPLE, 3)
    assert first["ms"] == pytest.approx(full_again["ms"] + costs.CALL + costs.USER_BY_FIELD * PEOPLE)
    assert refresh["ms"] <= refresh_cost(PEOPLE, 1)
    assert {account["simultaneous"] for account in accounts} == {1}, "a small Moodle is never hurt"


def test_a_refresh_of_a_large_course_costs_a_seventh_of_the_naive_call() -> None:
    world = big_world(participants=20_000)
    with running(world) as server:
        moodle = connect(server, TOKEN)
        course = moodle.follow()
        moodle.read(course)
        moodle.full = False
        world.account.reset()
        moodle.read(course)
        refresh = world.account.ms
    assert refresh <= 0.15 * costs.enrolled_users(20_000, None, 20_000)


def asked_fields(moodle: Moodle) -> list[str]:
    asked: list[str] = []

    def note(call: object) -> None:
        if getattr(call, "function", "") == ENROLLED:
            asked.append(call.options()["userfields"])  # type: ignore[attr-defined]

    moodle.world.before_call.append(note)
    return asked


def without(names: Iterable[str], *left_out: str) -> str:
    return ",".join(name for name in names if name not in left_out)


def test_only_the_fields_that_are_needed_are_asked_for(refreshed: Moodle) -> None:
    asked = asked_fields(refreshed)
    course = refreshed.follow()
    refreshed.read(course)
    assert set(asked) == {without(FIELDS, "groups"), "id"}, "who is in which group is cheaper to ask at once"
    asked.clear()
    refreshed.read(course)
    assert set(asked) == {",".join(STAMPS), "id"}


def test_groups_are_asked_for_with_the_people_where_they_cannot_be_asked_at_once(refreshed: Moodle) -> None:
    asked = asked_fields(refreshed)
    refreshed.world.faults.add("accessexception", function=MEMBERS)
    course = refreshed.follow()
    assert refreshed.read(course).missing_rights == ["group_members"]
    assert set(asked) == {f"{without(FIELDS, 'groups')},groups", "id"}
    asked.clear()
    refreshed.read(course)
    assert set(asked) == {f"{','.join(STAMPS)},groups", "id"}
    assert refreshed.groups_of(10) == {"Groupe A"}


def test_a_mobile_token_is_not_asked_for_what_it_never_has(refreshed: Moodle) -> None:
    refreshed.connection.service = Service.MOBILE
    refreshed.connection.save()
    course = refreshed.follow()
    assert refreshed.read(course).missing_rights == []
    assert refreshed.read(course).kind == ReadKind.REFRESH
    assert refreshed.world.account.calls[MEMBERS] == 0
    assert refreshed.groups_of(10) == {"Groupe A"}


def test_accounts_are_looked_at_once_a_night_and_newcomers_at_once(moodle: Moodle) -> None:
    course = moodle.follow()
    asked: list[int] = []

    def note(call: object) -> None:
        if getattr(call, "function", "") == ACCOUNTS:
            asked.append(len(call.params["values"]))  # type: ignore[attr-defined]

    moodle.world.before_call.append(note)
    moodle.read(course)
    moodle.read(course)
    assert asked == [12]
    moodle.world.enrol(moodle.world.courses[2], moodle.world.add_user(somebody(moodle.world, 99)), "participant")
    moodle.read(course)
    assert asked == [12, 1]
    Course.objects.update(accounts_checked_at=timezone.now() - timedelta(days=1))
    moodle.read(course)
    assert asked == [12, 1, 13]


def test_accounts_that_moodle_keeps_silent_about_are_not_asked_for_with_every_read(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.world.faults.add("shape", function=ACCOUNTS, body=[])
    moodle.read(course)
    moodle.read(course)
    assert moodle.participant(10).suspended is None
    assert moodle.world.account.calls[ACCOUNTS] == 1


def test_a_refused_look_at_the_accounts_is_not_repeated_with_every_read(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.world.faults.add("accessexception", function=ACCOUNTS)
    assert moodle.read(course).missing_rights == ["accounts"]
    moodle.read(course)
    assert moodle.world.account.calls[ACCOUNTS] == 1


def test_a_look_at_the_accounts_that_failed_is_made_up_for(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.world.faults.add("sitemaintenance", function=ACCOUNTS, times=1)
    moodle.world.users[10].suspended = True
    assert moodle.read(course).state == "partial"
    assert moodle.participant(10).suspended is None
    assert moodle.read(course).state == "ok"
    assert moodle.participant(10).suspended is True


def test_a_large_course_writes_nothing_the_second_time(settings: Settings) -> None:
    settings.MOODLE_PAGE_SIZE = PAGE
    with running(big_world(participants=PEOPLE)) as server:
        moodle = connect(server, TOKEN)
        course = moodle.follow()
        moodle.read(course)
        before = rows()
        for full in (True, False):
            moodle.full = full
            assert moodle.read(course).unchanged == PEOPLE
            assert rows() == before
