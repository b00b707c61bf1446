"""Between which moments a first access happened: never more exact than the reads, never wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from demo.moodle.call import Call
from moodle_sync.enums import EPOCH
from moodle_sync.models import Course, Enrolment
from tests.moodle_sync.moodle import FIRST, Moodle, somebody

pytestmark = pytest.mark.django_db
NEVER = FIRST + 1
ENROLLED = "core_enrol_get_enrolled_users"


class Time:
    """Vigie's clock and Moodle's: the same, unless a test says otherwise."""

    def __init__(self, moodle: Moodle, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)
        self._world = moodle.world
        self.skew = 0
        monkeypatch.setattr(timezone, "now", lambda: self.now)
        self.wait(0)

    def wait(self, minutes: float) -> datetime:
        self.now += timedelta(minutes=minutes)
        self._world.clock.set(int(self.now.timestamp()) + self.skew)
        return self.now


@pytest.fixture
def time(moodle: Moodle, monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(moodle, monkeypatch)


@pytest.fixture
def course(moodle: Moodle, time: Time) -> Course:
    """Read once, an hour ago."""
    followed = moodle.follow()
    moodle.read(followed)
    time.wait(60)
    return followed


def enter(moodle: Moodle, user_id: int = NEVER) -> None:
    moodle.world.courses[2].enrolments[user_id].lastcourseaccess = moodle.world.now()


def window(moodle: Moodle, user_id: int = NEVER) -> tuple[datetime | None, datetime | None]:
    enrolment = moodle.enrolment(user_id)
    return enrolment.entered_after, enrolment.entered_before


def test_who_was_inside_at_the_first_read_came_at_the_latest_by_the_stamp(moodle: Moodle, course: Course) -> None:
    inside = Enrolment.objects.filter(course=course, last_course_access__gt=EPOCH)
    assert inside.exists()
    assert all((e.entered_after, e.entered_before) == (None, e.last_course_access) for e in inside)
    assert window(moodle) == (None, None)


def test_between_the_read_that_said_never_and_the_stamp(moodle: Moodle, course: Course, time: Time) -> None:
    read = time.now - timedelta(minutes=60)
    enter(moodle)
    came = time.now
    time.wait(10)
    moodle.read(course)
    assert window(moodle) == (read, came)


def test_a_later_access_changes_nothing(moodle: Moodle, course: Course, time: Time) -> None:
    enter(moodle)
    moodle.read(course)
    found = window(moodle)
    for _ in range(2):
        time.wait(30)
        enter(moodle)
        moodle.read(course)
    assert window(moodle) == found


def test_missed_reads_only_widen_it(moodle: Moodle, course: Course, time: Time) -> None:
    read = time.now - timedelta(minutes=60)
    enter(moodle)
    time.wait(300)
    enter(moodle)
    moodle.read(course)
    assert window(moodle) == (read, time.now), "the stamp is of the last access"


def test_somebody_a_read_missed_was_outside_at_the_one_before(moodle: Moodle, course: Course, time: Time) -> None:
    seen = time.now - timedelta(minutes=60)
    course_there = moodle.world.courses[2]
    away = course_there.enrolments.pop(NEVER)
    moodle.read(course)
    time.wait(60)
    moodle.read(course)
    time.wait(60)
    course_there.enrolments[NEVER] = away
    enter(moodle)
    moodle.read(course)
    assert window(moodle) == (seen, time.now)


def test_seen_outside_again_the_window_begins_there(moodle: Moodle, course: Course, time: Time) -> None:
    course_there = moodle.world.courses[2]
    away = course_there.enrolments.pop(NEVER)
    moodle.read(course)
    time.wait(60)
    course_there.enrolments[NEVER] = away
    moodle.read(course)
    seen = time.now
    time.wait(60)
    enter(moodle)
    moodle.read(course)
    assert window(moodle) == (seen, time.now)


def test_while_the_token_may_not_know_the_last_certain_never_counts(moodle: Moodle, course: Course, time: Time) -> None:
    never = time.now - timedelta(minutes=60)
    hidden, shown = frozenset({"lastaccess"}), frozenset[str]()
    strip_right(moodle)
    for fields in (hidden, hidden, shown):
        moodle.world.settings.hiddenuserfields = fields
        if fields == shown:
            enter(moodle)
        moodle.read(course)
        if fields == hidden:
            assert moodle.enrolment(NEVER).last_course_access is None
            assert window(moodle) == (never, None)
        time.wait(60)
    assert window(moodle) == (never, time.now - timedelta(minutes=60))


def strip_right(moodle: Moodle) -> None:
    account = moodle.world.users[2]
    account.capabilities -= {"moodle/course:viewhiddenuserfields"}


def test_unknown_from_the_start_has_no_earliest(moodle: Moodle, time: Time) -> None:
    strip_right(moodle)
    moodle.world.settings.hiddenuserfields = frozenset({"lastaccess"})
    course = moodle.follow()
    moodle.read(course)
    time.wait(60)
    enter(moodle)
    moodle.world.settings.hiddenuserfields = frozenset()
    moodle.read(course)
    assert window(moodle) == (None, time.now)


def join_inside(moodle: Moodle) -> None:
    world = moodle.world
    world.enrol(world.courses[2], world.add_user(somebody(world, 99)), "participant")
    enter(moodle, 99)


def test_a_newcomer_already_inside_was_not_there_at_the_last_complete_read(
    moodle: Moodle, course: Course, time: Time
) -> None:
    before = time.now - timedelta(minutes=60)
    join_inside(moodle)
    moodle.read(course)
    assert window(moodle, 99) == (before, time.now)


def test_a_read_with_a_gap_says_nothing_of_who_was_absent(moodle: Moodle, course: Course, time: Time) -> None:
    complete = time.now - timedelta(minutes=60)
    moodle.world.users[15].country = "F1"
    moodle.read(course)
    time.wait(60)
    join_inside(moodle)
    moodle.read(course)
    assert window(moodle, 99) == (complete, time.now)


def test_a_new_enrolment_has_a_first_access_of_its_own(moodle: Moodle, course: Course, time: Time) -> None:
    enter(moodle)
    moodle.read(course)
    time.wait(60)
    moodle.world.courses[2].enrolments[NEVER].lastcourseaccess = 0  # Moodle forgets it with the enrolment
    moodle.read(course)
    again = time.now
    assert window(moodle) == (None, None)
    time.wait(60)
    enter(moodle)
    moodle.read(course)
    assert window(moodle) == (again, time.now)


@pytest.mark.parametrize("minutes", [-90, 90])
def test_a_stamp_that_our_reads_contradict_dates_nothing(
    moodle: Moodle, course: Course, time: Time, minutes: int
) -> None:
    """Moodle's clock is wrong: the access lies between the two reads all the same."""
    read = time.now - timedelta(minutes=60)
    moodle.world.courses[2].enrolments[NEVER].lastcourseaccess = int(time.now.timestamp()) + minutes * 60
    moodle.read(course)
    assert window(moodle) == (read, time.now)


def test_an_access_while_the_list_is_read_lies_in_the_window(moodle: Moodle, course: Course, time: Time) -> None:
    begun = time.now

    def meanwhile(call: Call) -> None:
        if call.function == ENROLLED and not moodle.world.courses[2].enrolments[NEVER].lastcourseaccess:
            time.wait(2)
            enter(moodle)

    moodle.world.before_call.append(meanwhile)
    moodle.read(course)
    after, before = window(moodle)
    assert after is not None
    assert before is not None
    assert after < begun < before <= time.now
