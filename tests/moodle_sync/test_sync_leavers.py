"""Nobody has left after one read, nor after a read that may have missed them; and few people are suspicious."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_django import Settings

from demo.moodle.call import Call
from moodle_sync import apply, reading
from moodle_sync.enums import Change, RunState, Standing
from moodle_sync.errors import Trouble
from moodle_sync.models import Course, Enrolment
from tests.moodle_sync.moodle import FIRST, Moodle, content, rows, somebody

pytestmark = pytest.mark.django_db
ENROLLED = "core_enrol_get_enrolled_users"
LAST = FIRST + 11


@pytest.fixture(autouse=True)
def _however_read(each_kind: bool, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every law here holds for a full read and for a refresh, page by page."""
    monkeypatch.setattr(reading, "STAMPS_PER_FIELDS", 1)
    name = "two_courses" if "two_courses" in request.fixturenames else "moodle"
    request.getfixturevalue(name).full = each_kind


def leave(moodle: Moodle, *user_ids: int) -> None:
    for user_id in user_ids:
        moodle.world.unenrol(moodle.world.courses[2], user_id)


def test_left_after_two_complete_reads(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    leave(moodle, 10)
    first = moodle.read(course)
    assert (first.people_read, first.left) == (11, 0)
    assert (moodle.enrolment(10).standing, moodle.enrolment(10).left_at) == (Standing.PRESENT, None)
    second = moodle.read(course)
    assert second.left == 1
    course.refresh_from_db()
    assert (moodle.enrolment(10).standing, moodle.enrolment(10).left_at) == (Standing.LEFT, course.synced_at)
    before = rows()
    assert moodle.read(course).left == 0, "one leaves once"
    assert rows() == before
    assert moodle.participant(10).full_name, "who left is kept"
    assert moodle.groups_of(10) == {"Groupe A"}, "and so is where they were"


def test_returned(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    there = moodle.world.courses[2].enrolments[10]
    leave(moodle, 10)
    moodle.read(course)
    moodle.read(course)
    pk = moodle.enrolment(10).pk
    moodle.world.courses[2].enrolments[10] = there
    run = moodle.read(course)
    enrolment = moodle.enrolment(10)
    assert (run.created, run.updated, enrolment.pk) == (0, 1, pk)
    assert (enrolment.standing, enrolment.left_at, enrolment.missed_reads) == (Standing.PRESENT, None, 0)
    assert (run.returned, list(run.changes.values_list("kind", "enrolment"))) == (1, [("returned", pk)])
    assert moodle.read(course).returned == 0


def test_seen_again_after_one_miss_starts_over(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    there = moodle.world.courses[2].enrolments[10]
    for _ in range(3):
        leave(moodle, 10)
        assert moodle.read(course).left == 0
        moodle.world.courses[2].enrolments[10] = there
        moodle.read(course)
    assert moodle.enrolment(10).standing == Standing.PRESENT


def test_staff_who_left_remain_staff(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.world.courses[2].enrolments[10].roles = ["tuteur"]
    moodle.read(course)
    leave(moodle, 10)
    moodle.read(course)
    moodle.read(course)
    enrolment = moodle.enrolment(10)
    assert (enrolment.standing, enrolment.left_at is None) == (Standing.STAFF, False)


def test_left_one_course_only(two_courses: Moodle) -> None:
    moodle = two_courses
    first, second = moodle.follow(2), moodle.follow(3)
    moodle.read(first)
    moodle.read(second)
    leave(moodle, 10)
    moodle.read(first)
    moodle.read(first)
    assert moodle.enrolment(10, 2).standing == Standing.LEFT
    assert moodle.enrolment(10, 3).standing == Standing.PRESENT


def between_pages(moodle: Moodle, happen: Callable[[], None]) -> None:
    def hook(call: Call) -> None:
        if call.function == ENROLLED and call.options().get("limitfrom") == "5":
            happen()

    moodle.world.before_call.append(hook)


def test_pages_that_disagree_declare_nobody_gone(moodle: Moodle, settings: Settings) -> None:
    settings.MOODLE_PAGE_SIZE = 5
    course = moodle.follow()
    moodle.read(course)
    leave(moodle, 20)
    moodle.read(course)
    newcomers = [moodle.world.add_user(somebody(moodle.world, user_id)) for user_id in (5, 6)]

    def join() -> None:
        moodle.world.enrol(moodle.world.courses[2], newcomers.pop(), "participant")

    between_pages(moodle, join)
    run = moodle.read(course)
    assert run.state == RunState.OK
    assert run.people_read == 11, "who came twice counts once"
    assert (run.left, run.created) == (0, 0)
    assert moodle.enrolment(20).missed_reads == 1
    course.refresh_from_db()
    assert course.complete_reads == 2
    moodle.world.before_call.clear()
    run = moodle.read(course)
    assert (run.left, run.created) == (1, 1)
    assert not Enrolment.objects.filter(course=course).exclude(participant__moodle_id=20).exclude(missed_reads=0)


def test_the_row_that_came_last_counts(moodle: Moodle, settings: Settings) -> None:
    settings.MOODLE_PAGE_SIZE = 5
    course = moodle.follow()

    def join() -> None:
        moodle.world.users[14].city = "Royan"
        moodle.world.enrol(moodle.world.courses[2], moodle.world.add_user(somebody(moodle.world, 5)), "participant")

    between_pages(moodle, join)
    moodle.read(course)
    assert moodle.participant(14).city == "Royan"


def test_somebody_missed_between_two_pages_has_not_left(moodle: Moodle, settings: Settings) -> None:
    """Someone leaves from the first page: the first of the second page slips away unseen."""
    settings.MOODLE_PAGE_SIZE = 5
    course = moodle.follow()
    moodle.read(course)
    between_pages(moodle, lambda: leave(moodle, 10))
    run = moodle.read(course)
    assert (run.people_read, run.left) == (11, 0)
    moodle.world.before_call.clear()
    assert moodle.read(course).left == 0
    assert moodle.enrolment(15).missed_reads == 0
    assert moodle.enrolment(10).missed_reads == 1


@pytest.mark.parametrize("user_id", [FIRST, FIRST + 5, LAST])
@pytest.mark.parametrize("page_size", [4, 16])
def test_a_bad_profile_is_never_counted_as_left(
    moodle: Moodle, settings: Settings, user_id: int, page_size: int
) -> None:
    settings.MOODLE_PAGE_SIZE = page_size
    course = moodle.follow()
    moodle.read(course)
    moodle.world.users[user_id].firstname = "Anne-<Marie"
    there = moodle.enrolment(user_id)
    other = LAST if user_id == FIRST else FIRST
    leave(moodle, other)
    position = 1 + sorted(moodle.world.courses[2].enrolments).index(user_id)
    for left in (0, 1, 0):
        run = moodle.read(course)
        assert (run.state, run.error_code, run.left) == (RunState.PARTIAL, "invalidresponse", left)
        assert run.skipped_positions == [position]
    there.refresh_from_db()
    assert (there.standing, there.missed_reads) == (Standing.PRESENT, 0)
    assert moodle.enrolment(other).standing == Standing.LEFT
    moodle.world.users[user_id].firstname = "Anne-Marie"
    assert moodle.read(course).state == RunState.OK
    assert moodle.participant(user_id).first_name == "Anne-Marie"


def test_a_course_of_bad_profiles_changes_nothing(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    before = rows()
    for user in moodle.world.users.values():
        user.firstname = "<b>"
    run = moodle.read(course)
    assert (run.state, run.error_code) == (RunState.REFUSED, Trouble.TOO_MANY_BROKEN)
    assert rows() == before


@pytest.mark.parametrize(("gone", "held"), [(6, False), (7, True), (12, True)])
def test_far_fewer_people_are_held(moodle: Moodle, gone: int, held: bool) -> None:
    """Half of twelve is not «less than half»."""
    course = moodle.follow()
    moodle.read(course)
    course.refresh_from_db()
    synced_at, before = course.synced_at, rows()
    leave(moodle, *range(FIRST, FIRST + gone))
    run = moodle.read(course)
    course.refresh_from_db()
    assert (run.state == RunState.HELD) is held
    assert (rows() == before) is held
    assert (course.synced_at == synced_at) is held
    if held:
        assert run.error_code == Trouble.SHRUNK
        assert moodle.read(course).state == RunState.HELD, "as often as it is read"
        assert rows() == before


def test_an_administrator_accepts_that_people_are_fewer(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    leave(moodle, *range(FIRST, FIRST + 10))
    assert moodle.read(course).state == RunState.HELD
    run = moodle.read(course, accept_shrink=True)
    assert (run.state, run.people_read, run.left) == (RunState.OK, 2, 10), "two reads and a person agree"
    assert run.changes.filter(kind=Change.LEFT).count() == 10, "and who left can be looked up"
    run = moodle.read(course)
    assert (run.state, run.left) == (RunState.OK, 0), "the new number is the measure from now on"


def test_what_is_accepted_beforehand_changes_nothing_where_people_are_not_fewer(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    leave(moodle, FIRST)
    assert moodle.read(course, accept_shrink=True).left == 0, "one absence is none"


def test_less_than_ten_known_people_are_not_guarded(moodle: Moodle) -> None:
    course = moodle.follow()
    leave(moodle, 10, 11, 12)
    moodle.read(course)
    leave(moodle, *range(13, LAST))
    run = moodle.read(course)
    assert (run.state, run.people_read) == (RunState.OK, 1)


def test_people_who_left_do_not_count_for_the_guard(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    leave(moodle, *range(FIRST, FIRST + 6))
    moodle.read(course)
    moodle.read(course)
    leave(moodle, *range(FIRST + 6, FIRST + 10))
    assert moodle.read(course).state == RunState.OK, "two of six"


def test_bad_profiles_do_not_look_like_a_shrunken_course(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    for user_id in range(FIRST, FIRST + 8):
        moodle.world.users[user_id].firstname = "<b>"
    assert moodle.read(course).state == RunState.PARTIAL


@pytest.mark.parametrize("keep", [0.0, 0.3])
def test_a_right_taken_away_silently_is_held(moodle: Moodle, keep: float) -> None:
    course = moodle.follow()
    moodle.read(course)
    before = rows()
    moodle.world.faults.add("short", function=ENROLLED, keep=keep)
    assert moodle.read(course).state == RunState.HELD
    assert rows() == before
    moodle.world.faults.clear()
    assert moodle.read(course).unchanged == 12


# Interrupted and replayed


@pytest.mark.parametrize("after", [0, 2, 3, 4])
@pytest.mark.parametrize("kind", ["truncated", "html_login"])
def test_interrupted_in_reading_changes_nothing(moodle: Moodle, settings: Settings, kind: str, after: int) -> None:
    settings.MOODLE_PAGE_SIZE = 4
    course = moodle.follow()
    moodle.read(course)
    before, read_at = rows(), Course.objects.get().synced_at
    moodle.world.users[11].lastname = "Changé"
    leave(moodle, 10)
    fault = moodle.world.faults.add(kind, function=ENROLLED, after=after)
    run = moodle.read(course)
    if after == 4:  # the people are all read then: only who is suspended is not known
        assert run.state in {RunState.OK, RunState.PARTIAL}
        assert (run.missing_rights == ["suspended"]) is (run.state == RunState.OK)
        return
    assert run.state == (RunState.UNAVAILABLE if kind == "truncated" else RunState.REFUSED)
    assert rows() == before
    assert Course.objects.get().synced_at == read_at
    assert not run.staged.exists()
    moodle.world.faults.remove(fault)
    assert moodle.read(course).updated == 1
    assert not run.staged.exists()


def test_replayed_it_makes_the_same(moodle: Moodle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before the commit, after all statements: the next run finds the world as it was."""
    course = moodle.follow()
    moodle.read(course)
    leave(moodle, 10)
    moodle.world.users[11].lastname = "Changé"
    moodle.world.courses[2].enrolments[13].lastcourseaccess = moodle.world.now()
    before = rows()

    def die(self: apply.Apply) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(apply.Apply, "_leavers", die)
        with pytest.raises(RuntimeError):
            moodle.read(course)
    assert rows() == before
    interrupted = course.runs.latest("pk")
    assert (interrupted.state, interrupted.error_code) == (RunState.INTERRUPTED, Trouble.CRASHED)
    assert not interrupted.staged.exists()
    first = moodle.read(course)
    assert (first.updated, first.first_accesses, first.left) == (2, 1, 0)
    after = content()
    second = moodle.read(course)
    assert (second.updated, second.first_accesses, second.left) == (0, 0, 1)
    moodle.read(course)
    assert {name: table for name, table in content().items() if name != "moodle_sync_enrolment"} == {
        name: table for name, table in after.items() if name != "moodle_sync_enrolment"
    }
