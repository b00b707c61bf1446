"""What becomes of a follow-up when Moodle moves its person about: a whole read each time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Assignment, User
from dashboard.after_sync import react
from dashboard.enums import Kind, State
from dashboard.follow_up import acts
from dashboard.models import Contact, FollowUp, PersonAccount
from demo.moodle import roles as cap
from demo.moodle import running
from demo.moodle.call import Call
from demo.moodle.errors import invalid_user_field
from demo.moodle.world import Enrolment as MoodleEnrolment
from moodle_sync.client import MoodleClient
from moodle_sync.enums import Access, Standing
from moodle_sync.models import Course, Enrolment, Group
from moodle_sync.remote import RemoteParticipant
from tests.factories import AssignmentFactory
from tests.moodle_sync.moodle import FIRST, TOKEN, Moodle, connect, small_world

pytestmark = pytest.mark.django_db
NEVER = FIRST + 1
ENROLLED = "core_enrol_get_enrolled_users"


@pytest.fixture(name="moodle")
def one_course(db: None) -> Iterator[Moodle]:
    with running(small_world()) as server:
        yield connect(server)


@pytest.fixture
def course(moodle: Moodle) -> Course:
    followed = moodle.follow()
    read(moodle, followed)
    return followed


def read(moodle: Moodle, course: Course, times: int = 1) -> None:
    for _ in range(times):
        moodle.read(course)
        react(course_id=course.pk)


def follow_up(moodle: Moodle, user_id: int = NEVER) -> FollowUp:
    return FollowUp.objects.get(enrolment=moodle.enrolment(user_id))


def kinds(moodle: Moodle, user_id: int = NEVER) -> list[str]:
    found = Contact.objects.filter(follow_up=follow_up(moodle, user_id)).order_by("pk")
    return list(found.values_list("kind", flat=True))


def there(moodle: Moodle, user_id: int = NEVER) -> MoodleEnrolment:
    return moodle.world.courses[2].enrolments[user_id]


def test_who_becomes_a_tutor_is_out_of_sight_and_found_again_later(
    moodle: Moodle,
    course: Course,
    coordinator: User,
    client: Client,
) -> None:
    acts.mark_contacted(follow_up(moodle), by=coordinator, version=follow_up(moodle).version)
    before = FollowUp.objects.filter(pk=follow_up(moodle).pk).values().get()
    there(moodle).roles = ["tuteur"]
    read(moodle, course)
    pk = moodle.enrolment(NEVER).pk
    assert moodle.enrolment(NEVER).standing == Standing.STAFF
    client.force_login(coordinator)
    panel = client.get(reverse("dashboard:person", args=[pk])).content.decode()
    assert reverse("dashboard:note", args=[pk]) not in panel
    assert client.post(reverse("dashboard:mark-contacted", args=[pk]), {"version": 1}).status_code == 404
    assert client.post(reverse("dashboard:note", args=[pk]), {"text": "Tuteur."}).status_code == 404
    there(moodle).roles = ["participant"]
    read(moodle, course)
    assert FollowUp.objects.filter(pk=follow_up(moodle).pk).values().get() == before
    assert kinds(moodle) == [Kind.CONTACTED]


def test_suspended_and_back_nothing_moved_meanwhile(moodle: Moodle, course: Course) -> None:
    before = FollowUp.objects.filter(pk=follow_up(moodle).pk).values().get()
    there(moodle).suspended = True
    read(moodle, course, 2)
    assert moodle.enrolment(NEVER).standing == Standing.SUSPENDED
    there(moodle).suspended = False
    read(moodle, course)
    assert moodle.enrolment(NEVER).standing == Standing.PRESENT
    assert FollowUp.objects.filter(pk=follow_up(moodle).pk).values().get() == before
    assert kinds(moodle) == []


def enrol_again(moodle: Moodle, user_id: int = NEVER) -> None:
    moodle.world.enrol(moodle.world.courses[2], moodle.world.users[user_id], "participant")


@pytest.mark.parametrize("noticed", [True, False])
def test_enrolled_again_after_coming_in_is_to_come_in_again(
    moodle: Moodle,
    course: Course,
    noticed: bool,
) -> None:
    there(moodle).lastcourseaccess = moodle.world.now()
    read(moodle, course)
    assert follow_up(moodle).state == State.CLOSED_IN
    moodle.world.unenrol(moodle.world.courses[2], NEVER)
    if noticed:
        read(moodle, course, 2)
        assert moodle.enrolment(NEVER).standing == Standing.LEFT
    enrol_again(moodle)
    read(moodle, course, 2)
    assert follow_up(moodle).state in {State.TODO, State.WAITING}
    there(moodle).lastcourseaccess = moodle.world.now()
    read(moodle, course, 2)
    assert follow_up(moodle).state == State.CLOSED_IN
    assert kinds(moodle) == [Kind.ENTERED, Kind.REJOINED, Kind.ENTERED]


def test_a_changed_address_keeps_the_person_and_what_was_written(
    moodle: Moodle,
    course: Course,
    coordinator: User,
) -> None:
    acts.add_note(follow_up(moodle), "Préfère le midi.", by=coordinator)
    person = PersonAccount.objects.get(participant=moodle.participant(NEVER)).person_id
    moodle.world.users[NEVER].email = "autre@ac-test.example.org"
    moodle.world.users[NEVER].lastname = "Dupré"
    read(moodle, course)
    account = PersonAccount.objects.get(participant__email="autre@ac-test.example.org")
    assert account.person_id == person
    assert kinds(moodle) == [Kind.NOTE]


def test_twice_in_one_page_is_one_person(moodle: Moodle, course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    once = MoodleClient.enrolled

    def twice(*args: Any, **kwargs: Any) -> list[RemoteParticipant]:
        page = once(*args, **kwargs)
        return [person for person in page for _ in (1, 2)]

    before = list(Enrolment.objects.order_by("pk").values())
    monkeypatch.setattr(MoodleClient, "enrolled", twice)
    read(moodle, course, 2)
    assert list(Enrolment.objects.order_by("pk").values()) == before
    assert PersonAccount.objects.count() == len(before)


def test_a_deleted_group_somebody_was_entrusted_with_is_told_to_the_coordinator(
    moodle: Moodle,
    course: Course,
    coordinator: User,
    administrator: User,
    observer: User,
    client: Client,
) -> None:
    group = Group.objects.get(course=course, name="Groupe A")
    tutor = AssignmentFactory(course=course, group=group, user__last_name="Kerguelen").user
    assert group.moodle_id is not None
    del moodle.world.courses[2].groups[group.moodle_id]
    read(moodle, course)
    assert Assignment.objects.current().filter(user=tutor).exists(), "kept until somebody decides"
    pages = {}
    for user in (coordinator, administrator, observer, tutor):
        client.force_login(user)
        pages[user] = client.get(reverse("dashboard:courses")).content.decode()
        pages[user] += client.get(reverse("dashboard:course", args=[course.pk])).content.decode()
    assert pages[coordinator].count("Groupe A") == pages[administrator].count("Groupe A") == 2
    assert "Kerguelen" in pages[coordinator]
    assert "Kerguelen" not in pages[observer]
    assert "Groupe A" not in pages[tutor]


# What a token may not see


def hide_access(moodle: Moodle) -> None:
    moodle.world.users[2].capabilities -= {cap.VIEW_HIDDEN_USER_FIELDS}
    moodle.world.settings.hiddenuserfields = frozenset({"lastaccess"})


def hide_email(moodle: Moodle) -> None:
    moodle.world.users[2].capabilities -= {cap.VIEW_HIDDEN_USER_FIELDS, cap.VIEW_USER_IDENTITY, cap.USER_EMAIL}
    for user in moodle.world.users.values():
        user.maildisplay = 0


def hide_groups(moodle: Moodle) -> None:
    moodle.world.users[2].capabilities -= {cap.MANAGE_GROUPS}


def be_35(moodle: Moodle) -> None:
    def answer(call: Call) -> None:
        if call.function == ENROLLED and "lastcourseaccess" in call.options().get("userfields", ""):
            raise invalid_user_field("lastcourseaccess")

    moodle.world.before_call.append(answer)


def be_mobile(moodle: Moodle) -> None:
    moodle.world.tokens[TOKEN].service = "moodle_mobile_app"


LIMITS = {"access": hide_access, "email": hide_email, "groups": hide_groups, "3.5": be_35, "mobile": be_mobile}
TRULY_NEVER = {Access.NEVER_COURSE, Access.NEVER_PLATFORM}


@pytest.mark.parametrize("version", ["4.3", "5.1"])
@pytest.mark.parametrize("later", [False, True], ids=["from the start", "taken away"])
@pytest.mark.parametrize("limit", LIMITS)
def test_never_is_never_wrong(version: str, limit: str, later: bool, db: None) -> None:
    with running(small_world(version=version)) as server:
        moodle = connect(server)
        course = moodle.follow()
        if later:
            read(moodle, course)
        LIMITS[limit](moodle)
        for enrolment in moodle.world.courses[2].enrolments.values():  # everybody comes in
            enrolment.lastcourseaccess = moodle.world.now()
            moodle.world.users[enrolment.user_id].lastaccess = moodle.world.now()
        read(moodle, course)
        states = {enrolment.access for enrolment in Enrolment.objects.filter(course=course).with_access()}
        assert not states & TRULY_NEVER
        if limit in {"access", "3.5"}:
            assert states == {Access.UNKNOWN}
            chased = FollowUp.objects.filter(enrolment__course=course, state=State.TODO)
            assert later or not chased.exists()
        course.refresh_from_db()
        expected = {"access": ["lastaccess", "lastcourseaccess"], "3.5": ["lastcourseaccess"]}
        assert [name for name in course.untold if "access" in name] == expected.get(limit, [])
        assert ("email" in course.untold) == (limit == "email")
        groups = set(Enrolment.objects.filter(course=course).values_list("groups__name", flat=True))
        assert groups == {"Groupe A", "Groupe B"}


@pytest.mark.parametrize("limit", ["access", "email", "groups", "3.5"])
def test_what_is_not_told_stands_on_the_page_of_the_course(
    moodle: Moodle,
    course: Course,
    coordinator: User,
    client: Client,
    limit: str,
) -> None:
    client.force_login(coordinator)
    url = reverse("dashboard:course", args=[course.pk])
    assert 'id="untold"' not in client.get(url).content.decode()
    LIMITS[limit](moodle)
    read(moodle, course)
    assert 'id="untold"' in client.get(url).content.decode()
