"""Who sees whom: law 2 of the product."""

import pytest

from accounts.models import Scope, User
from dashboard.scope import overseen_courses, visible_courses, visible_enrolments, visible_groups
from moodle_sync.models import Course, Group
from tests.factories import AssignmentFactory, CourseFactory, EnrolmentFactory, GroupFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_tutor_sees_the_groups_entrusted_and_nothing_else(tutor: User, group: Group) -> None:
    mine = EnrolmentFactory(course=group.course, groups=[group])
    EnrolmentFactory(course=group.course, groups=[GroupFactory(course=group.course)])
    EnrolmentFactory(course=group.course)
    EnrolmentFactory()
    assert list(visible_enrolments(tutor)) == [mine]
    assert list(visible_groups(tutor)) == [group]
    assert list(visible_courses(tutor)) == [group.course]


def test_someone_in_two_groups_is_seen_by_both_tutors(tutor: User, other_tutor: User, group: Group) -> None:
    both = [group, other_tutor.assignments.get().group]
    shared = EnrolmentFactory(course=group.course, groups=both)
    assert shared in visible_enrolments(tutor)
    assert shared in visible_enrolments(other_tutor)


def test_people_without_group_can_be_entrusted(course: Course, group: Group) -> None:
    user = UserFactory()
    AssignmentFactory(user=user, course=course, ungrouped=True)
    EnrolmentFactory(course=course, groups=[group])
    alone = EnrolmentFactory(course=course)
    assert list(visible_enrolments(user)) == [alone]


def test_the_whole_course_and_single_people_can_be_entrusted(course: Course) -> None:
    user = UserFactory()
    AssignmentFactory(user=user, course=course)
    inside = EnrolmentFactory(course=course)
    given = EnrolmentFactory(follow_up__assignee=user)
    EnrolmentFactory()
    assert set(visible_enrolments(user)) == {inside, given}


def test_an_ended_assignment_shows_nothing(tutor: User, group: Group) -> None:
    EnrolmentFactory(course=group.course, groups=[group])
    tutor.assignments.update(ended_at=group.course.synced_at)
    assert not visible_enrolments(tutor).exists()


def test_a_coordinator_sees_the_scope_only(coordinator: User, other_coordinator: User, course: Course) -> None:
    inside = EnrolmentFactory(course=course)
    assert list(visible_enrolments(coordinator)) == [inside]
    assert not visible_enrolments(other_coordinator).exists()
    Scope.objects.create(user=other_coordinator, site=course.site, category_id=7)
    assert not visible_enrolments(other_coordinator).exists()
    Course.objects.filter(pk=course.pk).update(category_id=7)
    assert list(visible_enrolments(other_coordinator)) == [inside]


def test_administrators_and_observers_meet_no_one(administrator: User, observer: User, course: Course) -> None:
    EnrolmentFactory(course=course)
    for user in (administrator, observer):
        assert not visible_enrolments(user).exists()
        assert list(overseen_courses(user)) == [course]


def test_a_course_no_longer_followed_disappears(coordinator: User, tutor: User, group: Group) -> None:
    EnrolmentFactory(course=group.course, groups=[group])
    Course.objects.update(followed=False)
    assert not visible_enrolments(coordinator).exists()
    assert not visible_enrolments(tutor).exists()
    assert not overseen_courses(coordinator).exists()
    assert CourseFactory(followed=False) not in visible_courses(coordinator)
