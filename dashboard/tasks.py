import logging
from collections.abc import Callable
from uuid import UUID

from celery import shared_task
from django.db.models import QuerySet

from dashboard import outages
from dashboard.bulk import work as bulk_work
from dashboard.calls import drafts, leases
from dashboard.exports import making
from dashboard.follow_up import system
from dashboard.imports import reading, work
from dashboard.plan import recompute
from dashboard.selection import stored
from dashboard.views_saved import views as views_saved
from moodle_sync.models import Course

logger = logging.getLogger(__name__)


class CoursesFailed(Exception):
    """The others were done. Which ones; why is in the log."""


def _each(courses: QuerySet[Course], do: Callable[[Course], int]) -> int:
    """One course that fails keeps no other from its turn. Raises CoursesFailed at the end."""
    done = 0
    failed: list[int] = []
    courses = courses.select_related("site").order_by("pk")
    for course in courses:
        try:
            done += do(course)
        except Exception as exc:
            # Its type alone: what PostgreSQL says of an error quotes rows.
            logger.error("Follow-ups of course %s: %s", course.pk, type(exc).__name__)
            failed.append(course.pk)
    if failed:
        raise CoursesFailed(f"{len(failed)} of {len(courses)} courses: {', '.join(map(str, failed))}")
    return done


@shared_task
def advance_follow_ups() -> int:
    """Move what time alone moves, in every followed course. Returns how many follow-ups moved."""
    return _each(Course.objects.followed(), system.advance)


@shared_task
def check_plans() -> int:
    """Prove that the next steps kept up with every event are those that follow from everything. How many were not."""
    return _each(Course.objects.followed(), recompute.check)


@shared_task
def replan_site(pk: int) -> int:
    """A site's default plan or working days changed. Returns how many follow-ups moved."""
    return _each(Course.objects.followed().filter(site=pk), system.advance)


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


@shared_task
def forget_drafts() -> int:
    """What was typed and never saved, after 30 days; and leases that nobody renewed. Returns how many drafts."""
    leases.forget_expired()
    return drafts.forget_old()


@shared_task
def forget_selections() -> int:
    """What was selected more than a day ago; bulk acts after 30. Returns how many."""
    return stored.forget_old() + bulk_work.forget_old()


@shared_task
def make_export(pk: int) -> None:
    """Write a long export. Delivered twice, it is written once."""
    making.make(pk)


@shared_task
def forget_views() -> int:
    """Deleted more than a day ago. Returns how many."""
    return views_saved.forget_deleted()


@shared_task
def tend_exports() -> int:
    """Forget the files of more than a day, and say which ones a dead worker left. Returns how many."""
    return making.forget() + making.give_up()


@shared_task
def run_bulk_act(pk: str) -> None:
    """Do, or undo, an act on many people. Delivered twice, it is done once."""
    bulk_work.run(UUID(pk))


@shared_task
def resume_bulk_acts() -> int:
    """Go on with those that a dead worker left. Returns how many."""
    return bulk_work.resume()
