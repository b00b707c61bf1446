"""One claimed run: network first, one short transaction after. Twice equals once."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from moodle_sync import kinds, runs
from moodle_sync.apply import Apply, Changes, Shrunk
from moodle_sync.changes import keep_arrivals_and_departures
from moodle_sync.client import MoodleClient
from moodle_sync.crypto import TokenUnreadable
from moodle_sync.enums import ReadKind, RunState, Service
from moodle_sync.errors import MoodleError, MoodleRefused, MoodleUnavailable, Trouble
from moodle_sync.facts import update_facts
from moodle_sync.models import Connection, Course, Site, StagedPerson, SyncRun
from moodle_sync.planning import joining
from moodle_sync.reading import CourseReader, Reading
from moodle_sync.refresh import Refresh
from moodle_sync.signals import course_synced
from moodle_sync.staging import Staging

logger = logging.getLogger(__name__)
ClientFactory = Callable[[Connection], MoodleClient]


class ClaimLost(Exception):
    """The run outlived its claim: another worker may be writing, so this one must not."""


class HandedOver(Exception):
    """What Moodle said no to was another token than the one that reads this course now: that one tries soon."""


def client_for(connection: Connection, *, timeout: tuple[float, float] | None = None) -> MoodleClient:
    """Raises MoodleRefused when no key of this server opens the token."""
    try:
        token = connection.token
    except TokenUnreadable:
        raise MoodleRefused(Trouble.TOKEN_UNREADABLE) from None
    site = connection.site
    pause = site.pause_ms / 1000
    return MoodleClient(site.url, token, pause=pause, timeout=timeout, seconds_ahead=site.clock_ahead)


def perform(run: SyncRun, *, client_factory: ClientFactory = client_for) -> SyncRun:
    """Read and apply a claimed run, and say on its row how it ended. Only programming errors are raised."""
    try:
        _perform(run, client_factory)
    except MoodleUnavailable as exc:
        _fail(run, RunState.UNAVAILABLE, exc, retry_after=exc.retry_after)
    except MoodleRefused as exc:
        _fail(run, RunState.REFUSED, exc)
    except Shrunk:
        runs.finish(run, RunState.HELD, error_code=Trouble.SHRUNK)
    except HandedOver:
        runs.finish(run, RunState.INTERRUPTED, error_code=Trouble.HANDED_OVER)
    except ClaimLost:
        runs.finish(run, RunState.INTERRUPTED, error_code=Trouble.CLAIM_LOST)
    except SoftTimeLimitExceeded:
        runs.finish(run, RunState.UNAVAILABLE, error_code=Trouble.TIMEOUT)
    except Exception:
        # PostgreSQL may be the one that broke: say it through a new connection. Else the claim expires.
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        runs.finish(run, RunState.INTERRUPTED, error_code=Trouble.CRASHED)
        raise
    return run


def _fail(run: SyncRun, state: RunState, exc: MoodleError, *, retry_after: int | None = None) -> None:
    logger.warning("Course %s: %s (%s, %s)", run.course_id, state, exc.code, exc.function)
    runs.finish(run, state, retry_after=retry_after, error_code=str(exc.code), error_function=exc.function)


@dataclass
class _Found:
    """What a run read, on its way to the tables."""

    read_at: datetime
    link: Connection
    read_with: str
    staging: Staging
    reading: Reading
    checked_all: bool = False


def _perform(run: SyncRun, client_factory: ClientFactory) -> None:
    link = Connection.objects.filter(courses=run.course_id).select_related("site").first()
    try:
        _read_and_write(run, link, client_factory)
    except MoodleRefused as exc:
        if exc.code == "invalidtoken" and link is not None:  # as it was: it may have been replaced meanwhile
            same = Connection.objects.filter(pk=link.pk, token_encrypted=link.token_encrypted, refused_at=None)
            same.update(refused_at=timezone.now())
        if not Course.objects.filter(pk=run.course_id, connection=link).exists():
            raise HandedOver from exc
        raise


def _read_and_write(run: SyncRun, link: Connection | None, client_factory: ClientFactory) -> None:
    course = Course.objects.select_related("site").get(pk=run.course_id)
    if link is None or course.moodle_id is None:
        raise MoodleRefused(Trouble.NO_CONNECTION)
    client = client_factory(link)
    staging = Staging(run.pk, link.moodle_user_id)
    staging.clear()

    def alive(people: int) -> None:
        if not runs.progress(run, people):
            raise ClaimLost

    with client:
        reader = CourseReader(
            client,
            course.moodle_id,
            page_size=settings.MOODLE_PAGE_SIZE,
            version=course.site.version,
            asks_members=link.service != Service.MOBILE,
            alive=alive,
        )
        found = _Found(timezone.now(), link, kinds.digest(link), staging, reader.reading)
        _read(run, course, reader, found)
    if client.seconds_ahead != course.site.clock_ahead:
        Site.objects.filter(pk=course.site_id).update(clock_ahead=client.seconds_ahead)
    _write(run, course.pk, found)


def _read(run: SyncRun, course: Course, reader: CourseReader, found: _Found) -> None:
    """Stage everybody, and learn whose enrolment and account is suspended."""
    reader.facts()
    reader.groups()
    for groups in reader.members():
        found.staging.add_members(groups)
    _people(run, course, reader, found)
    reader.suspensions()
    if found.reading.active is not None:
        staged = StagedPerson.objects.filter(run=run).values_list("moodle_id", flat=True)
        found.reading.suspended = set(staged) - found.reading.active
    checked = course.accounts_checked_at
    everybody = checked is None or checked < kinds.last_quiet_hour(course, found.read_at)
    chunks = found.staging.accounts_to_ask(course, people=found.reading.people, everybody=everybody)
    for accounts in reader.accounts(chunks):
        found.staging.add_accounts(accounts)
    found.checked_all = everybody and not found.reading.accounts_unread


def _people(run: SyncRun, course: Course, reader: CourseReader, found: _Found) -> None:
    """By their stamps where that will do, else with every field."""
    if not kinds.reads_everything(run, course, found.read_with, found.read_at):
        _say_kind(run, ReadKind.REFRESH)
        if Refresh(course, reader, found.staging)():
            return
        found.staging.forget_people()
    _say_kind(run, ReadKind.FULL)
    for page in reader.pages():
        found.staging.add(page)
    with joining(found.reading.people):
        found.reading.overlapping |= found.staging.drop_duplicates()


def _say_kind(run: SyncRun, kind: ReadKind) -> None:
    run.kind = kind
    run.save(update_fields=["kind"])


def _write(run: SyncRun, course_id: int, found: _Found) -> None:
    reading = found.reading
    with joining(reading.people):
        course = runs.locked(Course.objects.select_related("site"), course_id)
        if course.claimed_by != run.pk:
            raise ClaimLost
        run.refresh_from_db(fields=["accept_shrink"])
        changes = Apply(course, run.pk, found.staging, reading, found.read_at, run.accept_shrink)()
        keep_arrivals_and_departures(run, course, found.read_at)
        if run.kind == ReadKind.FULL:
            course.untold = found.staging.untold if changes.fetched else []
        _update_course(course, run, found, changes)
        Connection.objects.filter(pk=found.link.pk).exclude(refused_at=None).update(refused_at=None)
        partial = bool(reading.gaps or reading.unread)
        runs.finish(
            run,
            RunState.PARTIAL if partial else RunState.OK,
            people_read=changes.fetched,
            people_expected=changes.fetched,
            created=changes.created,
            updated=changes.updated,
            unchanged=changes.unchanged,
            left=changes.left,
            returned=changes.returned,
            first_accesses=changes.first_accesses,
            skipped_positions=sorted(gap.position + 1 for gap in reading.gaps if gap.position is not None),
            missing_rights=reading.missing_rights,
            error_code=str(reading.unread.code) if reading.unread else "invalidresponse" if reading.gaps else "",
            error_function=reading.unread.function if reading.unread else "",
        )
        transaction.on_commit(lambda: course_synced.send(Course, course_id=course.pk, run_id=run.pk))


def _update_course(course: Course, run: SyncRun, found: _Found, changes: Changes) -> None:
    if found.reading.facts:
        update_facts(course, found.reading.facts, now=found.read_at)
    course.synced_at = found.read_at
    course.first_synced_at = course.first_synced_at or found.read_at
    course.people_read = changes.fetched
    course.complete_reads += not found.reading.overlapping
    if not (found.reading.overlapping or found.reading.gaps):
        course.complete_at = found.read_at
    if run.kind == ReadKind.FULL:
        course.full_read_at, course.full_read_with = found.read_at, found.read_with
    if found.checked_all:
        course.accounts_checked_at = found.read_at
    course.save()
