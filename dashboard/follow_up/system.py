"""What happens to follow-ups by itself: after a sync, and as time passes.

Every step looks at the present rows, not at an event: run twice, late or after a crash, it gives the same.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction
from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.utils import timezone

from dashboard.enums import OPEN_STATES, RETURNING_STATES, ClosedFor, Kind, State
from dashboard.follow_up import moves
from dashboard.follow_up.rules import WAIT_AFTER_CONTACT, Facts, Target, initial, start_of_day
from dashboard.models import Contact, FollowUp
from dashboard.plan.calendar import ONE_DAY
from dashboard.plan.recompute import recompute
from dashboard.plan.schedule import Schedule, day_zero, joined_later, schedule_of
from moodle_sync.enums import EPOCH, Access, RunState, Standing
from moodle_sync.models import Course, Enrolment, SyncRun

BATCH = 2000
NEVER = Q(enrolment__last_site_access=EPOCH) | Q(enrolment__last_course_access=EPOCH)
PRESENT = Q(enrolment__standing=Standing.PRESENT)
IN_COURSE = Q(enrolment__last_course_access__gt=EPOCH)


def facts_of(
    course: Course, schedule: Schedule, *, access: Access, standing: str, first_seen_at: datetime, now: datetime
) -> Facts:
    zero = day_zero(course, first_seen_at)
    return Facts(
        access=access,
        standing=Standing(standing),
        course_open=course.is_open(now),
        course_ended=course.has_ended(now),
        day_zero=zero,
        first_step=schedule.first_at(zero),
        zone=course.site.zone,
    )


def begin(course: Course, now: datetime) -> int:
    """A follow-up for each trainee of the course that has none yet. Returns how many.

    A first read brings thousands; few kinds of them, so that each kind is decided once and written at once.
    """
    trainees = Enrolment.objects.filter(
        course=course, follow_up=None, standing__in=[Standing.PRESENT, Standing.SUSPENDED]
    )
    waiting: QuerySet[Enrolment, tuple[str, str, datetime, int]] = (
        trainees.with_access(now=now).order_by("pk").values_list("access", "standing", "first_seen_at", "pk")  # type: ignore[misc]  # annotated
    )
    alike: dict[tuple[str, str, datetime], list[int]] = defaultdict(list)
    for access, standing, first_seen_at, pk in waiting.iterator(chunk_size=BATCH):
        alike[access, standing, first_seen_at].append(pk)
    begun, schedule = 0, schedule_of(course)
    for (access, standing, first_seen_at), pks in alike.items():
        facts = facts_of(
            course, schedule, access=Access(access), standing=standing, first_seen_at=first_seen_at, now=now
        )
        target = initial(facts, now=now)
        if target.state == State.CLOSED_IN and joined_later(course, first_seen_at):
            target = Target(State.WAITING)  # joined and came in between two reads: an event, which closes it
        begun += _create(pks, target, entry_known=target.state == State.CLOSED_IN)
    return begun


def _create(enrolments: list[int], target: Target, *, entry_known: bool) -> int:
    """Alike follow-ups for these enrolments, except where somebody was faster. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {FollowUp._meta.db_table}"
            " (enrolment_id, state, due_at, closed_for, entry_known, cause, version, created_at)"
            " SELECT pk, %s, %s, %s, %s, '', 0, %s FROM unnest(%s::bigint[]) AS pk ON CONFLICT DO NOTHING",
            [target.state, target.due_at, target.closed_for or "", entry_known, timezone.now(), enrolments],
        )
        return int(cursor.rowcount)


@contextmanager
def _locked(rows: QuerySet[FollowUp]) -> Iterator[list[FollowUp]]:
    """The rows, read again under lock: whoever moved one meanwhile wins."""
    with transaction.atomic():
        yield list(rows.select_for_update(of=("self",)).select_related("enrolment").order_by("pk"))


def close_entered(course: Course) -> int:
    """A first course access closes every state, even callbacks and closed ones; a return closes open ones."""
    mine = FollowUp.objects.filter(PRESENT, IN_COURSE, enrolment__course=course)
    # A person who declared «came in» is closed already: nothing to say again.
    with _locked(mine.filter(entry_known=False)) as rows:
        windows = {row.pk: _first_access(row.enrolment) for row in rows}
        entered = moves.move_all(
            rows, kind=Kind.ENTERED, to=Target(State.CLOSED_IN), happened=windows, entry_known=True
        )
    news = Q(last_contact_at__lt=F("enrolment__last_course_access")) | Q(_awake_again())
    with _locked(mine.filter(news, entry_known=True, state__in=OPEN_STATES)) as rows:
        previous = _read_before(course) if rows else None
        windows = {row.pk: _return(row, previous) for row in rows}
        moves.move_all(rows, kind=Kind.RETURNED, to=Target(State.CLOSED_IN), happened=windows)
    return entered


