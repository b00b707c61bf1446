"""Assignments that follow from Moodle's tutor roles. Those made by hand are never touched."""

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import Assignment, Role, User
from moodle_sync.enums import Service
from moodle_sync.models import Connection, Course, Enrolment

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
        .annotate(address=Lower("participant__email"))
    )
    active = User.objects.filter(role=Role.TUTOR, is_active=True)
    users = dict(active.exclude(email="").filter(email__in=tutors.values("address")).values_list("email", "pk"))
    # A token of one's own shows whose account it is, whatever the addresses.
    own_tokens = Connection.objects.filter(site=course.site_id, service=Service.MOBILE, owner__in=active)
    owners = dict(own_tokens.values_list("moodle_user_id", "owner"))
    recognised = tutors.filter(Q(address__in=users) | Q(participant__moodle_id__in=owners))
    wanted: set[Key] = set()
    for enrolment in recognised.select_related("participant").prefetch_related("memberships"):
        groups: list[int | None] = [membership.group_id for membership in enrolment.memberships.all()]
        account = enrolment.participant
        found = {users.get(account.email.lower()), owners.get(account.moodle_id)} - {None}
        wanted |= {(user, group) for user in found if user is not None for group in groups or [None]}
    return wanted


@receiver(post_save, sender=User, dispatch_uid="dashboard.assign")
def follow_new_tutor(sender: type[User], instance: User, update_fields: frozenset[str] | None, **kwargs: Any) -> None:
    """Who was just invited need not wait for the next sync; who was deactivated loses their people at once."""
    if update_fields is not None and not update_fields & {"email", "role", "is_active"}:
        return
    tutored = Q(enrolments__in=Enrolment.objects.filter(participant__email__iexact=instance.email))
    followed = Q(assignments__user=instance, assignments__ended_at=None)
    for course in Course.objects.filter(tutored | followed).select_related("site").distinct():
        follow_moodle_roles(course)
