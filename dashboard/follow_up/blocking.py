"""Somebody else has to act first: who, and until when the team waits."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from accounts.models import User
from dashboard.enums import OPEN_STATES, Cause, Kind, State
from dashboard.follow_up import moves
from dashboard.follow_up.rules import WAIT_WHEN_BLOCKED, Target, start_of_day
from dashboard.live import pulse
from dashboard.models import Blockage, Contact, FollowUp

LIFTED_BY_OTHERS = {
    Cause.CREDENTIALS,
    Cause.NO_ACADEMIC_ACCOUNT,
    Cause.DUPLICATE_ACCOUNT,
    Cause.WRONG_EMAIL,
    Cause.NOT_ENROLLED,
    Cause.SESSION_HIDDEN,
    Cause.TECHNICAL,
}
"""Causes that neither the person nor the tutor can do anything about."""


@transaction.atomic
def block(
    follow_up: FollowUp,
    version: int,
    *,
    by: User,
    cause: Cause | None = None,
    owner: User | None = None,
    address: str = "",
    now: datetime | None = None,
) -> Contact:
    """Blocked until `owner`, or whoever reads `address`, has acted; what is blocked already keeps its date.

    Raises moves.Stale when another version is current, or when it is closed.
    """
    if follow_up.state not in OPEN_STATES:
        raise moves.Stale
    until = start_of_day(now or timezone.now(), follow_up.enrolment.course.site.zone, days=WAIT_WHEN_BLOCKED)
    due = follow_up.due_at if follow_up.state == State.BLOCKED else until
    contact = moves.record(
        follow_up,
        kind=Kind.BLOCKED,
        author=by,
        version=version,
        target=Target(State.BLOCKED, due),
        cause=cause or "",
    )
    Blockage.objects.create(follow_up=follow_up, contact=contact, owner=owner, address=address)
    return contact


@transaction.atomic
def lift(follow_up: FollowUp, version: int, *, by: User, now: datetime | None = None) -> Contact:
    """Back among what is to be done today. Raises moves.Stale when it is not blocked, or another version is current."""
    if follow_up.state != State.BLOCKED:
        raise moves.Stale
    today = start_of_day(now or timezone.now(), follow_up.enrolment.course.site.zone)
    return moves.record(follow_up, kind=Kind.LIFTED, author=by, version=version, target=Target(State.TODO, today))


def mark_asked(blockage: int, at: datetime | None, *, was: datetime | None) -> None:
    """When the request was sent; None: it was not. Raises moves.Stale when something else than `was` is noted."""
    if not Blockage.objects.filter(pk=blockage, asked_at=was).update(asked_at=at):
        raise moves.Stale
    pulse.beat_later()


def current_blockages(follow_ups: Iterable[FollowUp]) -> dict[int, Blockage]:
    """By follow-up. A blockage holds as long as the follow-up is blocked: a first access ends both.

    None for those that a call blocked without saying who must act.
    """
    blocked = [follow_up.pk for follow_up in follow_ups if follow_up.state == State.BLOCKED]
    # An undo that brings «blocked» back brings back who was to act too.
    since = Contact.objects.filter(follow_up=OuterRef("follow_up"), to_state=State.BLOCKED, undone_by=None).exclude(
        Q(from_state=State.BLOCKED) | Q(kind=Kind.UNDO)
    )
    found = (
        Blockage.objects.filter(follow_up__in=blocked, contact__undone_by=None)
        .annotate(since=Subquery(since.order_by("-pk").values("pk")[:1]))
        .select_related("owner", "contact__author")
        .order_by("pk")
    )
    return {blockage.follow_up_id: blockage for blockage in found if blockage.contact_id >= (blockage.since or 0)}
