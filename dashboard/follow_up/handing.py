"""People handed over from one tutor to another."""

import uuid
from collections.abc import Iterable

from django.db import transaction

from accounts.models import User
from dashboard.enums import Kind, State
from dashboard.follow_up import moves
from dashboard.follow_up.rules import Target
from dashboard.models import FollowUp


@transaction.atomic
def hand_over(follow_ups: Iterable[int], to: User, *, by: User, reason: str = "") -> tuple[uuid.UUID, list[FollowUp]]:
    """Returns the act, to undo it, and those that changed hands: not the ones that `to` had already.

    It says nothing about the state, so it needs no version from the user: whatever happened a moment ago stays.
    A callback that a colleague was to keep goes with the person.
    """
    act = uuid.uuid4()
    rows = FollowUp.objects.select_for_update(of=("self",)).filter(pk__in=set(follow_ups))
    moved = [row for row in rows.select_related("enrolment").order_by("pk") if row.assignee_id != to.pk]
    for follow_up in moved:
        personal = follow_up.state == State.CALLBACK and follow_up.callback_for_id is not None
        target = Target(State.CALLBACK, follow_up.due_at, callback_for=to.pk) if personal else None
        moves.record(
            follow_up,
            kind=Kind.ASSIGNED,
            author=by,
            target=target,
            act=act,
            assignee=to.pk,
            handed_to=to,
            note=reason,
        )
    return act, moved
