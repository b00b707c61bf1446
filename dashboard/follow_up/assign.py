"""Assignments that follow from Moodle's tutor roles. Those made by hand are never touched."""

from django.db import transaction
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import Assignment, Role, User
from moodle_sync.models import Course, Enrolment

Key = tuple[int, int | None]
"""(user, group); no group: the whole course."""


@transaction.atomic
def follow_moodle_roles(course: Course) -> None:
    """Whoever tutors on Moodle under a Vigie user's e-mail follows their groups; the role lost, that ends."""
    wanted = _wanted(course)
    current = {
        (assignment.user_id, assignment.group_id): assignment.pk
        for assignment in Assignment.objects.current()
        .select_for_update()
        .filter(course=course, source=Assignment.Source.MOODLE)
    }
    ended = [pk for key, pk in current.items() if key not in wanted]
    Assignment.objects.filter(pk__in=ended).update(ended_at=timezone.now())
    Assignment.objects.bulk_create(
        [
            Assignment(user_id=user, course=course, group_id=group, source=Assignment.Source.MOODLE)
            for user, group in wanted - current.keys()
        ],
        ignore_conflicts=True,
    )


def _wanted(course: Course) -> set[Key]:
    tutors = (
        Enrolment.objects.filter(course=course, left_at=None, roles__overlap=course.site.tutor_roles)
        .exclude(suspended=True)
        .exclude(participant__suspended=True)
        .exclude(participant__email="")
        .annotate(address=Lower("participant__email"))
    )
    users = dict(
        User.objects.filter(role=Role.TUTOR, is_active=True, email__in=tutors.values("address")).values_list(
            "email", "pk"
        )
    )
    wanted: set[Key] = set()
    for enrolment in tutors.filter(address__in=users).prefetch_related("memberships"):
        groups = [membership.group_id for membership in enrolment.memberships.all()]
        wanted |= {(users[enrolment.address], group) for group in groups or [None]}
    return wanted
