"""Names, dates and visibility of all courses of a site, once a day: a call per hundred courses, nobody's data."""

import logging
import random
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from moodle_sync import runs
from moodle_sync.errors import MoodleError, MoodleRefused, MoodleUnavailable
from moodle_sync.facts import update_facts
from moodle_sync.models import Connection, Course, Site
from moodle_sync.remote import RemoteCourse
from moodle_sync.sync import client_for

logger = logging.getLogger(__name__)
FUNCTION = "core_course_get_courses_by_field"
EVERY = timedelta(days=1)
COURSES_PER_CALL = 100
AFTER_OPENING = timedelta(minutes=5)
"""Moodle shows a course some minutes after its start date, if somebody thought of it."""


def due_sites(now: datetime) -> list[int]:
    sites = Site.objects.filter(facts_due_at__lte=now, courses__followed=True, connections__refused_at=None)
    return list(sites.order_by("facts_due_at", "pk").values_list("pk", flat=True).distinct())


@transaction.atomic
def claim(site_id: int) -> Site | None:
    """The site, if its facts are due, nobody looks at them and it may be asked by one more at once."""
    now = timezone.now()
    site = runs.locked(Site.objects.all(), site_id)
    taken = site.facts_claimed_until is not None and site.facts_claimed_until > now
    if taken or site.facts_due_at > now or runs.busy_with(site, now) >= site.max_concurrent:
        return None
    site.facts_claimed_until = now + runs.CLAIM_LASTS
    site.save(update_fields=["facts_claimed_until"])
    return site


def read(site: Site) -> int:
    """Ask for the facts of a claimed site's followed courses. Returns how many courses were told."""
    told, again = 0, EVERY
    connections = Connection.objects.filter(site=site, refused_at=None).select_related("site").order_by("pk")
    for connection in connections:
        if connection.functions and FUNCTION not in connection.functions:
            continue
        try:
            told += _read(connection)
        except MoodleError as exc:
            logger.warning("Facts of site %s: %s (%s)", site.pk, exc.code, exc.function)
            again = min(again, _patience(exc))
    _give_back(site, again)
    return told


def _patience(exc: MoodleError) -> timedelta:
    if isinstance(exc, MoodleRefused):
        return runs.REFUSED_AGAIN_AFTER
    wait = exc.retry_after if isinstance(exc, MoodleUnavailable) else None
    return max(runs.SLOW_LANE, timedelta(seconds=min(wait or 0, 86_400)))


def _read(connection: Connection) -> int:
    ids = connection.courses.followed().order_by("moodle_id").values_list("moodle_id", "pk")
    by_moodle_id, told = {moodle_id: pk for moodle_id, pk in ids if moodle_id is not None}, 0
    with client_for(connection) as client:
        wanted = list(by_moodle_id)
        for start in range(0, len(wanted), COURSES_PER_CALL):
            now = timezone.now()
            for facts in client.courses_by_id(wanted[start : start + COURSES_PER_CALL]):
                if pk := by_moodle_id.get(facts.moodle_id):
                    _keep(pk, facts, now)
                    told += 1
            Site.objects.filter(pk=connection.site_id).update(facts_claimed_until=now + runs.CLAIM_LASTS)
    return told


FACTS = [
    "short_name", "full_name", "start_date", "end_date", "facts_read_at", "category_id", "category_name", "visible",
    "visible_since",
]  # fmt: skip


@transaction.atomic
def _keep(pk: int, facts: RemoteCourse, now: datetime) -> None:
    """Only the facts are written: a run may be reading the people of the same course."""
    course = runs.locked(Course.objects.all(), pk)
    before = runs.interval(course, now)
    update_facts(course, facts, now=now)
    course.save(update_fields=FACTS)
    wait = timedelta() if runs.interval(course, now) < before else runs.begins_in(course, now)
    if wait < EVERY:  # it opened, or is about to: so are its people
        Course.objects.filter(pk=pk, next_sync_at__gt=now + wait).update(next_sync_at=now + wait)


def _give_back(site: Site, again: timedelta) -> None:
    """Looked at daily, and just after the next course begins: is it still hidden?"""
    now = timezone.now()
    due = now + again * random.uniform(0.95, 1.05)
    begins = Course.objects.followed().filter(site=site, start_date__gt=now).order_by("start_date")
    if again == EVERY and (next_one := begins.values_list("start_date", flat=True).first()):
        due = min(due, next_one + AFTER_OPENING)
    Site.objects.filter(pk=site.pk).update(facts_due_at=due, facts_claimed_until=None)
