"""Who came by file and who comes by web service are one account, whichever came first; never two."""

import pytest

from dashboard.enums import State
from dashboard.follow_up import acts
from dashboard.models import ContactDetail, FollowUp, Person
from moodle_sync import sites
from moodle_sync.files import reader
from moodle_sync.files.apply import apply
from moodle_sync.files.columns import recognise
from moodle_sync.models import Course, Enrolment, Group, Participant
from tests.factories import UserFactory
from tests.moodle_sync.files.samples import as_csv
from tests.moodle_sync.files.test_apply import MOMENT
from tests.moodle_sync.moodle import FIRST, Moodle

pytestmark = pytest.mark.django_db(transaction=True)
NEVER = FIRST + 2
"""Never came to the platform."""


def export(moodle: Moodle, course: int = 2, *, emails: bool = True) -> bytes:
    """What a person would export of the simulated course."""
    there = moodle.world.courses[course]
    header = ["First name", "Last name", "Email address", "Groups", "Role", "Last access to course"]
    lines = []
    for user_id in range(FIRST, FIRST + 12):
        user = moodle.world.users[user_id]
        groups = ", ".join(g.name for g in there.groups.values() if user_id in g.members)
        email = user.email.upper() if emails else ""
        lines.append([user.firstname, user.lastname, email, groups, "Participant", "Never"])
    return as_csv([header, *lines])


def take(course: Course, data: bytes) -> dict[str, int]:
    table = reader.read(data)
    return apply(course, recognise(table.headers), table.rows, moment=MOMENT).counts


@pytest.fixture
def by_file(moodle: Moodle) -> Course:
    there = moodle.world.courses[2]
    return Course.objects.create(site=moodle.site, short_name=there.shortname, full_name=there.fullname)


@pytest.mark.parametrize("emails", [True, False])
def test_a_later_sync_adopts_them_with_their_follow_ups(moodle: Moodle, by_file: Course, emails: bool) -> None:
    assert take(by_file, export(moodle, emails=emails))["created"] == 12
    claire = UserFactory.create()
    enrolment = Enrolment.objects.get(course=by_file, participant__first_name=f"Camille{NEVER}")
    acts.mark_contacted(enrolment.follow_up, by=claire, version=enrolment.follow_up.version)
    before = set(Participant.objects.values_list("pk", flat=True)), set(Group.objects.values_list("pk", flat=True))
    [course] = sites.follow(moodle.connection, [2])
    assert course.pk == by_file.pk, "the course too"
    run = moodle.read(course)
    assert (run.people_read, run.created) == (12, 0)
    after = set(Participant.objects.values_list("pk", flat=True)), set(Group.objects.values_list("pk", flat=True))
    assert after == before
    assert not Participant.objects.filter(moodle_id=None).exists()
    assert not Group.objects.filter(moodle_id=None).exists()
    assert Person.objects.count() == 12
    enrolment.refresh_from_db()
    assert enrolment.participant.moodle_id == NEVER
    assert enrolment.follow_up.contacts.filter(author=claire).exists()
    assert FollowUp.objects.get(enrolment=enrolment).state == State.CONTACTED
    assert moodle.groups_of(NEVER) == {"Groupe A"}
    entered = FollowUp.objects.filter(enrolment__participant__moodle_id=FIRST).get()
    assert entered.state == State.CLOSED_IN, "the sync saw a first access that the file did not know"


@pytest.mark.parametrize("emails", [True, False])
def test_a_file_after_the_sync_finds_them(moodle: Moodle, emails: bool) -> None:
    course = moodle.follow()
    moodle.read(course)
    assert take(course, export(moodle, emails=emails))["created"] == 0
    assert Participant.objects.count() == Person.objects.count() == 12
    run = moodle.read(course)
    assert (run.created, run.updated) == (0, 0)


def test_who_moodle_does_not_list_leaves_after_two_reads(moodle: Moodle, by_file: Course) -> None:
    take(by_file, export(moodle))
    take(by_file, as_csv([["E-mail", "Nom"], ["partie@ac-test.example.org", "Partie Exemple"]]))
    [course] = sites.follow(moodle.connection, [2])
    assert moodle.read(course).left == 0
    assert moodle.read(course).left == 1
    assert Enrolment.objects.get(left_at__isnull=False).participant.email == "partie@ac-test.example.org"


def test_an_address_learnt_later_brings_two_accounts_together(two_courses: Moodle) -> None:
    """Known by web service from one course without addresses, and by file, with them, from another."""
    moodle = two_courses
    moodle.world.settings.showuseridentity = ()
    addresses = {user.id: user.email for user in moodle.world.users.values()}
    for user in moodle.world.users.values():
        user.email = ""
    moodle.read(moodle.follow(3))
    for user in moodle.world.users.values():
        user.email = addresses[user.id]
    there = moodle.world.courses[2]
    course = Course.objects.create(site=moodle.site, short_name=there.shortname, full_name=there.fullname)
    take(course, export(moodle))
    assert Participant.objects.count() == 24
    known_by_file = Enrolment.objects.get(course=course, participant__first_name=f"Camille{FIRST}")
    ContactDetail.objects.create(
        person=known_by_file.participant.account.person, kind="phone", value="+33639984127",
        search_key="0639984127", added_by=UserFactory.create(),
    )  # fmt: skip
    moodle.world.settings.showuseridentity = ("email",)
    [course] = sites.follow(moodle.connection, [2])
    moodle.read(course)
    there_now = Enrolment.objects.filter(course=course).select_related("participant__account__person")
    assert {enrolment.participant.moodle_id for enrolment in there_now} == set(range(FIRST, FIRST + 12))
    assert there_now.count() == 12
    known_by_file.refresh_from_db()
    account = Participant.objects.get(moodle_id=FIRST).account
    assert known_by_file.participant_id == account.participant_id
    assert account.person.details.get().value == "+33639984127"
