from celery import shared_task

from dashboard import outages
from dashboard.follow_up import system
from dashboard.imports import reading, work
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
def read_import(pk: int) -> None:
    """Read a long file. Delivered twice, it is read once."""
    reading.read_held(pk)


@shared_task
def check_import(pk: int) -> None:
    """Compare a long file with what is known."""
    work.check(pk)


@shared_task
def write_import(pk: int) -> None:
    """Import a long file. Delivered twice, it is written once."""
    work.write(pk)


@shared_task
def tend_imports() -> int:
    """Forget what nobody confirmed within a day or read within an hour, finish what a dead worker left. How many."""
    return work.forget() + reading.forget_unread() + work.resume()
