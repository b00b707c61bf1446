"""Courses that follow themselves: rules over what a token lists, applied at once and every day."""

import logging
import time
from collections.abc import Iterable
from fnmatch import translate
from re import IGNORECASE, compile

from django.utils import timezone

from moodle_sync import sites
from moodle_sync.errors import MoodleError
from moodle_sync.models import AutoFollow, Connection, Course
from moodle_sync.remote import RemoteCourse
from moodle_sync.sync import client_for

logger = logging.getLogger(__name__)


def matching(rule: AutoFollow, courses: Iterable[RemoteCourse]) -> list[RemoteCourse]:
    """Those the rule chooses, whether or not they are followed: not yet ended, category and pattern both agreeing."""
    now = time.time()
    # Only the star is special: «[2026]» in a short name is meant as it is written.
    pattern = rule.pattern.replace("[", "[[]").replace("?", "[?]") or "*"
    wanted = compile(translate(pattern), IGNORECASE)
    return [
        course
        for course in courses
        if (rule.category_id is None or course.category_id == rule.category_id)
        and wanted.match(course.short_name)
        and not 0 < course.end <= now
    ]


def apply(connection: Connection, courses: Iterable[RemoteCourse]) -> list[Course]:
    """Follow what this connection's rules choose. A course that somebody stopped following stays stopped."""
    courses = list(courses)
    rules = list(connection.rules.all())
    chosen = {course.moodle_id for rule in rules for course in matching(rule, courses)}
    known = set(connection.site.courses.filter(moodle_id__in=chosen).values_list("moodle_id", flat=True))
    followed = sites.follow(connection, chosen - known) if chosen - known else []
    connection.rules.update(applied_at=timezone.now())
    return followed


def apply_all() -> int:
    """One site that does not answer keeps nobody else's courses waiting; it is asked again tomorrow."""
    followed = 0
    ruled = Connection.objects.filter(rules__isnull=False, refused_at=None).distinct().select_related("site")
    for connection in ruled.order_by("pk"):
        try:
            with client_for(connection) as client:
                courses, _ = sites.listed_courses(client, connection.moodle_user_id or 0)
            followed += len(apply(connection, courses))
        except (MoodleError, sites.NotListed) as exc:
            logger.warning("Rules of connection %s: %s", connection.pk, getattr(exc, "code", "not listed"))
    return followed
