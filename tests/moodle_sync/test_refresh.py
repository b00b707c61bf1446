"""What a refresh sees, what it leaves to the next full read, and when that comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo.moodle.call import Call
from moodle_sync import kinds
from moodle_sync.enums import ReadKind, RunState, Service, Standing
from moodle_sync.models import Course, Enrolment, Participant, Site, SyncRun
from tests.factories import UserFactory
from tests.moodle_sync.moodle import Moodle, content, rows, somebody

pytestmark = pytest.mark.django_db
ENROLLED, PROFILES = "core_enrol_get_enrolled_users", "core_user_get_course_user_profiles"
ACCOUNTS = "core_user_get_users_by_field"


@pytest.fixture
def course(moodle: Moodle) -> Course:
    """Read once; what follows are refreshes."""
    course = moodle.follow()
    assert moodle.read(course).kind == ReadKind.FULL
    moodle.full = False
    moodle.world.account.reset()
    return course


def refresh(moodle: Moodle, course: Course) -> SyncRun:
    run = moodle.read(course)
    assert (run.kind, run.state) == (ReadKind.REFRESH, RunState.OK)
    return run


def join(moodle: Moodle, *user_ids: int) -> None:
    for user_id in user_ids:
        user = moodle.world.add_user(somebody(moodle.world, user_id))
        moodle.world.enrol(moodle.world.courses[2], user, "participant")


def test_an_unchanged_course_is_not_written(moodle: Moodle, course: Course) -> None:
    before = rows()
    run = refresh(moodle, course)
    assert (run.people_read, run.unchanged, run.updated) == (12, 12, 0)
    assert rows() == before
    assert moodle.world.account.calls[PROFILES] == moodle.world.account.calls[ACCOUNTS] == 0


def test_a_newcomer_comes_with_everything(moodle: Moodle, course: Course) -> None:
    join(moodle, 99)
    newcomer = moodle.world.users[99]
    newcomer.suspended, newcomer.city = True, ""
    moodle.world.courses[2].enrolments[99].lastcourseaccess = moodle.world.now() - 60
    moodle.world.courses[2].groups[2].members.add(99)
    run = refresh(moodle, course)
    assert (run.created, run.updated) == (1, 0)
    person, enrolment = moodle.participant(99), moodle.enrolment(99)
    assert (person.email, person.phone1, person.city) == (newcomer.email, newcomer.phone1, "")
    assert (person.suspended, enrolment.standing, enrolment.roles) == (True, Standing.SUSPENDED, ["participant"])
    assert enrolment.has_entered
    assert moodle.groups_of(99) == {"Groupe B"}
    assert list(Participant.objects.search("c99@")) == [person]
    assert moodle.world.account.calls[PROFILES] == 1
    assert moodle.world.account.calls[ACCOUNTS] == 0, "the profile said it"
    assert content("moodle_sync_participant") == content_after_full(moodle, course)


def content_after_full(moodle: Moodle, course: Course) -> dict[str, Any]:
    moodle.full = True
    moodle.read(course)
    return content("moodle_sync_participant")


def test_a_renamed_person_is_looked_at_anew(moodle: Moodle, course: Course) -> None:
    user = moodle.world.users[14]
    user.lastname, user.email = "Dupré", "c.dupre@ac-test.example.org"
    assert refresh(moodle, course).updated == 1
    person = moodle.participant(14)
    assert (person.last_name, person.email, person.sort_key) == ("Dupré", user.email, "dupre camille14")
    assert moodle.world.account.as_dict()["ms_by_function"][PROFILES] == pytest.approx(46.5)
    refresh(moodle, course)
    assert moodle.world.account.calls[PROFILES] == 1, "no longer in doubt"


def test_who_comes_back_may_have_another_role(moodle: Moodle, course: Course) -> None:
    there = moodle.world.courses[2].enrolments
    gone = there.pop(10)
    refresh(moodle, course)
    refresh(moodle, course)
    assert moodle.enrolment(10).standing == Standing.LEFT
    gone.roles = ["tuteur"]
    there[10] = gone
    refresh(moodle, course)
    assert moodle.enrolment(10).standing == Standing.STAFF


def test_who_came_without_a_role_is_asked_for_it_until_the_night(moodle: Moodle, course: Course) -> None:
    """Enrolled first, given a role a moment later: no tutor is taken for a participant for a whole day."""
    join(moodle, 99)
    there = moodle.world.courses[2].enrolments[99]
    there.roles = []
    refresh(moodle, course)
    assert moodle.enrolment(99).standing == Standing.PRESENT
    there.roles = ["tuteur"]
    refresh(moodle, course)
    assert moodle.enrolment(99).standing == Standing.STAFF
    there.roles = []
    moodle.full = True
    moodle.read(course)
    moodle.full = False
    moodle.world.account.reset()
    refresh(moodle, course)
    assert moodle.world.account.calls[PROFILES] == 0, "a full read found no role: there is none"


def test_what_a_refresh_does_not_see_waits_for_the_full_read(moodle: Moodle, course: Course) -> None:
    before = content("moodle_sync_participant", "moodle_sync_enrolment")
    user = moodle.world.users[10]
    user.email, user.phone1, user.city = "autre@ac-test.example.org", "", "Royan"
    moodle.world.courses[2].enrolments[10].roles = ["tuteur"]
    assert refresh(moodle, course).updated == 0
    assert content("moodle_sync_participant", "moodle_sync_enrolment") == before, "not asked is not «empty»"
    moodle.full = True
    moodle.read(course)
    person = moodle.participant(10)
    assert (person.email, person.phone1, person.city) == (user.email, "", "Royan")
    assert moodle.enrolment(10).standing == Standing.STAFF


def test_the_site_says_anew_who_learns(moodle: Moodle, course: Course) -> None:
    """Roles are stored, so a refresh needs not ask for them again."""
    moodle.site.trainee_roles = ["student"]
    moodle.site.save()
    refresh(moodle, course)
    assert set(Enrolment.objects.values_list("standing", flat=True)) == {Standing.STAFF}


def test_many_newcomers_make_a_full_read(moodle: Moodle, course: Course) -> None:
    """A profile costs Moodle nearly three times as much as a row of the list."""
    join(moodle, *range(90, 98))
    run = moodle.read(course)
    assert (run.kind, run.created, run.people_read) == (ReadKind.FULL, 8, 20)
    assert moodle.world.account.calls[PROFILES] == 0
    course.refresh_from_db()
    assert course.full_read_at == course.synced_at


@pytest.mark.parametrize("kind", ["accessexception", "html_login"])
def test_a_service_without_profiles_reads_the_list_instead(moodle: Moodle, course: Course, kind: str) -> None:
    moodle.world.faults.add(kind, function=PROFILES)
    join(moodle, 99)
    run = moodle.read(course)
    assert (run.kind, run.state, run.created) == (ReadKind.FULL, RunState.OK, 1)
    refresh(moodle, course)


def test_an_unreadable_newcomer_is_named_and_the_others_come_in(moodle: Moodle, course: Course) -> None:
    join(moodle, 97, 98, 99)
    moodle.world.users[98].city = "<b>"
    for _ in range(2):
        run = moodle.read(course)
        assert (run.kind, run.state, run.error_code) == (ReadKind.REFRESH, RunState.PARTIAL, "invalidresponse")
        assert run.skipped_positions == [14]
    assert {99, 97} <= set(Participant.objects.values_list("moodle_id", flat=True))
    assert not Participant.objects.filter(moodle_id=98).exists()
    moodle.full = True
    assert moodle.read(course).skipped_positions == [14], "a full read says the same"


def test_a_known_person_who_became_unreadable_still_comes_in(moodle: Moodle, course: Course) -> None:
    moodle.world.users[12].city = "<b>"
    moodle.world.courses[2].enrolments[12].lastcourseaccess = moodle.world.now()
    assert refresh(moodle, course).first_accesses == 1


@pytest.mark.parametrize("kind", ["truncated", "sitemaintenance"])
def test_a_newcomer_who_cannot_be_asked_about_now_comes_next_time(moodle: Moodle, course: Course, kind: str) -> None:
    join(moodle, 99)
    before = rows()
    fault = moodle.world.faults.add(kind, function=PROFILES)
    assert moodle.read(course).state == RunState.UNAVAILABLE
    assert rows() == before
    moodle.world.faults.remove(fault)
    assert refresh(moodle, course).created == 1


def test_somebody_whom_only_the_list_shows_waits(moodle: Moodle, course: Course) -> None:
    """Gone between two calls, or hidden from one of them: nobody is made up of an id and a name."""
    join(moodle, 99)

    def hide(call: Call) -> None:
        if call.function == PROFILES:
            call.params["userlist"] = {}

    moodle.world.before_call.append(hide)
    assert refresh(moodle, course).created == 0
    assert not Participant.objects.filter(moodle_id=99).exists()
    moodle.world.before_call.clear()
    assert refresh(moodle, course).created == 1


# When everything is read


def kind_of_next(moodle: Moodle, course: Course, **options: Any) -> str:
    return str(moodle.read(course, **options).kind)


def test_by_hand_everything_is_read(moodle: Moodle, course: Course) -> None:
    assert kind_of_next(moodle, course, by=UserFactory()) == ReadKind.FULL
    assert kind_of_next(moodle, course) == ReadKind.REFRESH


@pytest.mark.parametrize("change", ["token", "account", "service", "connection", "version", "release"])
def test_another_token_or_release_reads_everything(moodle: Moodle, course: Course, change: str) -> None:
    connection, site = moodle.connection, moodle.site
    match change:
        case "token":
            moodle.world.add_token("FAKEOTHER", moodle.world.users[2], "suivi")
            connection.token = "FAKEOTHER"
        case "account":
            connection.moodle_user_id = 3
        case "service":
            connection.service = Service.MOBILE
        case "connection":
            connection.token = connection.token  # entered again: nothing new
        case "version":
            site.version += 1
        case "release":
            site.release = "5.2 (Build: 20270420)"
    connection.save()
    site.save()
    assert kind_of_next(moodle, course) == (ReadKind.REFRESH if change == "connection" else ReadKind.FULL)
    assert kind_of_next(moodle, course) == ReadKind.REFRESH


def test_the_token_is_not_to_be_read_from_what_is_kept_of_it(moodle: Moodle, course: Course) -> None:
    course.refresh_from_db()
    assert len(course.full_read_with) == 64
    assert moodle.connection.token not in course.full_read_with


def test_a_failed_full_read_stays_due(moodle: Moodle, course: Course) -> None:
    kinds.read_everything_next([course])
    fault = moodle.world.faults.add("sitemaintenance")
    assert moodle.read(course).state == RunState.UNAVAILABLE
    moodle.world.faults.remove(fault)
    assert kind_of_next(moodle, course) == ReadKind.FULL


def test_everything_is_read_once_a_night(moodle: Moodle, course: Course) -> None:
    course.refresh_from_db()
    assert course.full_read_at is not None
    quiet = kinds.last_quiet_hour(course, course.full_read_at)
    Course.objects.update(full_read_at=quiet + timedelta(seconds=1))
    assert kind_of_next(moodle, course) == ReadKind.REFRESH
    Course.objects.update(full_read_at=quiet - timedelta(seconds=1))
    assert kind_of_next(moodle, course) == ReadKind.FULL


NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Europe/Paris", "Pacific/Noumea", "America/Cayenne", "Indian/Reunion", "UTC"])
@pytest.mark.parametrize("hours", [0, 5, 11, 17, 23])
def test_the_quiet_hour_is_at_night_where_the_site_is(moodle: Moodle, zone: str, hours: int) -> None:
    course = moodle.follow()
    course.site.time_zone = zone
    now = NOON + timedelta(hours=hours)
    quiet = kinds.last_quiet_hour(course, now)
    assert 2 <= quiet.astimezone(course.site.zone).hour < 4
    assert timedelta(0) <= now - quiet < timedelta(days=1)


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_the_quiet_hour_of_the_nights_when_clocks_change(moodle: Moodle, day: str) -> None:
    course = moodle.follow()
    course.site.time_zone = "Europe/Paris"
    noon = datetime.fromisoformat(f"{day}T12:00+00:00")
    quiet = kinds.last_quiet_hour(course, noon)
    assert timedelta(hours=7) < noon - quiet < timedelta(hours=12)


def test_courses_do_not_all_come_at_once() -> None:
    moments = {
        kinds.last_quiet_hour(Course(pk=pk, site=Site()), NOON).replace(second=0, microsecond=0) for pk in range(1, 121)
    }
    assert len(moments) > 60
