"""What a sync makes of the people: over HTTP from the simulated site to PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from demo.moodle import roles as cap
from demo.moodle import running
from demo.moodle.call import Call
from moodle_sync.enums import EPOCH, Access, RunState, Standing
from moodle_sync.models import Course, Enrolment, Group, Participant, Site
from tests.moodle_sync.moodle import FIRST, Moodle, connect, content, rows, small_world, somebody

pytestmark = pytest.mark.django_db
ENROLLED = "core_enrol_get_enrolled_users"


def at(stamp: int) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)


def access_of(moodle: Moodle, moodle_id: int) -> str:
    return Enrolment.objects.with_access().get(participant__site=moodle.site, participant__moodle_id=moodle_id).access


def counts(run: Any) -> tuple[int, int, int, int, int]:
    return run.people_read, run.created, run.updated, run.unchanged, run.left


def test_a_first_read(moodle: Moodle) -> None:
    course = moodle.follow()
    run = moodle.read(course)
    assert (run.state, run.error_code) == (RunState.OK, "")
    assert counts(run) == (12, 12, 0, 0, 0)
    assert run.first_accesses == 0, "who had come before the first read has not just come"
    person = moodle.participant(FIRST)
    assert (person.first_name, person.last_name, person.email) == ("Camille10", "Exemple", "c10@ac-test.example.org")
    assert (person.city, person.phone1, person.suspended) == ("Cognac", "05 36 49 01 10", False)
    enrolment = moodle.enrolment(FIRST)
    there = moodle.world.courses[2].enrolments[FIRST]
    assert enrolment.last_course_access == at(there.lastcourseaccess)
    assert enrolment.last_site_access == at(moodle.world.users[FIRST].lastaccess)
    assert (enrolment.roles, enrolment.standing, enrolment.suspended) == (["participant"], Standing.PRESENT, False)
    assert moodle.groups_of(FIRST) == {"Groupe A"}
    assert {access_of(moodle, user_id) for user_id in (10, 11, 12)} == {
        Access.ACTIVE, Access.NEVER_COURSE, Access.NEVER_PLATFORM,
    }  # fmt: skip


def test_a_first_read_dates_the_course(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.world.courses[2].fullname = "Session & <b>renommée</b>"
    run = moodle.read(course)
    course.refresh_from_db()
    there = moodle.world.courses[2]
    assert course.full_name == "Session & renommée"
    assert (course.start_date, course.end_date) == (at(there.startdate), at(there.enddate))
    assert (course.visible, course.visible_since) == (True, at(there.startdate))
    assert course.synced_at == course.first_synced_at
    assert course.synced_at is not None
    assert run.started_at is not None
    assert run.started_at <= course.synced_at <= run.finished_at  # type: ignore[operator]
    assert (course.people_read, course.complete_reads) == (12, 1)
    assert (course.claimed_by, course.claim_expires_at) == (None, None)


def test_a_repeat_writes_nobody(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    before = rows()
    run = moodle.read(course)
    assert counts(run) == (12, 0, 0, 12, 0)
    assert rows() == before


def test_a_repeat_writes_only_who_changed(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    before = rows()
    moodle.world.users[13].email = "nouvelle@ac-test.example.org"
    run = moodle.read(course)
    assert counts(run) == (12, 0, 1, 11, 0)
    after = rows()
    changed = {table: set(map(str, before[table])) ^ set(map(str, after[table])) for table in before}
    assert {table: len(found) for table, found in changed.items() if found} == {"moodle_sync_participant": 2}
    person = moodle.participant(13)
    assert person.email == "nouvelle@ac-test.example.org"
    assert list(Participant.objects.search("NOUVELLE@")) == [person], "the search follows"


def test_new_and_changed(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    moodle.world.enrol(moodle.world.courses[2], moodle.world.add_user(somebody(moodle.world, 99)), "participant")
    moodle.world.users[14].lastname = "Dupré"
    moodle.world.users[15].lastaccess += 60
    assert counts(moodle.read(course)) == (13, 1, 2, 10, 0)
    assert moodle.participant(14).sort_key == "dupre camille14"
    assert moodle.enrolment(99).first_seen_at > moodle.enrolment(10).first_seen_at
    assert moodle.groups_of(99) == set()


def test_first_accesses_are_those_from_never_to_a_time(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    there, now = moodle.world.courses[2].enrolments, moodle.world.now()
    there[11].lastcourseaccess = now  # never → now
    there[12].lastcourseaccess = now  # never, not even on the platform → now
    there[10].lastcourseaccess = now  # had come before
    there[13].roles, there[13].lastcourseaccess = ["tuteur"], now  # staff
    Enrolment.objects.filter(participant__moodle_id=15).update(last_course_access=None)
    there[15].lastcourseaccess = now  # unknown → now: nobody knows when it happened
    newcomer = moodle.world.enrol(moodle.world.courses[2], moodle.world.add_user(somebody(moodle.world, 99)))
    newcomer.lastcourseaccess = now
    assert moodle.read(course).first_accesses == 2
    assert moodle.read(course).first_accesses == 0


def test_moved_group(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    a, b = moodle.world.courses[2].groups.values()
    a.members.remove(10)
    b.members.add(10)
    b.members.add(12)
    run = moodle.read(course)
    assert (moodle.groups_of(10), moodle.groups_of(12)) == ({"Groupe B"}, {"Groupe A", "Groupe B"})
    assert (run.created, run.updated) == (0, 2)
    a.members.clear()
    b.members.discard(10)
    moodle.read(course)
    assert moodle.groups_of(10) == set()
    assert moodle.groups_of(12) == {"Groupe B"}


def test_renamed_group_keeps_its_members(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    members = rows("moodle_sync_membership")
    group = Group.objects.get(name="Groupe A")
    assert group.moodle_id is not None
    moodle.world.courses[2].groups[group.moodle_id].name = "Vienne & Charente"
    moodle.read(course)
    group.refresh_from_db()
    assert group.name == "Vienne & Charente"
    assert rows("moodle_sync_membership") == members


def test_deleted_group_is_kept_and_flagged(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    group = Group.objects.get(name="Groupe A")
    assert group.moodle_id is not None
    gone = moodle.world.courses[2].groups.pop(group.moodle_id)
    moodle.read(course)
    group.refresh_from_db()
    assert group.gone_at is not None
    assert moodle.groups_of(10) == set()
    moodle.world.courses[2].groups[gone.id] = gone
    moodle.read(course)
    assert Group.objects.get(pk=group.pk).gone_at is None
    assert moodle.groups_of(10) == {"Groupe A"}


def test_groups_that_nobody_may_see_any_more_stay(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    before = content("moodle_sync_membership", "moodle_sync_group")
    moodle.world.faults.add("nopermissions", function="core_group_get_course_groups")

    def hide(call: Call) -> None:
        if call.function == ENROLLED:
            for option in call.params["options"].values():
                option["value"] = option["value"].replace("groups,", "")

    moodle.world.before_call.append(hide)
    run = moodle.read(course)
    assert run.missing_rights == ["groups"]
    assert content("moodle_sync_membership", "moodle_sync_group") == before


def test_what_the_token_may_no_longer_see_is_kept_but_access_becomes_unknown(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    before = content("moodle_sync_participant")
    service = moodle.world.users[2]
    service.capabilities -= {cap.VIEW_USER_IDENTITY, cap.USER_EMAIL, cap.VIEW_HIDDEN_USER_FIELDS}
    moodle.world.settings.hiddenuserfields = frozenset({"lastaccess", "firstaccess", "city", "country", "email"})
    moodle.read(course)
    assert content("moodle_sync_participant") == before, "absent is «not allowed to know»"
    for user_id in (10, 11, 12):
        enrolment = moodle.enrolment(user_id)
        assert (enrolment.last_site_access, enrolment.last_course_access) == (None, None)
        assert access_of(moodle, user_id) == Access.UNKNOWN, "unknown is never «never»"
    moodle.world.settings.hiddenuserfields = frozenset()
    assert moodle.read(course).first_accesses == 0
    assert moodle.enrolment(12).last_site_access == EPOCH


def test_a_phone_removed_on_moodle_disappears(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    moodle.world.users[10].phone1 = moodle.world.users[10].city = ""
    moodle.read(course)
    person = moodle.participant(10)
    assert (person.phone1, person.city) == ("", "")
    assert not Participant.objects.search("05 36 49 01 10").exists()
    assert moodle.participant(11).phone1


def test_a_phone_stays_when_the_token_no_longer_sees_phones(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.read(course)
    moodle.world.settings.showuseridentity = ("email",)
    moodle.read(course)
    assert moodle.participant(10).phone1 == "05 36 49 01 10"


def test_the_tokens_own_row_says_nothing_of_the_others(moodle: Moodle) -> None:
    """Moodle shows everybody their own institution, whatever the site hides."""
    course = moodle.follow()
    moodle.read(course)
    tutor = moodle.world.add_user(somebody(moodle.world, 50))
    moodle.world.enrol(moodle.world.courses[2], tutor, "tuteur")
    moodle.world.add_token("FAKETUTOR", tutor, "moodle_mobile_app")
    moodle.world.settings.showuseridentity = ("email",)
    mobile = moodle.connection
    mobile.token, mobile.moodle_user_id = "FAKETUTOR", tutor.id
    mobile.save()
    run = moodle.read(course)
    assert run.state == RunState.OK
    assert moodle.participant(10).institution == "Collège des Tilleuls"
    assert moodle.participant(50).institution == ""


def test_suspended_enrolment(two_courses: Moodle) -> None:
    moodle = two_courses
    first, second = moodle.follow(2), moodle.follow(3)
    moodle.read(first)
    moodle.read(second)
    there = moodle.world.courses[2].enrolments
    there[10].suspended = True
    there[11].timeend = moodle.world.now() - 60
    there[12].timestart = moodle.world.now() + 3600
    assert moodle.read(first).updated == 3
    assert [moodle.enrolment(user_id).standing for user_id in (10, 11, 12, 13)] == [Standing.SUSPENDED] * 3 + [
        Standing.PRESENT
    ]
    assert moodle.enrolment(10, course=3).standing == Standing.PRESENT, "in the other course they are not"
    there[10].suspended = False
    moodle.read(first)
    assert moodle.enrolment(10).standing == Standing.PRESENT


def test_suspended_account_is_suspended_in_every_course(two_courses: Moodle) -> None:
    moodle = two_courses
    first, second = moodle.follow(2), moodle.follow(3)
    moodle.world.users[10].suspended = True
    moodle.read(first)
    moodle.read(second)
    assert moodle.participant(10).suspended is True
    assert {moodle.enrolment(10, course).standing for course in (2, 3)} == {Standing.SUSPENDED}
    moodle.world.users[10].suspended, moodle.world.users[11].suspended = False, True
    # Accounts are looked at once a day: make it tomorrow for the first course only.
    Course.objects.filter(pk=first.pk).update(accounts_checked_at=EPOCH)
    moodle.read(first)
    assert {moodle.enrolment(10, course).standing for course in (2, 3)} == {Standing.PRESENT}
    assert {moodle.enrolment(11, course).standing for course in (2, 3)} == {Standing.SUSPENDED}


def test_an_unknown_suspension_keeps_what_was_known(moodle: Moodle) -> None:
    course = moodle.follow()
    moodle.world.courses[2].enrolments[10].suspended = True
    moodle.read(course)
    before = rows()
    moodle.world.users[2].capabilities -= {cap.ENROL_REVIEW}
    run = moodle.read(course)
    assert (run.state, run.missing_rights) == (RunState.OK, ["suspended"])
    assert rows() == before


def test_staff_come_and_go(moodle: Moodle) -> None:
    course = moodle.follow()
    there = moodle.world.courses[2].enrolments
    moodle.read(course)
    for roles, standing in (
        (["tuteur"], Standing.STAFF),
        (["participant"], Standing.PRESENT),
        (["editingteacher", "participant"], Standing.STAFF),
        ([], Standing.PRESENT),
        (["student"], Standing.PRESENT),
    ):
        there[10].roles = roles
        assert moodle.read(course).updated == 1
        enrolment = moodle.enrolment(10)
        assert (enrolment.roles, enrolment.standing) == (sorted(roles), standing)


def test_the_site_says_who_learns(moodle: Moodle) -> None:
    Site.objects.update(trainee_roles=["formateur"])
    moodle.world.courses[2].enrolments[10].roles = ["formateur"]
    moodle.read(moodle.follow())
    assert moodle.enrolment(10).standing == Standing.PRESENT
    assert moodle.enrolment(11).standing == Standing.STAFF


def test_site_access_goes_to_the_other_courses_and_only_forward(two_courses: Moodle) -> None:
    moodle = two_courses
    first, second = moodle.follow(2), moodle.follow(3)
    moodle.read(first)
    moodle.read(second)
    assert access_of_course(moodle, 12, 3) == Access.NEVER_PLATFORM
    now = moodle.world.now()
    moodle.world.users[12].lastaccess = now
    moodle.read(first)
    assert moodle.enrolment(12, 2).last_site_access == at(now) == moodle.enrolment(12, 3).last_site_access
    assert access_of_course(moodle, 12, 3) == Access.NEVER_COURSE
    moodle.world.users[12].lastaccess = now - 500
    moodle.read(first)
    assert {moodle.enrolment(12, course).last_site_access for course in (2, 3)} == {at(now)}


def access_of_course(moodle: Moodle, moodle_id: int, course: int) -> str:
    return Enrolment.objects.with_access().get(pk=moodle.enrolment(moodle_id, course).pk).access


def test_an_unknown_site_access_is_not_told_to_other_courses(two_courses: Moodle) -> None:
    moodle = two_courses
    first, second = moodle.follow(2), moodle.follow(3)
    moodle.read(first)
    moodle.read(second)
    before = moodle.enrolment(10, 3).last_site_access
    Enrolment.objects.filter(course=second, participant__moodle_id=11).update(last_site_access=None)
    moodle.world.users[2].capabilities -= {cap.VIEW_HIDDEN_USER_FIELDS}
    moodle.world.settings.hiddenuserfields = frozenset({"lastaccess"})
    moodle.read(first)
    assert moodle.enrolment(10, 3).last_site_access == before
    moodle.world.settings.hiddenuserfields = frozenset()
    moodle.read(first)
    assert moodle.enrolment(11, 3).last_site_access is None, "what that course may not know stays unknown there"


def test_nameless_accounts(moodle: Moodle) -> None:
    user = moodle.world.users[10]
    user.firstname = user.lastname = ""
    moodle.read(moodle.follow())
    person = moodle.participant(10)
    assert (person.full_name, person.has_name) == ("", False)
    assert person.sort_key == user.email, "they are found by their address"


ODD = [
    ("=SOMME(A1)", "+33"),
    ("Chloé 🌻", 'L"Hôte; "Zed"'),
    ("a < b", "D’Haÿ"),
    ("فاطمة", "بن علي"),
    ("x" * 100, "y" * 100),
    ("\t\\N", "\\."),
    ("%s %(run)s", "{gaps}"),
]


@pytest.mark.parametrize(("firstname", "lastname"), ODD)
def test_odd_names_arrive_as_they_are(moodle: Moodle, firstname: str, lastname: str) -> None:
    user = moodle.world.users[10]
    user.firstname, user.lastname = firstname, lastname
    course = moodle.follow()
    moodle.read(course)
    person = moodle.participant(10)
    assert (person.first_name, person.last_name) == (firstname.strip(), lastname)
    assert moodle.read(course).unchanged == 12


def test_longer_than_moodle_allows(moodle: Moodle) -> None:
    user = moodle.world.users[10]
    user.firstname, user.city, user.phone1 = "é" * 300, "v" * 300, "0" * 90
    moodle.world.courses[2].groups[1].name = "g" * 400
    course = moodle.follow()
    assert moodle.read(course).state == RunState.OK
    assert moodle.read(course).unchanged == 12


def test_usernames_are_nowhere(moodle: Moodle) -> None:
    moodle.world.users[2].capabilities |= {cap.VIEW_ALL_DETAILS}
    moodle.read(moodle.follow())
    for user in moodle.world.users.values():
        assert user.username not in str(content())


def test_two_sites_with_the_same_ids_do_not_mix(moodle: Moodle) -> None:
    moodle.read(moodle.follow())
    before = rows()
    world = small_world()
    for user in world.users.values():
        user.lastname = "Autre"
    world.users[10].suspended = True
    with running(world) as server:
        other = connect(server)
        run = other.read(other.follow())
    assert counts(run) == (12, 12, 0, 0, 0)
    after = rows()
    assert {table: found[: len(before[table])] for table, found in after.items()} == before
    assert {table: len(found) for table, found in after.items()} == {
        table: 2 * len(found) for table, found in before.items()
    }
    assert moodle.participant(10).last_name == "Exemple"
    assert moodle.enrolment(10).standing == Standing.PRESENT
