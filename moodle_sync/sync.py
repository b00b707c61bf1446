"""One claimed run: network first, one short transaction after. Twice equals once."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from moodle_sync import runs
from moodle_sync.apply import Apply, Changes, Shrunk
from moodle_sync.client import MoodleClient
from moodle_sync.crypto import TokenUnreadable
from moodle_sync.enums import RunState
from moodle_sync.errors import MoodleError, MoodleRefused, MoodleUnavailable, Trouble
from moodle_sync.models import Connection, Course, Participant, StagedPerson, SyncRun
from moodle_sync.planning import joining
from moodle_sync.reading import CourseReader, Reading
from moodle_sync.remote import RemoteCourse
from moodle_sync.signals import course_synced
from moodle_sync.staging import Staging

logger = logging.getLogger(__name__)
ACCOUNTS_EVERY = timedelta(days=1)
"""How old the knowledge of suspended accounts may be: asking costs Moodle 4 ms a person."""
ClientFactory = Callable[[Connection], MoodleClient]


class ClaimLost(Exception):
    """The run outlived its claim: another worker may be writing, so this one must not."""


def client_for(connection: Connection) -> MoodleClient:
    """Raises MoodleRefused when no key of this server opens the token."""
    try:
        token = connection.token
    except TokenUnreadable:
        raise MoodleRefused(Trouble.TOKEN_UNREADABLE) from None
    return MoodleClient(connection.site.url, token, pause=connection.site.pause_ms / 1000)


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
    except ClaimLost:
        runs.finish(run, RunState.INTERRUPTED, error_code=Trouble.CLAIM_LOST)
    except SoftTimeLimitExceeded:
        runs.finish(run, RunState.UNAVAILABLE, error_code=Trouble.TIMEOUT)
    except Exception:
        runs.finish(run, RunState.INTERRUPTED, error_code=Trouble.CRASHED)
        raise
    return run


def _fail(run: SyncRun, state: RunState, exc: MoodleError, *, retry_after: int | None = None) -> None:
    logger.warning("Course %s: %s (%s, %s)", run.course_id, state, exc.code, exc.function)
    runs.finish(run, state, retry_after=retry_after, error_code=str(exc.code), error_function=exc.function)
    if exc.code == "invalidtoken":
        Connection.objects.filter(courses=run.course_id, refused_at=None).update(refused_at=timezone.now())


def _perform(run: SyncRun, client_factory: ClientFactory) -> None:
    course = Course.objects.select_related("site", "connection__site").get(pk=run.course_id)
    if course.connection is None or course.moodle_id is None:
        raise MoodleRefused(Trouble.NO_CONNECTION)
    client = client_factory(course.connection)
    read_at = timezone.now()
    staging = Staging(run.pk, frozenset(course.site.trainee_roles), course.connection.moodle_user_id)
    staging.clear()

    def alive(people: int) -> None:
        if not runs.progress(run, people):
            raise ClaimLost

    with client:
        reader = CourseReader(
            client, course.moodle_id, page_size=settings.MOODLE_PAGE_SIZE, version=course.site.version, alive=alive
        )
        accounts, checked_all = _read(run, course, reader, staging, read_at)
    _write(run, course, staging, reader.reading, accounts, read_at, checked_all=checked_all)


def _read(
    run: SyncRun, course: Course, reader: CourseReader, staging: Staging, read_at: datetime
) -> tuple[dict[int, bool], bool]:
    """Stage everybody. Returns which accounts are suspended, and whether all of them were looked at."""
    reader.facts()
    reader.groups()
    for page in reader.pages():
        staging.add(page)
    reader.suspensions()
    staged = StagedPerson.objects.filter(run=run)
    if reader.reading.active is not None:
        reader.reading.suspended = _ids(staged) - reader.reading.active
    checked = course.accounts_checked_at
    all_due = checked is None or read_at - checked >= ACCOUNTS_EVERY
    if not all_due:  # those only whom nobody asked about yet: Moodle may keep silent about some
        asked = Q(suspended__isnull=False) | Q(enrolments__course=course)
        known = Participant.objects.filter(asked, site=course.site_id, moodle_id=OuterRef("moodle_id"))
        staged = staged.filter(~Exists(known))
    with joining(reader.reading.people):
        ids = sorted(_ids(staged))
    accounts = reader.accounts(ids)
    return accounts, all_due and not reader.reading.accounts_unread


def _ids(staged: QuerySet[StagedPerson]) -> set[int]:
    return set(staged.values_list("moodle_id", flat=True))


def _write(
    run: SyncRun,
    course: Course,
    staging: Staging,
    reading: Reading,
    accounts: dict[int, bool],
    read_at: datetime,
    *,
    checked_all: bool,
) -> None:
    with joining(reading.people):
        course = runs.locked(Course.objects.select_related("site"), course.pk)
        if course.claimed_by != run.pk:
            raise ClaimLost
        run.refresh_from_db(fields=["accept_shrink"])
        changes = Apply(course, run.pk, staging, reading, accounts, read_at, run.accept_shrink)()
        _update_course(course, reading, changes, read_at, checked_all=checked_all)
        Connection.objects.filter(courses=course.pk).exclude(refused_at=None).update(refused_at=None)
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
            first_accesses=changes.first_accesses,
            skipped_positions=[gap.position + 1 for gap in reading.gaps],
            missing_rights=reading.missing_rights,
            error_code=str(reading.unread.code) if reading.unread else "invalidresponse" if reading.gaps else "",
            error_function=reading.unread.function if reading.unread else "",
        )
        transaction.on_commit(lambda: course_synced.send(Course, course_id=course.pk, run_id=run.pk))


def _update_course(course: Course, reading: Reading, changes: Changes, read_at: datetime, *, checked_all: bool) -> None:
    if reading.facts:
        take_facts(course, reading.facts, now=read_at)
    course.synced_at = read_at
    course.first_synced_at = course.first_synced_at or read_at
    course.people_read = changes.fetched
    course.complete_reads += not reading.overlapping
    if checked_all:
        course.accounts_checked_at = read_at
    course.save()


def take_facts(course: Course, facts: RemoteCourse, *, now: datetime) -> None:
    """Set what Moodle says of the course itself; what the token may not know stays as it was."""
    course.short_name, course.full_name = facts.short_name[:255], facts.full_name[:1333]
    course.start_date, course.end_date = moment(facts.start), moment(facts.end)
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


def moment(stamp: int) -> datetime | None:
    return datetime.fromtimestamp(stamp, UTC) if stamp else None