def _read_before(course: Course) -> datetime | None:
    """When the complete read before the last one began."""
    good = SyncRun.objects.filter(course=course, state=RunState.OK).order_by("-pk")
    return next(iter(good.values_list("started_at", flat=True)[1:2]), None)


def _return(row: FollowUp, previous: datetime | None) -> moves.Window:
    """After the contact it answers, and after the read that had not seen it."""
    contacted, came = row.last_contact_at, row.enrolment.last_course_access
    assert came is not None
    unseen = previous is not None and previous < came and (contacted is None or contacted < previous)
    return moves.Window(previous if unseen else contacted, came)


def _awake_again() -> Exists:
    """Reopened because nobody had come for so long: any access later than those known by then closes it."""
    closed_since = Contact.objects.filter(
        follow_up=OuterRef("follow_up"), pk__gt=OuterRef("pk"), to_state=State.CLOSED_IN
    )
    asleep_until = ExpressionWrapper(
        OuterRef("enrolment__last_course_access") + OuterRef("enrolment__course__dormant_after"),
        output_field=DateTimeField(),
    )
    told = Contact.objects.filter(follow_up=OuterRef("pk"), kind=Kind.DORMANT, created_at__lt=asleep_until)
    return Exists(told.filter(~Exists(closed_since)))


def _first_access(enrolment: Enrolment) -> moves.Window:
    """As the sync kept it: the last access has moved on where this comes late."""
    return moves.Window(enrolment.entered_after, enrolment.entered_before or enrolment.last_course_access)


def wait_after_platform_login(course: Course, now: datetime) -> int:
    """Chased as «never on the platform», then seen there while the course stays unknown: leave three days.

    Whose access was never anything but unknown leaves `waiting` only by a person's act: for them, a login is
    news when it is later than that contact.
    """
    chased_while_unknown = Contact.objects.filter(
        follow_up=OuterRef("pk"), from_state=State.WAITING, author__isnull=False
    ).exclude(to_state=State.WAITING)
    seen = FollowUp.objects.filter(
        PRESENT,
        enrolment__course=course,
        state__in=OPEN_STATES,
        enrolment__last_course_access=None,
        enrolment__last_site_access__gt=EPOCH,
    )
    seen = seen.exclude(state=State.WAITING).exclude(contacts__kind=Kind.SEEN)
    seen = seen.filter(~Exists(chased_while_unknown) | Q(last_contact_at__lt=F("enrolment__last_site_access")))
    until = start_of_day(now, course.site.zone, days=WAIT_AFTER_CONTACT)
    with _locked(seen) as rows:
        agreed = [row for row in rows if row.state == State.CALLBACK]
        moves.move_all(
            agreed, kind=Kind.SEEN, to=None, now=now
        )  # what was agreed stands: the course is still to be entered
        others = [row for row in rows if row.state != State.CALLBACK]
        return moves.move_all(others, kind=Kind.SEEN, to=Target(State.CONTACTED, until), now=now)


def close_leavers(course: Course) -> int:
    gone = FollowUp.objects.filter(enrolment__course=course, enrolment__standing=Standing.LEFT, state__in=OPEN_STATES)
    with _locked(gone) as rows:
        return moves.move_all(rows, kind=Kind.LEFT, to=Target(State.CLOSED_OUT, closed_for=ClosedFor.LEFT))


def reopen_returned(course: Course, now: datetime) -> int:
    """Enrolled again: the follow-up starts over as if the person had just been seen.

    Moodle forgets the accesses of who is unenrolled: that it says «never» of somebody who came in tells as much,
    when no read saw the absence. What a colleague declared is theirs to take back.
    """
    left = Q(state=State.CLOSED_OUT, closed_for=ClosedFor.LEFT)
    forgotten = Q(state=State.CLOSED_IN, entry_known=True, enrolment__last_course_access=EPOCH)
    declared = Contact.objects.filter(follow_up=OuterRef("pk"), kind=Kind.DECLARED, undone_by=None)
    return _start_over(course, now, left | forgotten & Q(~Exists(declared)), kind=Kind.REJOINED)


def reopen_prolonged(course: Course, now: datetime) -> int:
    """The end was put off: whoever had not come in by then is looked after again."""
    if course.has_ended(now):
        return 0
    return _start_over(course, now, Q(state=State.CLOSED_OUT, closed_for=ClosedFor.ENDED), kind=Kind.REOPENED)


