"""Trying a token on one course, and keeping the report. Eight small calls, and one page of people."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from django.utils import timezone

from moodle_sync.capability import Aspect, Capability, Check, Need, Outcome
from moodle_sync.client import MoodleClient
from moodle_sync.enums import Service
from moodle_sync.errors import MoodleError, MoodleRefused
from moodle_sync.models import Connection, default_tutor_roles
from moodle_sync.reading import CourseReader
from moodle_sync.remote import RemoteCourse, RemoteParticipant
from moodle_sync.sites import NEEDED, Report, inspect
from moodle_sync.sync import client_for

T = TypeVar("T")
SAMPLE = 200
"""People read for a trial: enough to tell, and 0.6 s of Moodle's time at most."""
ACCOUNTS = 20
FACTS = 200
LASTCOURSEACCESS_SINCE = 2018120300
"""Moodle 3.6."""
TIMEOUT = (5.0, 20.0)
TOKEN_REFUSED = {"invalidtoken", "accessexception", "wsaccessusersuspended"}


def try_connection(connection: Connection, course_id: int | None = None) -> Capability:
    """Ask Moodle now, and keep the report. Raises MoodleError; a refused token is noted as such."""
    with client_for(connection):  # says so when the token cannot be decrypted
        pass
    try:
        report = inspect(connection.site.url, connection.token, timeout=TIMEOUT)
    except MoodleRefused as exc:
        if exc.code in TOKEN_REFUSED:
            connection.refused_at = connection.refused_at or timezone.now()
            connection.save(update_fields=["refused_at"])
        raise
    ids = connection.courses.followed().values_list("moodle_id", flat=True)
    followed = {moodle_id for moodle_id in ids if moodle_id is not None}
    return keep(connection, report, trial_course(report.courses, followed, course_id))


def keep(connection: Connection, report: Report, course: RemoteCourse | None) -> Capability:
    """Try this course with an accepted token, and keep what was found."""
    site, info = connection.site, report.info
    with MoodleClient(site.url, connection.token, timeout=TIMEOUT) as client:
        found = Trial(client, report, Service(connection.service)).capability(course)
    site.release, site.version = info.release[:100], info.version
    site.save(update_fields=["release", "version"])
    if connection.refused_at is not None:  # accepted again: its courses do not wait for their next try
        connection.courses.followed().update(next_sync_at=timezone.now())
    connection.functions = sorted(info.functions & NEEDED.keys())
    connection.capability, connection.checked_at, connection.refused_at = found.as_dict(), timezone.now(), None
    connection.save(update_fields=["functions", "capability", "checked_at", "refused_at"])
    return found


def trial_course(courses: Iterable[RemoteCourse], followed: set[int], wanted: int | None = None) -> RemoteCourse | None:
    """The one asked for; else one that is followed; else the fullest, then the newest that has begun."""
    now = time.time()

    def rank(course: RemoteCourse) -> tuple[bool, bool, bool, int, int]:
        begun = 0 < course.start <= now
        followed_here = course.moodle_id in followed
        return course.moodle_id == wanted, followed_here, begun, course.people or 0, course.start

    return max(courses, key=rank, default=None)


