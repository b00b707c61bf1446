from celery import shared_task

from dashboard import outages
from dashboard.follow_up import system
from moodle_sync.models import Course


@shared_task
def advance_follow_ups() -> int:
    """Move what time alone moves, in every followed course. Returns how many follow-ups moved."""
    return sum(system.advance(course) for course in Course.objects.followed().select_related("site"))


@shared_task
def watch_sites() -> int:
    """Tell administrators of sites that fail or answer again. Returns how many mails were sent."""
    return outages.watch()
