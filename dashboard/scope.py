"""Who sees what (product.md §6.2). Every view starts from one of these querysets; a stranger's row is a 404."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Assignment, User
from dashboard.enums import Kind
from dashboard.models import Absence, Contact, FollowUp, Person
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
    return enrolments.filter(course__followed=True, pk__in=_entrusted(user.pk, lent_by=_absent(user)))


def own_enrolments(user: User) -> QuerySet[Enrolment]:
    """Those of `visible_enrolments` that are a tutor's own: without those of the colleagues they stand in for."""
    if not user.is_tutor:
        return visible_enrolments(user)
    return Enrolment.objects.filter(course__followed=True, pk__in=entrusted_to(user.pk))


def stands_in_for(user: User) -> list[int]:
    """The colleagues who are absent today and whose people the user sees meanwhile."""
    return [user_id for (user_id,) in _absent(user).order_by("user_id").distinct()]


def lender(user: User, enrolment: int) -> int | None:
    """The absent colleague whose person this is, where the user sees it merely for that."""
    return lenders(user, [enrolment]).get(enrolment)


def lenders(user: User, enrolments: Collection[int]) -> dict[int, int]:
    """`lender` of each that has one."""
    absent = stands_in_for(user) if user.is_tutor else []
    if not absent:
        return {}
    asked = Enrolment.objects.filter(pk__in=enrolments)
    left = set(enrolments) - set(asked.filter(pk__in=own_enrolments(user)).values_list("pk", flat=True))
    found: dict[int, int] = {}
    for colleague in absent:
        theirs = asked.filter(pk__in=entrusted_to(colleague)).values_list("pk", flat=True)
        found |= {pk: colleague for pk in theirs if pk in left - found.keys()}
    return found


def entrusted_to(user_id: int) -> QuerySet[Enrolment, Any]:
    """Ids of the enrolments of one tutor."""
    return _entrusted(user_id, lent_by=Absence.objects.none().values_list("user"))


def _absent(user: User) -> QuerySet[Absence, Any]:
    """Only one step: who is absent hands nothing on of what they were themselves lent."""
    today = timezone.localdate(timezone=timezone.get_default_timezone())
    return user.stands_in.on(today).values_list("user")


def _entrusted(user_id: int, *, lent_by: QuerySet[Absence, Any]) -> QuerySet[Enrolment, Any]:
    """Ids of a tutor's enrolments. A union of index look-ups: an OR would read every row."""
    current = Assignment.objects.current().values_list("course_id", "group_id", "ungrouped")
    whole: set[int] = set()
    ungrouped: set[int] = set()
    groups: set[int] = set()
    for course_id, group_id, without_group in current.filter(user=user_id).union(current.filter(user__in=lent_by)):
        if group_id:
            groups.add(group_id)
        else:
            (ungrouped if without_group else whole).add(course_id)
    ids = Enrolment.objects.filter(course__in=whole).values_list("pk")
    return ids.union(
        Membership.objects.filter(group__in=groups).values_list("enrolment"),
        Enrolment.objects.filter(course__in=ungrouped, memberships=None).values_list("pk"),
        FollowUp.objects.filter(assignee=user_id).values_list("enrolment"),
        FollowUp.objects.filter(assignee__in=lent_by).values_list("enrolment"),
    )


def undoable(user: User, act: UUID, among: Collection[int] | None = None) -> QuerySet[FollowUp]:
    """The follow-ups of an act that the user may take back: those in sight, and those they handed over by it.

    `among`: only these are looked at, of an act on thousands.
    """
    if not user.follows_people:
        return FollowUp.objects.none()
    entries = Contact.objects.filter(act=act)
    if among is not None:
        entries = entries.filter(follow_up__in=among)
    # Ids in hand: PostgreSQL knows nothing yet of an act just done, and takes its 20,000 entries for one.
    told = list(entries.values_list("follow_up", "author", "kind"))
    seen = visible_enrolments(user).filter(follow_up__in={follow_up for follow_up, _author, _kind in told})
    given = {follow_up for follow_up, author, kind in told if (author, kind) == (user.pk, Kind.ASSIGNED)}
    return FollowUp.objects.filter(pk__in=given.union(seen.values_list("follow_up", flat=True)))


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
