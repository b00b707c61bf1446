"""What happens to follow-ups by itself: after a sync, and as time passes.

Every step looks at the present rows, not at an event: run twice, late or after a crash, it gives the same.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from dashboard.enums import OPEN_STATES, RETURNING_STATES, ClosedFor, Kind, State
from dashboard.follow_up import moves
from dashboard.follow_up.rules import (
    FIRST_STEP_DAYS,
    WAIT_AFTER_CONTACT,
    Facts,
    Target,
    first_step_at,
    initial,
    start_of_day,
)
from dashboard.models import Contact, FollowUp
from moodle_sync.enums import EPOCH, Access, RunState, Standing
from moodle_sync.models import Course, Enrolment, SyncRun

BATCH = 2000
NEVER = Q(enrolment__last_site_access=EPOCH) | Q(enrolment__last_course_access=EPOCH)
PRESENT = Q(enrolment__standing=Standing.PRESENT)
IN_COURSE = Q(enrolment__last_course_access__gt=EPOCH)


def facts_of(enrolment: Enrolment, course: Course, access: Access, now: datetime) -> Facts:
    """Day 0 is the course's, or the day the person was first seen for who joined after the first read."""
    day_zero = course.opened_at
    if day_zero is not None and joined_later(enrolment, course):
        day_zero = max(day_zero, enrolment.first_seen_at)
    return Facts(
        access=access,
        standing=Standing(enrolment.standing),
        course_open=course.is_open(now),
        course_ended=course.has_ended(now),
        day_zero=day_zero,
        zone=course.site.zone,
    )


def joined_later(enrolment: Enrolment, course: Course) -> bool:
    return course.first_synced_at is not None and enrolment.first_seen_at > course.first_synced_at


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
    begun = 0
    for (access, standing, first_seen_at), pks in alike.items():
        one = Enrolment(standing=standing, first_seen_at=first_seen_at)
        target = initial(facts_of(one, course, Access(access), now), now=now)
        if target.state == State.CLOSED_IN and joined_later(one, course):
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
    back = mine.filter(entry_known=True, state__in=OPEN_STATES, last_contact_at__lt=F("enrolment__last_course_access"))
    with _locked(back) as rows:
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
    assert contacted is not None
    assert came is not None
    unseen = previous is not None and contacted < previous < came
    return moves.Window(previous if unseen else contacted, came)


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
        return moves.move_all(rows, kind=Kind.SEEN, to=Target(State.CONTACTED, until))


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
        accesses = {e.pk: e.access for e in Enrolment.objects.filter(follow_up__in=rows).with_access(now=now)}
        for row in rows:
            facts = facts_of(row.enrolment, course, Access(accesses[row.enrolment_id]), now)
            known = row.entry_known and row.enrolment.last_course_access != EPOCH
            moves.move_all([row], kind=kind, to=initial(facts, now=now), entry_known=known)
    return len(rows)


def close_ended(course: Course, now: datetime) -> int:
    if not course.has_ended(now):
        return 0
    still_open = FollowUp.objects.filter(enrolment__course=course, state__in=OPEN_STATES)
    with _locked(still_open) as rows:
        return moves.move_all(rows, kind=Kind.ENDED, to=Target(State.CLOSED_OUT, closed_for=ClosedFor.ENDED))


def come_due(course: Course, now: datetime) -> int:
    """`waiting` becomes `todo` at the plan's first step; what had a date returns to `todo` when it passes."""
    if not course.is_open(now) or course.has_ended(now):
        return 0
    waiting = FollowUp.objects.filter(PRESENT, NEVER, enrolment__course=course, state=State.WAITING)
    dated = FollowUp.objects.filter(
        PRESENT, enrolment__course=course, state__in=RETURNING_STATES, due_at__lte=now
    ).exclude(IN_COURSE & Q(entry_known=False))
    today = start_of_day(now, course.site.zone)
    with _locked(waiting.filter(_first_step_passed(course, now))) as rows:
        moved = moves.move_all(rows, kind=Kind.DUE, to=Target(State.TODO, today))
    with _locked(dated) as rows:
        return moved + moves.move_all(rows, kind=Kind.DUE, to=Target(State.TODO, today))


def _first_step_passed(course: Course, now: datetime) -> Q:
    """Who is at D+4: everyone once the course is, except late joiners seen for less than 4 days."""
    facts = Facts(Access.NEVER_COURSE, Standing.PRESENT, True, False, course.opened_at, course.site.zone)
    step = first_step_at(facts)
    if step is None or step > now:
        return Q(pk__in=[])
    latest_arrival = start_of_day(now, course.site.zone, days=1 - FIRST_STEP_DAYS)
    return Q(enrolment__first_seen_at__lte=course.first_synced_at or now) | Q(
        enrolment__first_seen_at__lt=latest_arrival
    )


def advance(course: Course, now: datetime | None = None) -> int:
    """Everything that time alone changes. Returns how many follow-ups moved."""
    now = now or timezone.now()
    return close_ended(course, now) + come_due(course, now)


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