class Trial:
    def __init__(self, client: MoodleClient, report: Report, service: Service) -> None:
        self._client = client
        self._report = report
        self._info = report.info
        self._service = service
        self._found: dict[Aspect, Check] = {}

    def capability(self, course: RemoteCourse | None) -> Capability:
        started = time.monotonic()
        self._listing()
        if course is not None:
            self._facts(course)
            self._read(course)
        return Capability(
            release=self._info.release,
            version=self._info.version,
            service=self._service,
            moodle_user_id=self._info.user_id,
            course_id=course.moodle_id if course else None,
            course_name=course.full_name if course else "",
            seconds=round(time.monotonic() - started, 1),
            checks=tuple(self._found.get(aspect, Check(aspect, Outcome.UNTRIED)) for aspect in Aspect),
            tried_at=timezone.now().isoformat(),
        )

    def _note(
        self, aspect: Aspect, outcome: Outcome, found: int = 0, of: int = 0, *needs: Need, code: str = ""
    ) -> None:
        self._found[aspect] = Check(aspect, outcome, found, of, needs, code)

    def _listing(self) -> None:
        """A tutor's token lists the tutor's courses, which is all one asks of it."""
        count, dedicated = len(self._report.courses), self._service == Service.DEDICATED
        if not count:
            need = Need.VIEW_COURSES if dedicated else Need.ENROLMENT
            self._note(Aspect.LISTING, Outcome.MISSING, 0, 0, need)
        elif dedicated and not self._report.sees_all_courses:
            self._note(Aspect.LISTING, Outcome.PARTLY, count, 0, Need.VIEW_COURSES)
        else:
            self._note(Aspect.LISTING, Outcome.READ, count)

    def _facts(self, course: RemoteCourse) -> None:
        if Need.FACTS not in self._info.functions:
            self._note(Aspect.COURSE_FACTS, Outcome.MISSING, 0, 1, Need.FACTS)
            return
        others = [c.moodle_id for c in self._report.courses if c.moodle_id != course.moodle_id][: FACTS - 1]
        answer = self._optional(Aspect.COURSE_FACTS, lambda: self._client.courses_by_id([course.moodle_id, *others]))
        if answer is None:
            return
        facts = next((c for c in answer if c.moodle_id == course.moodle_id), None)
        full = facts is not None and facts.visible is not None
        self._note(Aspect.COURSE_FACTS, Outcome.READ if full else Outcome.PARTLY, int(full), 1)
        if hidden := sum(c.visible is False for c in answer):
            self._note(Aspect.HIDDEN_COURSES, Outcome.READ, hidden)

    def _read(self, course: RemoteCourse) -> None:
        reader = CourseReader(self._client, course.moodle_id, page_size=SAMPLE, version=self._info.version)
        try:
            page = next(reader.pages(), [])
        except MoodleRefused as exc:
            self._note(Aspect.PARTICIPANTS, Outcome.MISSING, 0, 0, *self._entry_needs(exc.code), code=exc.code)
            return
        self._people(course, page)
        others = [person for person in page if person.moodle_id != self._info.user_id]
        if others:
            self._fields(others)
        self._groups(reader, others)
        self._suspensions(reader, others)

    def _entry_needs(self, code: str) -> tuple[Need, ...]:
        if code == "nopermissions":
            return (Need.VIEW_PARTICIPANTS,)
        if code in {"errorcoursecontextnotvalid", "requireloginerror"}:
            return (Need.VIEW_COURSES if self._service == Service.DEDICATED else Need.ENROLMENT,)
        return ()

    def _people(self, course: RemoteCourse, page: list[RemoteParticipant]) -> None:
        """Moodle says nothing of people it leaves out: only other figures can tell."""
        count, expected = len(page), course.people or 0
        staff = set(default_tutor_roles())
        if not page and not expected:
            self._note(Aspect.PARTICIPANTS, Outcome.UNTRIED)
        elif page and all(set(person.roles) & staff for person in page) and count < expected:
            self._note(Aspect.PARTICIPANTS, Outcome.PARTLY, count, expected, Need.VIEW_DETAILS)
        elif count < min(expected, SAMPLE):
            outcome = Outcome.PARTLY if page else Outcome.MISSING
            self._note(Aspect.PARTICIPANTS, outcome, count, expected, Need.ALL_GROUPS)
        else:
            self._note(Aspect.PARTICIPANTS, Outcome.READ, count, max(expected, count))

    def _fields(self, people: list[RemoteParticipant]) -> None:
        def share(aspect: Aspect, has: Callable[[RemoteParticipant], bool], *needs: Need) -> Outcome:
            found, of = sum(map(has, people)), len(people)
            outcome = Outcome.READ if found == of else Outcome.PARTLY if found else Outcome.MISSING
            self._note(aspect, outcome, found, of, *needs if found < of else ())
            return outcome

        if share(Aspect.NAMES, lambda p: p.last_name is not None, Need.VIEW_FULL_NAMES) == Outcome.MISSING:
            # The full name always comes: only sorting by last name suffers.
            self._found[Aspect.NAMES] = replace(self._found[Aspect.NAMES], outcome=Outcome.PARTLY)
        share(Aspect.SITE_ACCESS, lambda p: p.last_site_access is not None, Need.VIEW_HIDDEN_FIELDS)
        newer = self._info.version >= LASTCOURSEACCESS_SINCE
        course_access_needs = Need.VIEW_HIDDEN_FIELDS if newer else Need.NEWER_MOODLE
        share(Aspect.COURSE_ACCESS, lambda p: p.last_course_access is not None, course_access_needs)
        email = share(Aspect.EMAIL, lambda p: bool(p.email), Need.VIEW_IDENTITY)
        self._phones(people, identity=email == Outcome.READ)

    def _phones(self, people: list[RemoteParticipant], *, identity: bool) -> None:
        """Not everybody has one: a single one shows that Moodle gives them."""
        found = sum(bool(person.phone1 or person.phone2) for person in people)
        if found:
            self._note(Aspect.PHONES, Outcome.READ, found, len(people))
        else:
            needs = [Need.IDENTITY_PHONES] if identity else [Need.VIEW_IDENTITY, Need.IDENTITY_PHONES]
            self._note(Aspect.PHONES, Outcome.MISSING, 0, len(people), *needs)

    def _groups(self, reader: CourseReader, people: list[RemoteParticipant]) -> None:
        """Listing them takes a right that also allows changing them: it is not asked for, people bring names."""
        reader.groups()
        seen = {group for person in people for group, _name in person.groups or ()}
        if reader.reading.groups_listed:
            self._note(Aspect.GROUPS, Outcome.READ, len(reader.reading.groups))
        else:
            self._note(Aspect.GROUPS, Outcome.PARTLY if seen else Outcome.UNTRIED, len(seen))

    def _suspensions(self, reader: CourseReader, people: list[RemoteParticipant]) -> None:
        reader.suspensions()
        if "suspended" in reader.reading.missing_rights:
            self._note(Aspect.SUSPENDED, Outcome.MISSING, 0, 0, Need.ENROL_REVIEW)
        elif reader.reading.unread is None:
            active = reader.reading.active  # Moodle < 3.11 tells who is active instead
            suspended = reader.reading.suspended or set()
            if active is not None:
                suspended = {person.moodle_id for person in people} - active
            self._note(Aspect.SUSPENDED, Outcome.READ, len(suspended))
        if Need.USERS not in self._info.functions:
            self._note(Aspect.ACCOUNTS, Outcome.MISSING, 0, 0, Need.USERS)
        elif people:
            asked = [person.moodle_id for person in people[:ACCOUNTS]]
            found = sum(len(told) for told in reader.accounts([asked]))
            outcome = Outcome.READ if found == len(asked) else Outcome.PARTLY if found else Outcome.MISSING
            self._note(Aspect.ACCOUNTS, outcome, found, len(asked))

    def _optional(self, aspect: Aspect, ask: Callable[[], T]) -> T | None:
        try:
            return ask()
        except MoodleRefused as exc:
            self._note(aspect, Outcome.MISSING, code=exc.code)
        except MoodleError as exc:
            self._note(aspect, Outcome.UNTRIED, code=exc.code)
        return None
