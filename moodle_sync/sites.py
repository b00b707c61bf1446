"""Connecting a site and choosing its courses: what the commands and the screens do."""

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
from moodle_sync.facts import take_facts
from moodle_sync.models import Connection, Course, Site
from moodle_sync.remote import RemoteCourse, SiteInfo
from moodle_sync.sync import client_for

NEEDED = {
    "core_enrol_get_enrolled_users": _("participants and their access"),
    "core_course_get_courses_by_field": _("course names, dates and visibility"),
    "core_group_get_course_groups": _("group names"),
    "core_user_get_users_by_field": _("suspended accounts"),
    "core_user_get_course_user_profiles": _("newcomers, without reading the whole course again"),
}
INDISPENSABLE = "core_enrol_get_enrolled_users"
LONGEST_NAME: int = Site._meta.get_field("name").max_length or 0
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


def inspect(url: str, token: str, *, timeout: tuple[float, float] | None = None) -> Report:
    """Ask the site who the token is and what it lists. Raises MoodleError."""
    with MoodleClient(url, token, timeout=timeout) as client:
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
def connect(
    name: str, url: str, token: str, service: Service, report: Report, *, owner_id: int | None = None
) -> tuple[Connection, bool]:
    """Keep the site and the token; the token of an account known there is replaced. Returns it and «is new».

    Raises AlreadyKnown. Without a name, a new site takes the one that Moodle gives itself.
    """
    info = report.info
    site = declare(name, url, _canonical(info))
    if not name and site.name == urlsplit(url).hostname and info.name.strip():
        site.name = _free_name(info.name)
    site.release, site.version = info.release[:100], info.version
    site.save()
    connection = Connection.objects.filter(site=site, service=service, moodle_user_id=info.user_id).first()
    is_new = connection is None
    connection = connection or Connection(site=site, service=service, moodle_user_id=info.user_id)
    connection.token = token
    connection.owner_id = owner_id or connection.owner_id
    connection.functions = sorted(info.functions & NEEDED.keys())
    connection.checked_at, connection.refused_at = timezone.now(), None
    connection.save()
    # Courses that it lists and whose own token is lost or refused come to this one, and are read again at once.
    listed = [course.moodle_id for course in report.courses]
    orphans = site.courses.followed().filter(Q(connection=None) | Q(connection__refused_at__isnull=False))
    orphans = orphans.filter(moodle_id__in=listed)
    orphans.update(connection=connection)
    connection.courses.followed().update(next_sync_at=timezone.now())
    return connection, is_new


def _canonical(info: SiteInfo) -> str:
    """What Moodle calls itself: two addresses of one Moodle agree on it."""
    try:
        return normalised_url(info.url)
    except BadAddress:
        return ""


class AlreadyKnown(Exception):
    """This Moodle is connected under another address: a second one would double its people."""

    def __init__(self, site: Site) -> None:
        self.site = site
        super().__init__(site.url)


def _site_at(url: str, canonical: str) -> Site | None:
    """The site already kept for this Moodle, whichever of its addresses was typed. Raises AlreadyKnown.

    From http to https is the same place made safer: the address follows. Never the other way.
    """
    exact = Site.objects.filter(url=url).first()
    if exact:
        return exact
    places = {address.partition("://")[2] for address in (url, canonical)}
    for scheme in ("https", "http"):
        for site in Site.objects.filter(url__in=[f"{scheme}://{place}" for place in places]):
            if site.url == url.replace("https://", "http://", 1):
                site.url = url
                return site
            raise AlreadyKnown(site)
    return None


def declare(name: str, url: str, canonical: str = "") -> Site:
    """The site at this address, kept once. A site that has a name keeps it unless another one is given."""
    site = _site_at(url, canonical) or Site(url=url)
    site.name = name or site.name or _free_name(urlsplit(url).hostname or url)
    site.save()
    return site


def _free_name(wanted: str) -> str:
    wanted = wanted.strip()[: LONGEST_NAME - 4]
    taken = set(Site.objects.filter(name__startswith=wanted).values_list("name", flat=True))
    names = (wanted if n == 1 else f"{wanted} {n}" for n in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


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
