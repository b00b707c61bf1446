"""Who sees what (product.md §6.2). Every view starts from one of these querysets; a stranger's row is a 404."""

from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from dashboard.models import FollowUp, Person
from moodle_sync.models import Course, Enrolment, Group, Membership


def in_scope(user: User) -> Q:
    """The courses a coordinator or observer oversees, as a condition on Course."""
    if user.sees_all:
        return Q()
    condition = Q(pk__in=[])
    for site_id, category_id in user.scopes.values_list("site_id", "category_id"):
        place = Q(site=site_id) if category_id is None else Q(site=site_id, category_id=category_id)
        condition |= place
    return condition


def overseen_courses(user: User) -> QuerySet[Course]:
    """Courses whose aggregates the user may see."""
    if user.is_administrator:
        return Course.objects.followed()
    if user.is_tutor:
        return Course.objects.followed().filter(pk__in=visible_enrolments(user).values("course"))
    return Course.objects.followed().filter(in_scope(user))


def visible_enrolments(user: User) -> QuerySet[Enrolment]:
    """Named people, of followed courses, whatever their standing; none for administrators and observers."""
    enrolments = Enrolment.objects.all()
    if user.is_coordinator:
        if user.sees_all:
            return enrolments.filter(course__followed=True)
        return enrolments.filter(course__in=Course.objects.followed().filter(in_scope(user)))
    if not user.is_tutor:
        return enrolments.none()
    return enrolments.filter(course__followed=True, pk__in=_entrusted(user))


def _entrusted(user: User) -> QuerySet[Enrolment, Any]:
    """Ids of a tutor's enrolments. A union of index look-ups: an OR would read every row."""
    current = user.assignments.current()
    whole: set[int] = set()
    ungrouped: set[int] = set()
    groups: set[int] = set()
    for course_id, group_id, without_group in current.values_list("course_id", "group_id", "ungrouped"):
        if group_id:
            groups.add(group_id)
        else:
            (ungrouped if without_group else whole).add(course_id)
    ids = Enrolment.objects.filter(course__in=whole).values_list("pk")
    return ids.union(
        Membership.objects.filter(group__in=groups).values_list("enrolment"),
        Enrolment.objects.filter(course__in=ungrouped, memberships=None).values_list("pk"),
        FollowUp.objects.filter(assignee=user).values_list("enrolment"),
    )


def visible_courses(user: User, seen: QuerySet[Enrolment] | None = None) -> QuerySet[Course]:
    """Courses in which the user may meet named people: the choices of the roster's filter.

    `seen`: their `visible_enrolments`, where these are known already.
    """
    if user.is_coordinator:
        return Course.objects.followed().filter(in_scope(user))
    seen = visible_enrolments(user) if seen is None else seen
    return Course.objects.followed().filter(pk__in=seen.values("course"))


def visible_groups(user: User) -> QuerySet[Group]:
    groups = Group.objects.filter(gone_at=None)
    if user.is_coordinator:
        return groups.filter(course__in=visible_courses(user))
    return groups.filter(pk__in=Membership.objects.filter(enrolment__in=visible_enrolments(user)).values("group"))


def visible_people(user: User) -> QuerySet[Person]:
    return Person.objects.filter(accounts__participant__enrolments__in=visible_enrolments(user)).distinct()
