"""Who tutors on Moodle follows the same people here; what was assigned by hand stays."""

import pytest
from django.db.models import Model
from django.utils import timezone

from accounts.models import Assignment, Role, User
from dashboard.follow_up.assign import follow_moodle_roles
from moodle_sync.models import Course, Enrolment, Group
from tests.factories import (
    AssignmentFactory,
    CourseFactory,
    EnrolmentFactory,
    GroupFactory,
    ParticipantFactory,
    UserFactory,
)

EMAIL = "tutor@example.org"


@pytest.fixture
def enrolment(course: Course) -> Enrolment:
    """A tutor on Moodle, without a group."""
    return _tutors(course)


def _tutors(course: Course, *groups: Group, email: str = EMAIL, roles: tuple[str, ...] = ("tuteur",)) -> Enrolment:
    participant = ParticipantFactory(site=course.site, email=email)
    return EnrolmentFactory(course=course, participant=participant, roles=list(roles), groups=list(groups))


def _places(user: User) -> set[tuple[Model, Model | None]]:
    return {(a.course, a.group) for a in user.assignments.current().filter(source=Assignment.Source.MOODLE)}


def _change(row: Model, **fields: object) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()


def test_a_tutor_in_groups_follows_these_groups(course: Course, group: Group) -> None:
    other = GroupFactory(course=course)
    GroupFactory(course=course)
    _tutors(course, group, other)
    user = UserFactory(email=EMAIL)
    assert _places(user) == {(course, group), (course, other)}


def test_a_tutor_without_a_group_follows_the_whole_course(course: Course, enrolment: Enrolment) -> None:
    user = UserFactory(email=EMAIL)
    assert _places(user) == {(course, None)}


@pytest.mark.parametrize("role", ["tuteur", "formateur", "teacher", "editingteacher"])
def test_the_default_tutor_roles(course: Course, role: str) -> None:
    _tutors(course, roles=("participant", role))
    assert _places(UserFactory(email=EMAIL)) == {(course, None)}


@pytest.mark.parametrize("role", ["participant", "student", "manager", "teach"])
def test_other_roles_assign_nobody(course: Course, role: str) -> None:
    _tutors(course, roles=(role,))
    assert not _places(UserFactory(email=EMAIL))


def test_each_site_says_which_roles_tutor(course: Course) -> None:
    _change(course.site, tutor_roles=["referent"])
    _tutors(course, roles=("referent",))
    _tutors(course, roles=("tuteur",), email="no-longer@example.org")
    assert _places(UserFactory(email=EMAIL)) == {(course, None)}
    assert not _places(UserFactory(email="no-longer@example.org"))


def test_the_case_of_the_address_does_not_matter(course: Course) -> None:
    _tutors(course, email="Tutor@Example.ORG")
    assert _places(UserFactory(email=EMAIL)) == {(course, None)}


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.OBSERVER, Role.ADMINISTRATOR])
def test_only_tutors_are_assigned(course: Course, enrolment: Enrolment, role: Role) -> None:
    assert not _places(UserFactory(email=EMAIL, role=role))


def test_people_without_an_address_tutor_nobody(course: Course) -> None:
    _tutors(course, email="")
    follow_moodle_roles(course)
    assert not Assignment.objects.exists()


@pytest.mark.parametrize(
    "lost",
    [
        {"roles": ["participant"]},
        {"roles": []},
        {"left_at": timezone.now(), "standing": "staff"},
        {"suspended": True},
    ],
)
def test_the_role_lost_the_assignment_ends(course: Course, enrolment: Enrolment, lost: dict[str, object]) -> None:
    user = UserFactory(email=EMAIL)
    _change(enrolment, **lost)
    follow_moodle_roles(course)
    assert not _places(user)
    assert user.assignments.get().ended_at is not None


def test_a_suspended_account_ends_the_assignment(course: Course, enrolment: Enrolment) -> None:
    user = UserFactory(email=EMAIL)
    _change(enrolment.participant, suspended=True)
    follow_moodle_roles(course)
    assert not _places(user)


def test_the_role_regained_the_assignment_begins_anew(course: Course, enrolment: Enrolment) -> None:
    user = UserFactory(email=EMAIL)
    for roles in ([], ["tuteur"]):
        _change(enrolment, roles=roles)
        follow_moodle_roles(course)
    assert _places(user) == {(course, None)}
    assert user.assignments.count() == 2


def test_moving_to_another_group_moves_the_assignment(course: Course, group: Group) -> None:
    enrolment = _tutors(course, group)
    user = UserFactory(email=EMAIL)
    other = GroupFactory(course=course)
    enrolment.groups.set([other])
    follow_moodle_roles(course)
    assert _places(user) == {(course, other)}


def test_nothing_changed_nothing_is_written(course: Course, enrolment: Enrolment) -> None:
    user = UserFactory(email=EMAIL)
    before = list(user.assignments.values())
    follow_moodle_roles(course)
    assert list(user.assignments.values()) == before


def test_assignments_by_hand_are_never_touched(course: Course, group: Group, enrolment: Enrolment) -> None:
    user = UserFactory(email=EMAIL)
    AssignmentFactory(user=user, course=course, group=group)
    AssignmentFactory(user=user, course=course)
    by_hand = Assignment.objects.filter(source=Assignment.Source.HAND).order_by("pk")
    before = list(by_hand.values())
    _change(enrolment, roles=[])
    follow_moodle_roles(course)
    assert list(by_hand.values()) == before
    assert not _places(user)


def test_only_the_course_that_was_read_is_touched(course: Course, enrolment: Enrolment) -> None:
    elsewhere = _tutors(CourseFactory())
    user = UserFactory(email=EMAIL)
    Enrolment.objects.update(roles=[])
    follow_moodle_roles(course)
    assert _places(user) == {(elsewhere.course, None)}


def test_a_user_unknown_to_the_signal_gets_theirs_at_the_next_sync(course: Course, enrolment: Enrolment) -> None:
    User.objects.bulk_create([User(email=EMAIL, role=Role.TUTOR)])
    user = User.objects.get(email=EMAIL)
    assert not _places(user)
    follow_moodle_roles(course)
    assert _places(user) == {(course, None)}


def test_who_is_deactivated_loses_them_at_once_and_gets_them_back(course: Course, enrolment: Enrolment) -> None:
    user = UserFactory(email=EMAIL)
    _change(user, is_active=False)
    assert not _places(user)
    _change(user, is_active=True)
    assert _places(user) == {(course, None)}


def test_who_changes_role_or_address_loses_them_at_once(course: Course, enrolment: Enrolment) -> None:
    user, namesake = UserFactory(email=EMAIL), UserFactory()
    _change(user, role=Role.COORDINATOR)
    assert not _places(user)
    _change(user, email="other@example.org", role=Role.TUTOR)
    assert not _places(user)
    _change(namesake, email=EMAIL)
    assert _places(namesake) == {(course, None)}


def test_logging_in_does_not_look_for_courses(
    course: Course, enrolment: Enrolment, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    user = UserFactory(email=EMAIL)
    with django_assert_num_queries(1):  # type: ignore[operator]
        user.save(update_fields=["last_login"])
