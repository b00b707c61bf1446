"""Whether a run reads everything, or only what changes from hour to hour."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils.crypto import salted_hmac

from moodle_sync.models import Connection, Course, SyncRun

QUIET_FROM = timedelta(hours=2)
QUIET_LASTS = timedelta(hours=2)
"""From 2 to 4 at night where the site is; with the usual interval of 2 hours every course is through by 6."""


def reads_everything(run: SyncRun, course: Course, with_what: str, now: datetime) -> bool:
    """The first read, one by hand, one with another token or release, and the first after each night."""
    return (
        run.requested_by_id is not None
        or course.full_read_at is None
        or course.full_read_with != with_what
        or course.full_read_at < last_quiet_hour(course, now)
    )


def read_everything_next(courses: Iterable[Course]) -> None:
    """Whatever was read before, and whoever asks for the next read."""
    Course.objects.filter(pk__in=[course.pk for course in courses]).update(full_read_at=None)


def last_quiet_hour(course: Course, now: datetime) -> datetime:
    """The latest of its daily moments, each course's own so that they do not all come at once."""
    local = now.astimezone(course.site.zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    share = course.pk * 2_654_435_761 % 2**32 / 2**32  # Knuth's hash: neighbours lie far apart
    moment = midnight + QUIET_FROM + share * QUIET_LASTS
    return moment if moment <= local else moment - timedelta(days=1)


def digest(connection: Connection) -> str:
    """Changes with whatever may change what Moodle shows: another account, token, service or release."""
    site = connection.site
    parts = (connection.moodle_user_id, connection.service, connection.token, site.version, site.release)
    return salted_hmac("moodle_sync.kinds", "\n".join(map(str, parts)), algorithm="sha256").hexdigest()