def _start_over(course: Course, now: datetime, which: Q, *, kind: Kind) -> int:
    back = FollowUp.objects.filter(PRESENT, which, enrolment__course=course)
    with _locked(back) as rows:
        if not rows:
            return 0
        accesses = {e.pk: e.access for e in Enrolment.objects.filter(follow_up__in=rows).with_access(now=now)}
        schedule = schedule_of(course)
        alike: dict[tuple[Target, bool], list[FollowUp]] = defaultdict(list)
        for row in rows:
            one = row.enrolment
            facts = facts_of(
                course,
                schedule,
                access=Access(accesses[one.pk]),
                standing=one.standing,
                first_seen_at=one.first_seen_at,
                now=now,
            )
            known = row.entry_known and one.last_course_access != EPOCH
            alike[initial(facts, now=now), known].append(row)
        for (target, known), some in alike.items():
            moves.move_all(some, kind=kind, to=target, now=now, entry_known=known)
    return len(rows)


def close_ended(course: Course, now: datetime) -> int:
    if not course.has_ended(now):
        return 0
    still_open = FollowUp.objects.filter(enrolment__course=course, state__in=OPEN_STATES)
    with _locked(still_open) as rows:
        return moves.move_all(rows, kind=Kind.ENDED, to=Target(State.CLOSED_OUT, closed_for=ClosedFor.ENDED), now=now)


def reopen_dormant(course: Course, schedule: Schedule, now: datetime) -> int:
    """Who came in and no longer comes is looked after again, once, where the plan asks for it."""
    if not schedule.reopen_dormant or not _goes_on(course, now):
        return 0
    last_access = OuterRef("enrolment__last_course_access")
    told = Contact.objects.filter(follow_up=OuterRef("pk"), kind=Kind.DORMANT, created_at__gt=last_access)
    asleep = FollowUp.objects.filter(
        PRESENT,
        IN_COURSE,
        ~Exists(told),
        enrolment__course=course,
        enrolment__last_course_access__lte=now - course.dormant_after,
        state=State.CLOSED_IN,
        entry_known=True,
    )
    today = start_of_day(now, course.site.zone)
    with _locked(asleep) as rows:
        return moves.move_all(rows, kind=Kind.DORMANT, to=Target(State.TODO, today), now=now)


def come_due(course: Course, schedule: Schedule, now: datetime) -> int:
    """`waiting` becomes `todo` at the plan's first step; what had a date returns to `todo` when it passes.

    A reminder's wait also ends when a plan that was changed meanwhile has its next step earlier. Whoever was waited
    for and is in the course is not looked after again: that ends as it began, closed.
    """
    if not _goes_on(course, now):
        return 0
    waiting = FollowUp.objects.filter(PRESENT, NEVER, enrolment__course=course, state=State.WAITING)
    passed = Q(due_at__lte=now) | Q(state=State.REMINDED, next_at__lte=now)
    dated = FollowUp.objects.filter(PRESENT, passed, enrolment__course=course, state__in=RETURNING_STATES)
    dated = dated.exclude(IN_COURSE & Q(entry_known=False))
    today = start_of_day(now, course.site.zone)
    with _locked(waiting.filter(_first_step_passed(course, schedule, now))) as rows:
        moved = moves.move_all(rows, kind=Kind.DUE, to=Target(State.TODO, today), now=now)
    comes = Q(enrolment__last_course_access__gt=now - course.dormant_after, state__in=[State.REMINDED, State.CONTACTED])
    with _locked(dated.filter(comes)) as rows:
        moved += moves.move_all(rows, kind=Kind.DUE, to=Target(State.CLOSED_IN), now=now)
    with _locked(dated.exclude(comes)) as rows:
        return moved + moves.move_all(rows, kind=Kind.DUE, to=Target(State.TODO, today), now=now)


def _goes_on(course: Course, now: datetime) -> bool:
    return course.is_open(now) and not course.has_ended(now)


def _first_step_passed(course: Course, schedule: Schedule, now: datetime) -> Q:
    """Who has come to the first step: everyone once the course has, except those who joined too late for it."""
    latest = schedule.latest_day_zero(now)
    zero = course.opened_at
    if latest is None or zero is None or zero.astimezone(course.site.zone).date() > latest:
        return Q(pk__in=[])
    too_late = schedule.calendar.midnight(latest + ONE_DAY)
    return Q(enrolment__first_seen_at__lte=course.first_synced_at or now) | Q(enrolment__first_seen_at__lt=too_late)


def advance(course: Course, now: datetime | None = None) -> int:
    """Everything that time alone changes. Returns how many follow-ups moved."""
    now = now or timezone.now()
    schedule = schedule_of(course)
    moved = close_ended(course, now) + reopen_dormant(course, schedule, now)
    recompute(course, now)
    moved += come_due(course, schedule, now)
    return moved


def after_read(course: Course, now: datetime | None = None) -> None:
    """Bring the follow-ups of a course in line with what was just read."""
    now = now or timezone.now()
    begin(course, now)
    close_entered(course)
    close_leavers(course)
    reopen_returned(course, now)
    reopen_prolonged(course, now)
    wait_after_platform_login(course, now)
    advance(course, now)
