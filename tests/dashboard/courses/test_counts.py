"""The figures of the courses page are those that counting people one by one gives."""

from dataclasses import astuple

import pytest
from django.utils import timezone

from accounts.models import User
from dashboard.courses import counts
from dashboard.courses.counts import BY_GROUP, AccessCounts, access_by, counted_enrolments
from dashboard.courses.detail import group_lines
from dashboard.courses.lines import course_lines
from dashboard.roster.counts import forget
from dashboard.scope import overseen_courses, visible_enrolments
from moodle_sync.enums import Access
from moodle_sync.models import Course, Enrolment, Group
from tests.dashboard.courses.world import counted, populate
from tests.factories import AssignmentFactory, CourseFactory, EnrolmentFactory, GroupFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(course: Course, group: Group) -> list[Course]:
    now = timezone.now()
    groups = [group, GroupFactory.create(course=course), GroupFactory.create(course=course)]
    populate(course, groups, now, people=40, seed=1)
    other = CourseFactory.create(site=course.site)
    populate(other, [GroupFactory.create(course=other)], now, people=20, seed=2)
    return [course, other]


@pytest.mark.parametrize("persona", ["coordinator", "administrator", "observer"])
def test_counts_equal_counting_one_by_one(persona: str, world: list[Course], request: pytest.FixtureRequest) -> None:
    user, now = request.getfixturevalue(persona), timezone.now()
    lines, _ = course_lines(user, list(overseen_courses(user)), now)
    assert {line.course for line in lines} == set(world)
    for line in lines:
        people = Enrolment.objects.filter(course=line.course).select_related("course")
        assert (line.access.by_state, astuple(line.work)) == counted(people, now)


def test_a_tutor_counts_only_their_own_people(tutor: User, world: list[Course]) -> None:
    now = timezone.now()
    [line], _ = course_lines(tutor, list(overseen_courses(tutor)), now)
    own = visible_enrolments(tutor).select_related("course")
    assert line.course == world[0]
    assert (line.access.by_state, astuple(line.work)) == counted(own, now)
    assert 0 < line.access.people < Enrolment.objects.present().filter(course=world[0]).count()


def test_groups_count_like_people_one_by_one(coordinator: User, world: list[Course]) -> None:
    now = timezone.now()
    for line in group_lines(coordinator, world[0], now):
        people = Enrolment.objects.filter(course=world[0], groups=line.pk).select_related("course")
        assert (line.access.by_state, astuple(line.work)) == counted(people, now)


def test_a_tutor_sees_only_groups_in_which_they_have_people(tutor: User, group: Group, world: list[Course]) -> None:
    mine = {pk for enrolment in visible_enrolments(tutor) for pk in enrolment.groups.values_list("pk", flat=True)}
    assert {line.pk for line in group_lines(tutor, group.course, timezone.now())} <= mine


def test_people_without_group_are_counted_apart(coordinator: User, world: list[Course]) -> None:
    by_group = access_by(BY_GROUP, counted_enrolments(coordinator, [world[0].pk]), timezone.now())
    alone = Enrolment.objects.present().filter(course=world[0], groups=None).count()
    assert alone
    assert by_group[None].people == alone


def test_no_percentage_that_would_be_false() -> None:
    assert AccessCounts().entered_percent is None
    assert AccessCounts({Access.ACTIVE: 3, Access.NEVER_COURSE: 1}).entered_percent == 75
    assert AccessCounts({Access.ACTIVE: 3, Access.NEVER_COURSE: 1, Access.UNKNOWN: 2}).entered_percent == 75
    # Mostly unknown, and course access hidden: whoever came in is among the unknown, so 0 % would be a lie.
    assert AccessCounts({Access.ACTIVE: 3, Access.UNKNOWN: 4}).entered_percent is None
    assert AccessCounts({Access.NEVER_PLATFORM: 9, Access.UNKNOWN: 4}).entered_percent is None


def test_the_bar_is_full_and_in_the_fixed_order() -> None:
    counts = AccessCounts({Access.UNKNOWN: 1, Access.ACTIVE: 5, Access.NEVER_PLATFORM: 2})
    assert [segment.access for segment in counts.segments] == [Access.NEVER_PLATFORM, Access.ACTIVE, Access.UNKNOWN]
    assert sum(float(segment.width.rstrip("%")) for segment in counts.segments) == pytest.approx(100, abs=0.05)
    assert all("," not in segment.x + segment.width for segment in counts.segments)


def test_what_nobody_follows_is_told(coordinator: User, tutor: User, group: Group) -> None:
    """Two peopled groups, one with a tutor; an empty group needs nobody."""
    now, course = timezone.now(), group.course
    left_aside = GroupFactory.create(course=course)
    GroupFactory.create(course=course)
    populate(course, [group, left_aside], now, people=12, seed=3)
    [line], _ = course_lines(coordinator, [course], now)
    assert (line.tutors, line.untutored) == ([tutor], 1)
    AssignmentFactory.create(course=course, user=tutor)
    [line], _ = course_lines(coordinator, [course], now)
    assert line.untutored == 0


def test_kept_counts_are_made_anew_after_a_write(
    coordinator: User, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "MANY", 0)

    def people() -> int:
        [line], _ = course_lines(coordinator, [course], timezone.now())
        return line.access.people

    forget()
    assert people() == 0
    EnrolmentFactory.create(course=course)
    assert people() == 0, "kept: this test tests nothing otherwise"
    forget()
    assert people() == 1
