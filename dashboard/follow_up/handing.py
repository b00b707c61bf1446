"""People handed over from one tutor to another."""

import uuid
from collections.abc import Iterable, Mapping

from django.db import transaction

from accounts.models import User
from dashboard.enums import Kind, State
from dashboard.follow_up import moves
from dashboard.follow_up.moves import Stale
from dashboard.follow_up.rules import Target
from dashboard.models import Contact, FollowUp


class HandedMeanwhile(Stale):
    """Somebody else has some of them by now, and not by this user's act. Nothing was written."""


@transaction.atomic
def hand_over(seen: Mapping[int, int], to: User, *, by: User, reason: str = "") -> tuple[uuid.UUID, list[FollowUp]]:
    """`seen`: the version that the user saw of each follow-up. Returns the act, to undo it, and those that changed
    hands: not the ones that `to` had already. All or none: raises HandedMeanwhile.

    It says nothing about the state: of what happened a moment ago, only who has the person counts. A callback that a
    colleague was to keep goes with the person.
    """
    act = uuid.uuid4()
    rows = FollowUp.objects.select_for_update(of=("self",)).filter(pk__in=seen.keys())
    moved = [row for row in rows.select_related("enrolment").order_by("pk") if row.assignee_id != to.pk]
    if handed_since(moved, seen):
        raise HandedMeanwhile
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


def handed_since(rows: Iterable[FollowUp], seen: Mapping[int, int]) -> set[int]:
    """Which of these follow-ups belong to somebody else than they did in the version that was `seen`."""
    changed = {row.pk: row.assignee_id for row in rows if row.version != seen[row.pk]}
    entries = Contact.objects.filter(follow_up__in=changed).values_list("follow_up", "version", "before__assignee_id")
    # The entry that followed the version seen tells what that was; a version that never was is nobody's.
    had = {pk: assignee for pk, version, assignee in entries if version == seen[pk] + 1}
    return {pk for pk, assignee in changed.items() if pk not in had or had[pk] != assignee}
