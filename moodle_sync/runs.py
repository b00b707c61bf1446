"""The life of a run: asked for, claimed by one worker, its progress, its end. A claim needs no Redis."""

import random
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial
from typing import Any, TypeVar

import kombu.exceptions
from celery import current_app
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from moodle_sync.enums import ACTIVE_RUNS, RunState, Urgency
from moodle_sync.errors import Trouble
from moodle_sync.models import Course, Site, StagedAccount, StagedMember, StagedPerson, SyncRun

M = TypeVar("M", bound=Model)
CLAIM_LASTS = timedelta(minutes=5)
"""Without a page for so long the worker is dead: one call takes 90 s at most. Renewed with every page."""
QUEUE_LASTS = timedelta(minutes=15)
"""A queued run nobody took for so long is sent again: the queue lost it, or every worker is busy."""
RETRY_AFTER = [timedelta(minutes=1), timedelta(minutes=4), timedelta(minutes=15)]
REFUSED_AGAIN_AFTER = timedelta(hours=6)
SLOW_LANE = timedelta(hours=1)
SIGN_OF_LIFE = timedelta(seconds=30)
"""A run that waits for a busy site says so every few seconds; without a word it holds nobody back."""
FORTNIGHT = timedelta(days=14)
AT_OPENING = timedelta(minutes=1)


class Claim(Enum):
    GOT = auto()
    COURSE_TAKEN = auto()
    SITE_BUSY = auto()


def create_run(
    course: Course, *, by: Any = None, accept_shrink: bool = False, attempt: int = 1, urgency: int | None = None
) -> tuple[SyncRun, bool]:
    """The run to watch, and whether it is new: a course has one active run at most."""
    if urgency is None:
        urgency = Urgency.SCHEDULED if by is None else Urgency.NOW
    sweep(Q(course=course))
    try:
        with transaction.atomic():
            run = SyncRun.objects.create(
                course=course,
                requested_by=by,
                accept_shrink=accept_shrink,
                attempt=attempt,
                urgency=urgency,
                people_expected=course.people_read,
            )
            return run, True
    except IntegrityError:
        run = SyncRun.objects.active().get(course=course)
    if accept_shrink:
        SyncRun.objects.filter(pk=run.pk).update(accept_shrink=True)
        run.accept_shrink = True
    return run, False


def request_run(
    course: Course, *, by: Any = None, accept_shrink: bool = False, attempt: int = 1, urgency: int | None = None
) -> SyncRun:
    """Enqueue a read of the course after the commit, or return the one under way."""
    run, is_new = create_run(course, by=by, accept_shrink=accept_shrink, attempt=attempt, urgency=urgency)
    if is_new or (by is not None and hurry(run, by, Urgency.NOW if urgency is None else urgency)):
        transaction.on_commit(lambda: send(run))
    else:
        send_again(Q(pk=run.pk))
    return run


def hurry(run: SyncRun, by: Any, urgency: int) -> bool:
    """A run that waits its turn was asked for by a person: it goes before the others."""
    waiting = SyncRun.objects.filter(pk=run.pk, state=RunState.QUEUED, urgency__gt=urgency)
    hurried = waiting.update(urgency=urgency, requested_by=by, queued_at=timezone.now())
    if hurried:
        run.urgency, run.requested_by = urgency, by
    return bool(hurried)


def send(run: SyncRun) -> None:
    """A message may come twice, as when a run is hurried: the first that claims the run does it."""
    try:
        current_app.send_task("moodle_sync.tasks.sync_course", [run.pk], priority=run.urgency)
    except kombu.exceptions.OperationalError:
        finish(run, RunState.INTERRUPTED, error_code=Trouble.NO_QUEUE)


def sweep(condition: Q = Q()) -> int:  # noqa: B008 (an empty Q is never changed)
    """End the runs whose worker died. One that was never claimed was not interrupted: it waits. Returns how many."""
    dead = Q(state=RunState.RUNNING) & ~Q(course__claim_expires_at__gt=timezone.now())
    swept = 0
    for run in SyncRun.objects.filter(condition, dead).select_related("course"):
        swept += finish(run, RunState.INTERRUPTED, error_code=Trouble.CRASHED)
    return swept


def send_again(condition: Q = Q()) -> int:  # noqa: B008
    """Another message for each run that has waited so long that its first may be lost. Returns how many.

    Whether it is lost, or all workers are busy, cannot be told; the message that comes second does nothing.
    """
    now = timezone.now()
    sent = 0
    for run in SyncRun.objects.filter(condition, state=RunState.QUEUED, queued_at__lt=now - QUEUE_LASTS):
        still = SyncRun.objects.filter(pk=run.pk, state=RunState.QUEUED, queued_at=run.queued_at)
        if still.update(queued_at=now):
            transaction.on_commit(partial(send, run))
            sent += 1
    return sent


