"""What a person decides without a call: no further action, take up again, came in, why not."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from dashboard.enums import OPEN_STATES, Cause, ClosedFor, Kind, State
from dashboard.follow_up import moves
from dashboard.follow_up.rules import Target, start_of_day
from dashboard.models import Contact, FollowUp
from moodle_sync.enums import Access, Standing

BY_HAND = [ClosedFor.DECLINED, ClosedFor.REASSIGNED, ClosedFor.WRONG, ClosedFor.OTHER]
"""Reasons that a person gives. The others are facts: who left or whose course ended is not taken up again by hand."""


@transaction.atomic
def close_out(follow_up: FollowUp, version: int, reason: ClosedFor, *, by: User, words: str = "") -> Contact:
    """Raises moves.Stale when another version is current, or when it is closed already."""
    if follow_up.state not in OPEN_STATES:
        raise moves.Stale
    target = Target(State.CLOSED_OUT, closed_for=reason)
    return moves.record(
        follow_up, kind=Kind.CLOSED, author=by, version=version, target=target, closed_for=reason, note=words
    )


def may_declare(follow_up: FollowUp, access: Access) -> bool:
    """Only where Moodle does not tell: what it tells is not contradicted."""
    return access == Access.UNKNOWN and follow_up.state in OPEN_STATES


@transaction.atomic
def declare_in(follow_up: FollowUp, version: int, access: Access, *, by: User) -> Contact:
    """Raises moves.Stale when another version is current, when Moodle tells the access, or when it is closed."""
    if not may_declare(follow_up, access):
        raise moves.Stale
    target = Target(State.CLOSED_IN)
    return moves.record(follow_up, kind=Kind.DECLARED, author=by, version=version, target=target)


def may_reopen(follow_up: FollowUp, access: Access) -> bool:
    """What a person closed, a person opens again."""
    declared = follow_up.state == State.CLOSED_IN and access == Access.UNKNOWN
    closed = follow_up.state == State.CLOSED_OUT and follow_up.closed_for in BY_HAND
    return (declared or closed) and follow_up.enrolment.standing == Standing.PRESENT


@transaction.atomic
def reopen(follow_up: FollowUp, version: int, access: Access, *, by: User, now: datetime | None = None) -> Contact:
    """To do today; to wait where the course is not open. Raises moves.Stale."""
    if not may_reopen(follow_up, access):
        raise moves.Stale
    now, course = now or timezone.now(), follow_up.enrolment.course
    today = Target(State.TODO, start_of_day(now, course.site.zone))
    target = today if course.is_open(now) else Target(State.WAITING)
    return moves.record(follow_up, kind=Kind.RESUMED, author=by, version=version, target=target)


@transaction.atomic
def accept_cause(follow_up: FollowUp, version: int, cause: Cause, *, by: User) -> Contact:
    """The state stays. Raises moves.Stale when another version is current."""
    stays = Target(
        State(follow_up.state),
        follow_up.due_at,
        ClosedFor(follow_up.closed_for) if follow_up.closed_for else None,
        follow_up.callback_for_id,
    )
    return moves.record(follow_up, kind=Kind.CAUSE, author=by, version=version, target=stays, cause=cause)
