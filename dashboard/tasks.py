from celery import shared_task

from dashboard import outages
from dashboard.calls import drafts, leases
from dashboard.follow_up import system
from dashboard.imports import work
from moodle_sync.models import Course


@shared_task
def advance_follow_ups() -> int:
    """Move what time alone moves, in every followed course. Returns how many follow-ups moved."""
    return sum(system.advance(course) for course in Course.objects.followed().select_related("site"))


@shared_task
def watch_sites() -> int:
    """Tell administrators of sites that fail or answer again. Returns how many mails were sent."""
    return outages.watch()


@shared_task
def check_import(pk: int) -> None:
    """Compare a long file with what is known."""
    work.check(pk)


@shared_task
def write_import(pk: int) -> None:
    """Import a long file. Delivered twice, it is written once."""
    work.write(pk)


@shared_task
def forget_imports() -> int:
    """The rows of files that nobody confirmed within a day."""
    return work.forget()


@shared_task
def forget_drafts() -> int:
    """What was typed and never saved, after 30 days; and leases that nobody renewed. Returns how many drafts."""
    leases.forget_expired()
    return drafts.forget_old()