@transaction.atomic
def claim(run: SyncRun) -> Claim:
    """Reserve the course for this run, unless another worker has it or its site is busy enough."""
    now = timezone.now()
    site = locked(Site.objects.all(), Course.objects.values("site").get(pk=run.course_id)["site"])
    if busy_with(site, now, but=run) + _more_urgent(site, run, now) >= site.max_concurrent:
        return Claim.SITE_BUSY
    free = Q(claimed_by=None) | ~Q(claim_expires_at__gt=now)
    mine = Course.objects.filter(free, pk=run.course_id)
    if not mine.update(claimed_by=run.pk, claim_expires_at=now + CLAIM_LASTS):
        return Claim.COURSE_TAKEN
    started = SyncRun.objects.filter(pk=run.pk, state=RunState.QUEUED).update(state=RunState.RUNNING, started_at=now)
    if not started:  # ended meanwhile, or already run by a worker that died
        release(run)
        return Claim.COURSE_TAKEN
    run.state, run.started_at = RunState.RUNNING, now
    return Claim.GOT


def busy_with(site: Site, now: datetime, *, but: SyncRun | None = None) -> int:
    """How many readers a locked site has: each makes one call after the other."""
    courses = Course.objects.filter(site=site, claim_expires_at__gt=now)
    if but is not None:
        courses = courses.exclude(pk=but.course_id)
    facts = site.facts_claimed_until is not None and site.facts_claimed_until > now
    return courses.count() + facts


def _more_urgent(site: Site, run: SyncRun, now: datetime) -> int:
    """Runs that wait for the same site and were asked for more urgently: the places that come free are theirs."""
    if run.urgency == Urgency.NOW:
        return 0
    waiting = SyncRun.objects.filter(state=RunState.QUEUED, course__site=site, urgency__lt=run.urgency)
    return waiting.filter(queued_at__gt=now - SIGN_OF_LIFE).exclude(pk=run.pk).count()


def locked(rows: QuerySet[M], pk: int) -> M:
    """That row, until the transaction ends. Rows that merely refer to it may still be written.

    Always the course before its runs, or two transactions wait for each other.
    """
    return rows.select_for_update(of=("self",), no_key=True).get(pk=pk)


def progress(run: SyncRun, people_read: int) -> bool:
    """Say how far the run is and keep its claim alive; False when the claim is no longer its own."""
    SyncRun.objects.filter(pk=run.pk).update(people_read=people_read)
    mine = Course.objects.filter(pk=run.course_id, claimed_by=run.pk)
    return bool(mine.update(claim_expires_at=timezone.now() + CLAIM_LASTS))


def keep_waiting(run: SyncRun) -> None:
    """Its site is busy: the run is looked after, and not lost with the queue."""
    SyncRun.objects.filter(pk=run.pk, state=RunState.QUEUED).update(queued_at=timezone.now())


def release(run: SyncRun) -> None:
    Course.objects.filter(pk=run.course_id, claimed_by=run.pk).update(claimed_by=None, claim_expires_at=None)


@transaction.atomic
def finish(run: SyncRun, state: RunState, *, retry_after: int | None = None, **fields: Any) -> int:
    """End an active run, once: its state, the next try, the claim given back. Returns 1, or 0 if it had ended."""
    now = timezone.now()
    course = locked(Course.objects.all(), run.course_id)
    next_sync_at = now + _delay(course, run, state, now, retry_after)
    fields |= {"state": state, "finished_at": now}
    if state not in {RunState.OK, RunState.PARTIAL}:
        fields["next_try_at"] = next_sync_at
    ended = SyncRun.objects.filter(pk=run.pk, state__in=ACTIVE_RUNS).update(**fields)
    if ended:
        for staged in (StagedPerson, StagedAccount, StagedMember):
            staged.objects.filter(run=run).delete()
        Course.objects.filter(pk=run.course_id).update(next_sync_at=next_sync_at)
        release(run)
        run.refresh_from_db()
    return ended


def interval(course: Course, now: datetime) -> timedelta:
    """How often a course is read, by its phase."""
    if not course.is_open(now) or course.has_ended(now):
        return timedelta(days=1)
    opened = course.opened_at
    if opened is not None and now - opened < FORTNIGHT:
        return timedelta(minutes=settings.SYNC_MINUTES_FRESH)
    return timedelta(minutes=settings.SYNC_MINUTES_RUNNING)


def begins_in(course: Course, now: datetime) -> timedelta:
    """Until just after a course begins; for ever when it has begun, or will not."""
    if course.start_date is None or course.start_date <= now or course.has_ended(now):
        return timedelta.max
    return course.start_date - now + AT_OPENING


def _delay(course: Course, run: SyncRun, state: RunState, now: datetime, retry_after: int | None) -> timedelta:
    usual = interval(course, now)
    jitter = random.uniform(0.95, 1.1)
    within = random.uniform(0.77, 0.87)  # the scheduler's minute and the queue come on top
    match state:
        case RunState.REFUSED:
            return max(usual, REFUSED_AGAIN_AFTER) * jitter
        case RunState.UNAVAILABLE | RunState.INTERRUPTED:
            again = RETRY_AFTER[run.attempt - 1] if run.attempt <= len(RETRY_AFTER) else max(usual, SLOW_LANE)
            return max(again * jitter, timedelta(seconds=min(retry_after or 0, 86_400)))
        case _:
            return min(usual * within, begins_in(course, now))


def next_attempt(course: Course) -> int:
    """1, or one more than the last run when it brought neither data nor a refusal.

    A course that ends every run by an error of ours must not be read in full every minute either.
    """
    last = SyncRun.objects.filter(course=course).order_by("-pk").first()
    return last.attempt + 1 if last and last.state in {RunState.UNAVAILABLE, RunState.INTERRUPTED} else 1
