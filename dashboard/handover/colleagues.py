"""Who may be given people, stand in, or lift what blocks: always somebody who may see them."""

from collections.abc import Collection, Iterable

from django.db.models import Count, QuerySet

from accounts.models import Role, User
from dashboard.scope import in_scope, visible_courses, visible_enrolments
from moodle_sync.models import Course, Enrolment


def tutors_on(site_id: int) -> QuerySet[User]:
    """Active tutors whom anything is entrusted to on this site."""
    return _tutors().filter(assignments__ended_at=None, assignments__course__site=site_id).distinct()


def tutors_of(coordinator: User) -> QuerySet[User]:
    """Active tutors of the courses that the coordinator oversees."""
    courses = visible_courses(coordinator)
    return _tutors().filter(assignments__ended_at=None, assignments__course__in=courses).distinct()


def overseers(courses: Collection[int]) -> list[User]:
    """Active coordinators whose scope holds all of these courses."""
    coordinators = User.objects.filter(role=Role.COORDINATOR, is_active=True)
    chosen = Course.objects.filter(pk__in=courses)
    return [user for user in coordinators if chosen.filter(in_scope(user)).count() == len(set(courses))]


def receivers(by: User, courses: Iterable[Course]) -> list[User]:
    """Whom `by` may hand people of these courses to: tutors of all their sites, and coordinators over all of them."""
    found = {course.pk: course for course in courses}
    if not found:
        return []
    sites = [set(tutors_on(site_id)) for site_id in {course.site_id for course in found.values()}]
    users = set.intersection(*sites) | set(overseers(list(found)))
    return in_order(user for user in users if user != by or by.is_coordinator)


def who_see(enrolment: Enrolment) -> list[User]:
    """The colleagues of the course who may see this person, and so lift what blocks them."""
    tutors = _tutors().filter(assignments__ended_at=None, assignments__course=enrolment.course).distinct()
    seeing = [user for user in tutors if visible_enrolments(user).filter(pk=enrolment.pk).exists()]
    return in_order({*seeing, *overseers([enrolment.course_id])})


def who_see_all(enrolments: QuerySet[Enrolment]) -> list[User]:
    """The colleagues who may see each of these people, and so lift what blocks them all."""
    courses = set(enrolments.values_list("course", flat=True).distinct())
    tutors = _tutors().filter(assignments__ended_at=None, assignments__course__in=courses)
    on_all = tutors.annotate(courses=Count("assignments__course", distinct=True)).filter(courses=len(courses))
    seeing = [user for user in on_all if not enrolments.exclude(pk__in=visible_enrolments(user).values("pk")).exists()]
    return in_order({*seeing, *overseers(courses)})


def sharing_a_site_with(user: User) -> QuerySet[User]:
    """Active tutors who work on a site where this one does."""
    sites = user.assignments.current().values("course__site")
    shared = _tutors().filter(assignments__ended_at=None, assignments__course__site__in=sites)
    return shared.exclude(pk=user.pk).distinct()


def in_order(users: Iterable[User]) -> list[User]:
    return sorted(users, key=lambda user: (user.last_name, user.first_name, user.pk))


def _tutors() -> QuerySet[User]:
    return User.objects.filter(role=Role.TUTOR, is_active=True)
