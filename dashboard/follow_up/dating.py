"""Another date for what was agreed, and who keeps the appointment."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from dashboard.enums import Kind, State
from dashboard.follow_up import moves
from dashboard.follow_up.rules import Target, start_of_day
from dashboard.models import Contact, FollowUp

MORNING = timedelta(hours=9)
Seen = tuple[FollowUp, int]
"""A follow-up, and the version that the user saw."""


@transaction.atomic
def redate(callbacks: Sequence[Seen], due: Callable[[FollowUp], datetime], *, by: User) -> uuid.UUID:
    """A new date for each, which stays agreed with the same colleague. All or none; returns the act, to undo it.

    Raises moves.Stale when one of them is no longer the callback that was seen.
    """
    act = uuid.uuid4()
    for follow_up, version in _in_order(callbacks):
        target = Target(State.CALLBACK, due(follow_up), callback_for=follow_up.callback_for_id)
        moves.record(follow_up, kind=Kind.REDATED, author=by, version=version, target=target, act=act)
    return act


def in_days(days: int, zone: ZoneInfo) -> datetime:
    """So many days from today, from nine: nobody is called back at midnight."""
    return start_of_day(timezone.now(), zone, days=days) + MORNING


def call_back(follow_up: FollowUp, version: int, due: datetime, *, by: User) -> Contact:
    """Put off until then, whatever was planned: the user calls back. Raises moves.Stale."""
    target = Target(State.CALLBACK, due, callback_for=by.pk)
    return moves.record(follow_up, kind=Kind.REDATED, author=by, version=version, target=target)


@transaction.atomic
def entrust_callbacks(callbacks: Sequence[Seen], to: User | None, *, by: User) -> uuid.UUID:
    """Who calls back: a colleague, or None for anyone. The date stays. Raises moves.Stale, as `redate` does."""
    act = uuid.uuid4()
    for follow_up, version in _in_order(callbacks):
        target = Target(State.CALLBACK, follow_up.due_at, callback_for=to.pk if to else None)
        moves.record(follow_up, kind=Kind.REDATED, author=by, version=version, target=target, act=act)
    return act


def _in_order(callbacks: Sequence[Seen]) -> list[Seen]:
    """Everybody writes several follow-ups in the order of their ids: two who do so at once wait, not block."""
    if any(follow_up.state != State.CALLBACK for follow_up, _version in callbacks):
        raise moves.Stale
    return sorted(callbacks, key=lambda seen: seen[0].pk)
