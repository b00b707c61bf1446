"""What a sync asks of a real Moodle, by the table of measured costs."""

from __future__ import annotations

import pytest
from django.utils import timezone
from pytest_django import Settings

from demo.moodle import costs, running
from demo.moodle.big import TOKEN, big_world
from moodle_sync.client import FIELDS
from moodle_sync.models import Course
from moodle_sync.sync import ACCOUNTS_EVERY
from tests.moodle_sync.moodle import Moodle, connect, rows, somebody

pytestmark = pytest.mark.django_db
ENROLLED, ACCOUNTS = "core_enrol_get_enrolled_users", "core_user_get_users_by_field"
PEOPLE, PAGE = 300, 100


def repeat_cost(people: int, pages: int) -> float:
    """Facts and groups, the pages and the empty one after them, the suspended."""
    suspended = people // 30
    return (
        2 * costs.CALL
        + (pages + 1) * costs.CALL
        + (costs.enrolled_users(people, FIELDS, people) - costs.CALL)
        + costs.enrolled_users(suspended, ["id"], people, by_status=True)
    )


def test_what_a_first_read_and_a_repeat_cost(settings: Settings) -> None:
    settings.MOODLE_PAGE_SIZE = PAGE
    world = big_world(participants=PEOPLE)
    with running(world) as server:
        moodle = connect(server, TOKEN)
        course = moodle.follow()
        moodle.read(course)
        first = world.account.as_dict()
        world.account.reset()
        moodle.read(course)
        again = world.account.as_dict()
    every_run = {"core_course_get_courses_by_field": 1, "core_group_get_course_groups": 1, ENROLLED: 3 + 1 + 1}
    assert first["calls"] == every_run | {ACCOUNTS: 1}
    assert again["calls"] == every_run
    assert again["ms"] <= repeat_cost(PEOPLE, 3)
    accounts = costs.CALL + costs.USER_BY_FIELD * PEOPLE
    assert first["ms"] == pytest.approx(again["ms"] + accounts)
    assert first["simultaneous"] == 1, "one call after another: a small Moodle is never hurt"


def test_only_the_fields_that_are_needed_are_asked_for(moodle: Moodle) -> None:
    asked = set()

    def note(call: object) -> None:
        if getattr(call, "function", "") == ENROLLED:
            asked.add(call.options()["userfields"])  # type: ignore[attr-defined]

    moodle.world.before_call.append(note)
    moodle.read(moodle.follow())
    assert asked == {",".join(FIELDS), "id"}


def test_accounts_are_looked_at_once_a_day_and_newcomers_at_once(moodle: Moodle) -> None:
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
    Course.objects.update(accounts_checked_at=timezone.now() - ACCOUNTS_EVERY)
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
        assert moodle.read(course).unchanged == PEOPLE
        assert rows() == before
