"""What the team's side does when a course was read. Connected by DashboardConfig."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from dashboard.follow_up import assign, system
from dashboard.people import gather_emptied_accounts, link_new_accounts
from dashboard.plan.recompute import recompute_later
from dashboard.relink import join_same_addresses
from moodle_sync.models import Course
from moodle_sync.signals import course_synced


@receiver(post_save, sender=Course, dispatch_uid="dashboard.facts_read")
def replan(*, instance: Course, update_fields: frozenset[str] | None, **kwargs: Any) -> None:
    """The facts of a course were read without its people: a date that moved moves the plan."""
    if update_fields is not None and {"start_date", "end_date", "visible"} & update_fields:
        recompute_later(instance.pk)


@receiver(course_synced, dispatch_uid="dashboard.after_sync")
def react(*, course_id: int, **kwargs: Any) -> None:
    course = Course.objects.select_related("site").get(pk=course_id)
    link_new_accounts(course_id)
    gather_emptied_accounts(course_id)
    join_same_addresses(course_id)
    assign.follow_moodle_roles(course)
    system.after_read(course)
