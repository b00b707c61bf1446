"""Which token reads which course. Each course is read by one, which lists it."""

from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from moodle_sync import sites
from moodle_sync.errors import MoodleRefused, MoodleUnavailable
from moodle_sync.models import Connection, Course
from moodle_sync.sync import client_for

TIMEOUT = (5.0, 20.0)
"""Somebody waits for the page."""
Heirs = dict[int, int]
"""From a course to the connection that is to read it. Courses without one wait for a token."""


def listed_by(connection: Connection) -> set[int]:
    """The courses this token lists, by their number on Moodle. Raises MoodleError."""
    with client_for(connection, timeout=TIMEOUT) as client:
        courses, _sees_all = sites.listed_courses(client, connection.moodle_user_id or 0)
    return {course.moodle_id for course in courses}


def others(connection: Connection) -> QuerySet[Connection]:
    """The other tokens of its site, the likeliest heir first: accepted ones, and dedicated before mobile."""
    found = connection.site.connections.exclude(pk=connection.pk).select_related("site", "owner")
    return found.order_by(F("refused_at").asc(nulls_first=True), "service", "pk")


def heirs(old: Connection, *, listed: Collection[int] = ()) -> Heirs:
    """Who is to read the courses of `old` when it goes, but for those `listed` by its successor. Asks Moodle."""
    courses = Course.objects.filter(connection=old).exclude(moodle_id__in=listed)
    wanted = {moodle_id: pk for moodle_id, pk in courses.values_list("moodle_id", "pk") if moodle_id is not None}
    found: Heirs = {}
    for other in others(old):
        if not wanted:
            break
        try:
            seen = listed_by(other)
        except MoodleRefused:
            continue
        except MoodleUnavailable:  # the whole site: what this token sees, its reads will tell
            seen = set(wanted)
        found |= {wanted.pop(moodle_id): other.pk for moodle_id in seen & wanted.keys()}
    return found


def hand(courses: Iterable[Course], to: Connection) -> None:
    """Whoever reads one of them now ends that read; the next one, by `to`, is due."""
    ids = [course.pk for course in courses]
    Course.objects.filter(pk__in=ids, site=to.site_id).update(connection=to, next_sync_at=timezone.now())


def hand_rules(old: Connection, to: Connection) -> int:
    """What follows courses by itself asks another token from now on. Returns how many rules it had not."""
    kept = set(to.rules.values_list("category_id", "pattern"))
    moved = [rule for rule in old.rules.all() if (rule.category_id, rule.pattern) not in kept]
    for rule in moved:
        rule.connection = to
        rule.save(update_fields=["connection"])
    return len(moved)


@transaction.atomic
def remove(connection: Connection, heirs: Heirs) -> int:
    """Forget a token, and the rules that it still has. Returns how many followed courses wait for another one."""
    there = {other.pk: other for other in Connection.objects.select_for_update().filter(pk__in=set(heirs.values()))}
    for pk, other in there.items():
        hand(connection.courses.filter(pk__in=[course for course, heir in heirs.items() if heir == pk]), other)
    waiting = connection.courses.followed().count()
    connection.delete()
    return waiting


@transaction.atomic
def replace(old: Connection, new: Connection, *, listed: Collection[int], heirs: Heirs) -> int:
    """Another account's token in its place: the courses that it lists and the rules are its own from now on."""
    hand(old.courses.filter(moodle_id__in=listed), new)
    hand_rules(old, new)
    return remove(old, heirs)
