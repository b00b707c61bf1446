"""What Moodle says of a course itself: taking it over, and noticing that its dates moved."""

from datetime import UTC, datetime

from moodle_sync.history import DatesMoved
from moodle_sync.models import Course
from moodle_sync.remote import RemoteCourse


def take_facts(course: Course, facts: RemoteCourse, *, now: datetime) -> None:
    """Set what Moodle says of the course itself; what the token may not know stays as it was."""
    course.short_name, course.full_name = facts.short_name[:255], facts.full_name[:1333]
    course.start_date, course.end_date = moment(facts.start), moment(facts.end)
    course.facts_read_at = now
    if facts.category_id is not None:
        course.category_id = facts.category_id
    course.category_name = facts.category_name[:255] or course.category_name
    never_seen = course.visible_since is None and course.visible is None
    if facts.visible is not None:
        course.visible = facts.visible
    if course.visible is not False and course.visible_since is None:
        # Followed while it was running: it has been visible since its start, as far as anyone can tell.
        started = course.start_date if never_seen and course.start_date else now
        course.visible_since = min(started, now)


def update_facts(course: Course, facts: RemoteCourse, *, now: datetime) -> None:
    """`take_facts` of a course whose facts were read before: dates that moved are kept for its coordinator."""
    known = course.facts_read_at is not None
    old_start, old_end = course.start_date, course.end_date
    take_facts(course, facts, now=now)
    if known and (old_start, old_end) != (course.start_date, course.end_date):
        DatesMoved.objects.create(
            course=course,
            noticed_at=now,
            old_start=old_start,
            old_end=old_end,
            new_start=course.start_date,
            new_end=course.end_date,
        )


def moment(stamp: int) -> datetime | None:
    return datetime.fromtimestamp(stamp, UTC) if stamp else None
