"""Somebody takes charge of a person nobody has looked after yet."""

from accounts.models import User
from dashboard.enums import Kind
from dashboard.follow_up import moves
from dashboard.models import Contact, FollowUp


def take_charge(follow_up: FollowUp, *, by: User, version: int) -> Contact:
    """Nothing else moves: the plan goes on, in this user's queue. Raises moves.Stale."""
    return moves.record(follow_up, kind=Kind.ASSIGNED, author=by, version=version, assignee=by.pk)
