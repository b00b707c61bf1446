"""Connecting a site and choosing its courses: what the commands, and later the screens, do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from moodle_sync.client import MoodleClient
from moodle_sync.enums import Service
from moodle_sync.errors import MoodleRefused
from moodle_sync.models import Connection, Course, Site
from moodle_sync.remote import RemoteCourse, SiteInfo
from moodle_sync.sync import client_for, take_facts

NEEDED = {
    "core_enrol_get_enrolled_users": _("participants and their access"),
    "core_course_get_courses_by_field": _("course names, dates and visibility"),
    "core_group_get_course_groups": _("group names"),
    "core_user_get_users_by_field": _("suspended accounts"),
}
INDISPENSABLE = "core_enrol_get_enrolled_users"
LONGEST_URL: int = Site._meta.get_field("url").max_length or 0
LISTING_REFUSED = {"nopermissions", "accessexception", "requireloginerror", "errorcoursecontextnotvalid"}
ENDINGS = ("/webservice/rest/server.php", "/login/index.php", "/login/token.php", "/index.php", "/my")


class BadAddress(ValueError):
    """What was typed cannot be the address of a Moodle."""


@dataclass(frozen=True)
class Report:
    """What a token may see, as far as Moodle tells without reading a course."""

    info: SiteInfo
    courses: list[RemoteCourse]
    sees_all_courses: bool
    missing: list[str] = field(default_factory=list)


def normalised_url(typed: str) -> str:
    """The address of Moodle's home page, without what people paste after it. Raises BadAddress."""
    try:
        parts = urlsplit(typed.strip())
        host, _port = parts.hostname, parts.port  # reading the port checks it
    except ValueError as exc:
        raise BadAddress(typed) from exc
    if parts.scheme not in {"http", "https"} or not host or parts.username or parts.password or " " in host:
        raise BadAddress(typed)
    path = parts.path.rstrip("/")
    for ending in ENDINGS:
        path = path.removesuffix(ending)
    url = urlunsplit((parts.scheme, parts.netloc.lower(), path.rstrip("/"), "", ""))
    if len(url) > LONGEST_URL:
        raise BadAddress(typed)
    return url


def inspect(url: str, token: str) -> Report:
    """Ask the site who the token is and what it lists. Raises MoodleError."""
    with MoodleClient(url, token) as client:
        info = client.site_info()
        missing = [function for function in NEEDED if function not in info.functions]
        if INDISPENSABLE in missing:
            raise MoodleRefused("accessexception", INDISPENSABLE)
        courses, sees_all = listed_courses(client, info.user_id)
    return Report(info, courses, sees_all, missing)


def listed_courses(client: MoodleClient, user_id: int) -> tuple[list[RemoteCourse], bool]:
    """Every course, or only those of the token's owner where the right to list all is lacking."""
    try:
        return client.courses(), True
    except MoodleRefused as exc:
        if exc.code not in LISTING_REFUSED:
            raise
    return client.own_courses(user_id), False


@transaction.atomic
def connect(name: str, url: str, token: str, service: Service, report: Report) -> tuple[Connection, bool]:
    """Keep the site and the token; the token of an account known there is replaced. Returns it and «is new»."""
    info = report.info
    site, _ = Site.objects.update_or_create(
        url=url, defaults={"name": name, "release": info.release[:100], "version": info.version}
    )
    connection = Connection.objects.filter(site=site, service=service, moodle_user_id=info.user_id).first()
    is_new = connection is None
    connection = connection or Connection(site=site, service=service, moodle_user_id=info.user_id)
    connection.token = token
    connection.functions = sorted(info.functions & NEEDED.keys())
    connection.checked_at, connection.refused_at = timezone.now(), None
    connection.save()
    # Courses whose own token is lost or refused come to this one, and are read again at once.
    orphans = (
        site.courses.followed()
        .exclude(moodle_id=None)
        .filter(Q(connection=None) | Q(connection__refused_at__isnull=False))
    )
    orphans.update(connection=connection)
    connection.courses.followed().update(next_sync_at=timezone.now())
    return connection, is_new


class NotListed(Exception):
    """These courses do not exist, or the token may not see them. Nothing was followed."""

    def __init__(self, ids: Iterable[int]) -> None:
        self.ids = sorted(ids)
        super().__init__(", ".join(map(str, self.ids)))


def follow(connection: Connection, ids: Iterable[int]) -> list[Course]:
    """Follow these courses, all or none. Raises NotListed and MoodleError."""
    wanted = set(ids)
    with client_for(connection) as client:
        found = _facts(client, connection, wanted)
    if missing := wanted - found.keys():
        raise NotListed(missing)
    now = timezone.now()
    with transaction.atomic():
        return [_follow_one(connection, facts, now) for _, facts in sorted(found.items())]


def _facts(client: MoodleClient, connection: Connection, wanted: set[int]) -> dict[int, RemoteCourse]:
    """By id where allowed (it tells the visibility), else from the list."""
    found: dict[int, RemoteCourse] = {}
    if "core_course_get_courses_by_field" in connection.functions:
        found = {c.moodle_id: c for c in client.courses_by_id(sorted(wanted)) if c.moodle_id in wanted}
    if wanted - found.keys():
        courses, _ = listed_courses(client, connection.moodle_user_id or 0)
        found = {c.moodle_id: c for c in courses if c.moodle_id in wanted} | found
    return found


def _same_by_file(site: Site, facts: RemoteCourse) -> Q:
    """A course known by a file under the name that Moodle gives it: it is the same one."""
    named = Q(short_name=facts.short_name) & ~Q(short_name="") | Q(short_name="", full_name=facts.full_name)
    return Q(site=site, moodle_id=None) & named


def _follow_one(connection: Connection, facts: RemoteCourse, now: datetime) -> Course:
    key = {"site": connection.site, "moodle_id": facts.moodle_id}
    # Locked: a worker may be writing its claim or its results into the same row.
    rows = Course.objects.select_for_update(no_key=True)
    course = rows.filter(**key).first() or rows.filter(_same_by_file(connection.site, facts)).first() or Course(**key)
    course.moodle_id = facts.moodle_id
    if not course.followed or course.pk is None:
        course.followed_since, course.next_sync_at = now, now
    course.followed = True
    course.connection = connection
    if course.people_read is None and facts.people:
        course.people_read = facts.people
    take_facts(course, facts, now=now)
    course.save()
    return course
