"""The only writers of follow-ups: each move is one compare-and-set and one entry of the timeline."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import User
from dashboard.enums import TOUCHES, Kind, Outcome, State
from dashboard.follow_up.rules import Target
from dashboard.models import Contact, FollowUp, Person
from dashboard.people import locked_owners

RESTORED = [
    "state", "due_at", "cause", "closed_for", "assignee_id", "callback_for_id", "step_day", "last_contact_id",
    "last_contact_at",
]  # fmt: skip
"""What an undo brings back; kept in `Contact.before`."""


class Window(NamedTuple):
    """Between which moments something happened on Moodle; None: as far as reads tell, any time."""

    after: datetime | None = None
    before: datetime | None = None


UNKNOWN = Window()


class Stale(Exception):
    """Somebody else, or a sync, changed the follow-up first. Nothing was written."""


class NotUndoable(Exception):
    """The act was undone already, or something happened since."""


def snapshot(follow_up: FollowUp) -> dict[str, Any]:
    values = {name: getattr(follow_up, name) for name in RESTORED}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


@transaction.atomic
def record(
    follow_up: FollowUp,
    *,
    kind: Kind,
    author: User | None,
    version: int | None = None,
    target: Target | None = None,
    act: uuid.UUID | None = None,
    assignee: int | None = None,
    **details: Any,
) -> Contact:
    """Write one entry and, with a `target`, move the follow-up. Raises Stale when `version` is not the last.

    `assignee`: the user it is handed to; without, the first to act takes it. `details`: outcome, cause, note,
    happened_at of the Contact. `follow_up` is refreshed in place.
    """
    expected = follow_up.version if version is None else version
    changes: dict[str, Any] = {"version": expected + 1}
    if target:
        changes |= {"state": target.state, "due_at": target.due_at, "closed_for": target.closed_for or ""}
        changes["callback_for_id"] = target.callback_for if target.state == State.CALLBACK else None
        if details.get("cause"):
            changes["cause"] = details["cause"]
        if author and follow_up.assignee_id is None:
            changes["assignee_id"] = author.pk
    if assignee is not None:
        changes["assignee_id"] = assignee
    if not FollowUp.objects.filter(pk=follow_up.pk, version=expected).update(**changes):
        raise Stale
    contact = Contact.objects.create(
        follow_up=follow_up,
        act=act or uuid.uuid4(),
        author=author,
        kind=kind,
        before=snapshot(follow_up),
        from_state=follow_up.state,
        to_state=target.state if target else follow_up.state,
        to_due_at=target.due_at if target else None,
        version=expected + 1,
        **details,
    )
    if kind in TOUCHES:
        FollowUp.objects.filter(pk=follow_up.pk).update(last_contact=contact, last_contact_at=contact.created_at)
    follow_up.refresh_from_db()
    return contact


@transaction.atomic
def undo(act: uuid.UUID, *, by: User, among: Iterable[int]) -> list[FollowUp]:
    """Reverse one's own act on every follow-up it touched, or on none.

    `among`: the follow-up ids the caller may see. Raises Contact.DoesNotExist for an act of somebody else or
    partly out of sight, NotUndoable when anyone or a sync changed one of them since.
    """
    entries = list(Contact.objects.filter(act=act, author=by, follow_up__in=among).order_by("follow_up_id"))
    if not entries or len(entries) < Contact.objects.filter(act=act).count():
        raise Contact.DoesNotExist
    locked = {f.pk: f for f in FollowUp.objects.select_for_update().filter(contacts__in=entries).order_by("pk")}
    reversal = uuid.uuid4()
    for entry in entries:
        follow_up = locked[entry.follow_up_id]
        if follow_up.version != entry.version or entry.kind == Kind.UNDO:
            raise NotUndoable
        _reverse(follow_up, entry, by=by, act=reversal)
    return list(locked.values())


def _reverse(follow_up: FollowUp, entry: Contact, *, by: User, act: uuid.UUID) -> None:
    now_state = follow_up.state
    for name in RESTORED:
        value = entry.before[name]
        setattr(follow_up, name, parse_datetime(value) if name.endswith("_at") and value else value)
    follow_up.version += 1
    follow_up.save(update_fields=[*(n.removesuffix("_id") for n in RESTORED), "version"])
    Contact.objects.create(
        follow_up=follow_up,
        act=act,
        author=by,
        kind=Kind.UNDO,
        undoes=entry,
        from_state=now_state,
        to_state=follow_up.state,
        to_due_at=follow_up.due_at,
        version=follow_up.version,
    )
    if entry.outcome == Outcome.DO_NOT_CALL:
        _forget_do_not_call(follow_up)


def _forget_do_not_call(follow_up: FollowUp) -> None:
    """The wish stands as long as one call that says so does: another tutor may have heard it too."""
    [person] = locked_owners([follow_up.enrolment.participant_id])
    said = Contact.objects.filter(
        outcome=Outcome.DO_NOT_CALL, undone_by=None, follow_up__enrolment__participant__account__person=person
    )
    Person.objects.filter(pk=person).update(do_not_call=said.exists())


def move_all(
    follow_ups: Sequence[FollowUp],
    *,
    kind: Kind,
    to: Target,
    happened: dict[int, Window] | None = None,
    **fields: Any,
) -> int:
    """The system moves rows that the caller has locked in this transaction: one entry each, one UPDATE."""
    now = timezone.now()
    Contact.objects.bulk_create(
        Contact(
            follow_up=follow_up,
            kind=kind,
            before=snapshot(follow_up),
            from_state=follow_up.state,
            to_state=to.state,
            to_due_at=to.due_at,
            version=follow_up.version + 1,
            created_at=now,
            happened_after=(happened or {}).get(follow_up.pk, UNKNOWN).after,
            happened_at=(happened or {}).get(follow_up.pk, UNKNOWN).before,
        )
        for follow_up in follow_ups
    )
    if to.state != State.CLOSED_IN:  # whoever comes in after all keeps the reason of an earlier closing
        fields["closed_for"] = to.closed_for or ""
    return FollowUp.objects.filter(pk__in=[f.pk for f in follow_ups]).update(
        state=to.state, due_at=to.due_at, version=F("version") + 1, **fields
    )
