"""The only writers of follow-ups: each move is one compare-and-set and one entry of the timeline."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import User
from dashboard.enums import OPEN_STATES, TOUCHES, Kind, Outcome, State
from dashboard.follow_up import machine
from dashboard.follow_up.rules import Target
from dashboard.live import pulse
from dashboard.models import Contact, FollowUp, Person
from dashboard.people import locked_owners
from dashboard.plan.recompute import Act, recompute_people_later, recompute_some
from dashboard.scope import lender
from moodle_sync.enums import EPOCH
from moodle_sync.models import Enrolment

RESTORED = [
    "state", "due_at", "cause", "closed_for", "assignee_id", "callback_for_id", "step_day", "entry_known",
    "last_contact_id", "last_contact_at",
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


class OutOfReach(Contact.DoesNotExist):
    """Part of what the act touched is no longer in the user's sight. Nothing was written."""

    def __init__(self, entries: Iterable[Contact]) -> None:
        super().__init__()
        self.entries = list(entries)


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
    """Write one entry and, with a `target`, move the follow-up, as far as an agreed callback lets it.

    Raises Stale when `version` is not the last, machine.Forbidden for a move that the rules do not know.
    `assignee`: the user it is handed to; without, the first to act takes it, unless they only stand in. `details`:
    outcome, cause, note, happened_at of the Contact. `follow_up` is refreshed in place.
    """
    expected = follow_up.version if version is None else version
    held = FollowUp.objects.select_for_update().filter(pk=follow_up.pk, version=expected).first()
    if held is None:
        raise Stale
    outcome = details.get("outcome", "")
    fields = [name for name in ("outcome", "cause", "note") if details.get(name)]
    machine.check(
        kind,
        held.state,
        target,
        by_person=author is not None,
        outcome=outcome,
        fields=fields if assignee is None else [*fields, "assignee"],
    )
    now = timezone.now()
    if target:
        target = callback_that_stands(held, kind, outcome, author, now) or target
    lent_by = lender(author, held.enrolment_id) if author and target else None
    if target and lent_by and author and target.callback_for == author.pk:  # it stays theirs who come back
        target = replace(target, callback_for=lent_by)
    takes = author if lent_by is None else None
    changes = {"version": expected + 1, **changes_of(held, kind, target, takes, assignee, details)}
    FollowUp.objects.filter(pk=held.pk).update(**changes)
    contact = Contact.objects.create(
        follow_up=follow_up,
        act=act or uuid.uuid4(),
        author=author,
        kind=kind,
        before=snapshot(held),
        from_state=held.state,
        to_state=target.state if target else held.state,
        to_due_at=target.due_at if target else None,
        version=expected + 1,
        created_at=now,
        **details,
    )
    if kind in TOUCHES:
        FollowUp.objects.filter(pk=held.pk).update(last_contact=contact, last_contact_at=contact.created_at)
    recompute_some([held.pk], Act(kind, outcome), now)
    pulse.beat_later()
    follow_up.refresh_from_db()
    return contact


def callback_that_stands(held: FollowUp, kind: Kind, outcome: str, author: User | None, now: datetime) -> Target | None:
    if held.state != State.CALLBACK or not machine.keeps_callback(
        kind,
        outcome,
        due_at=held.due_at,
        owner=held.callback_for_id,
        author=author.pk if author else None,
        now=now,
    ):
        return None
    return Target(State.CALLBACK, held.due_at, callback_for=held.callback_for_id)


def changes_of(
    held: FollowUp,
    kind: Kind,
    target: Target | None,
    author: User | None,
    assignee: int | None,
    details: dict[str, Any],
) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if details.get("cause"):
        changes["cause"] = details["cause"]
    if target:
        changes |= {"state": target.state, "due_at": target.due_at, "callback_for_id": target.callback_for}
        if target.state != State.CLOSED_IN:  # whoever comes in after all keeps the reason of an earlier closing
            changes["closed_for"] = target.closed_for or ""
        if author and held.assignee_id is None:
            changes["assignee_id"] = author.pk
    if assignee is not None:
        changes["assignee_id"] = assignee
    if kind == Kind.DECLARED:
        changes["entry_known"] = True
    elif target and target.state in OPEN_STATES and _only_declared(held):
        changes["entry_known"] = False  # looked after again: what Moodle then says first is a first access
    return changes


def _only_declared(held: FollowUp) -> bool:
    if not (held.entry_known and held.state == State.CLOSED_IN):
        return False
    seen = Q(entered_before__isnull=False) | Q(last_course_access__gt=EPOCH)
    return not Enrolment.objects.filter(seen, pk=held.enrolment_id).exists()


@transaction.atomic
def undo(act: uuid.UUID, *, by: User, among: Iterable[int], person: int | None = None) -> list[FollowUp]:
    """Reverse one's own act on every follow-up it touched, or on none.

    `among`: the follow-up ids the caller may see; `person`: of an act on many, what it did to this one only. Raises
    Contact.DoesNotExist for an act of somebody else or out of sight, OutOfReach for one partly so, NotUndoable when
    anyone or a sync changed one of them since.
    """
    written = Contact.objects.filter(act=act, author=by).select_related("follow_up__enrolment__course")
    if person is not None:
        written = written.filter(follow_up__enrolment__participant__account__person=person)
    entries, seen = list(written.order_by("follow_up_id")), set(among)
    hidden = [entry for entry in entries if entry.follow_up_id not in seen]
    if len(hidden) == len(entries):
        raise Contact.DoesNotExist
    if hidden:
        raise OutOfReach(hidden)
    locked = {f.pk: f for f in FollowUp.objects.select_for_update().filter(contacts__in=entries).order_by("pk")}
    reversal = uuid.uuid4()
    reversals = []
    gone = taken_back(by, locked)
    for entry in entries:
        follow_up = locked[entry.follow_up_id]
        if not is_last(entry, follow_up.version, gone[entry.follow_up_id]):
            raise NotUndoable
        reversals.append(reversed_by(follow_up, entry, by=by, act=reversal))
    save_restored(list(locked.values()))
    Contact.objects.bulk_create(reversals)
    for entry in entries:
        take_back_from_person(locked[entry.follow_up_id], entry)
    recompute_some(locked.keys())
    pulse.beat_later()
    return list(FollowUp.objects.filter(pk__in=locked).order_by("pk"))


def taken_back(by: User, follow_ups: Iterable[int]) -> dict[int, set[int]]:
    """Versions, by follow-up, of what this user did and undid, and of the undoing: together they change nothing."""
    own = Contact.objects.filter(Q(kind=Kind.UNDO) | Q(undone_by__isnull=False), author=by, follow_up__in=follow_ups)
    versions: dict[int, set[int]] = defaultdict(set)
    for follow_up, version in own.values_list("follow_up", "version"):
        versions[follow_up].add(version)
    return versions


def is_last(entry: Contact, version: int, taken_back: Collection[int]) -> bool:
    """Is it what holds on its follow-up, now at `version`? What its author did after it, and took back, does not."""
    if entry.kind == Kind.UNDO or entry.version in taken_back:
        return False
    return version - entry.version == sum(later > entry.version for later in taken_back)


def take_back_from_person(follow_up: FollowUp, entry: Contact) -> None:
    if entry.outcome == Outcome.DO_NOT_CALL:
        _forget_do_not_call(follow_up)
    if entry.kind == Kind.BOUNCED:
        recompute_people_later(locked_owners([follow_up.enrolment.participant_id]))


def reversed_by(follow_up: FollowUp, entry: Contact, *, by: User, act: uuid.UUID) -> Contact:
    """Set `follow_up` back to what it was before `entry`. Returns the entry that tells so. Nothing is saved."""
    now_state = follow_up.state
    # An entry written before a field was kept says nothing about it.
    for name in [name for name in RESTORED if name in entry.before]:
        value = entry.before[name]
        setattr(follow_up, name, parse_datetime(value) if name.endswith("_at") and value else value)
    follow_up.version += 1
    return Contact(
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


def save_restored(follow_ups: Collection[FollowUp]) -> None:
    """One statement for all of them: what each goes back to is its own, such as its last contact."""
    fields = {field.attname: field for field in FollowUp._meta.concrete_fields}
    arrays = ", ".join(f"%s::{fields[name].db_type(connection)}[]" for name in RESTORED)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {FollowUp._meta.db_table} AS held"
            f" SET version = held.version + 1, {', '.join(f'{name} = past.{name}' for name in RESTORED)}"
            f" FROM unnest(%s::bigint[], {arrays}) AS past (id, {', '.join(RESTORED)}) WHERE held.id = past.id",
            [[row.pk for row in follow_ups], *([getattr(row, name) for row in follow_ups] for name in RESTORED)],
        )


def _forget_do_not_call(follow_up: FollowUp) -> None:
    """The wish stands as long as one call that says so does: another tutor may have heard it too."""
    [person] = locked_owners([follow_up.enrolment.participant_id])
    said = Contact.objects.filter(
        outcome=Outcome.DO_NOT_CALL, undone_by=None, follow_up__enrolment__participant__account__person=person
    )
    Person.objects.filter(pk=person).update(do_not_call=said.exists())
    recompute_people_later([person])


def move_all(
    follow_ups: Sequence[FollowUp],
    *,
    kind: Kind,
    to: Target | None,
    happened: dict[int, Window] | None = None,
    now: datetime | None = None,
    **fields: Any,
) -> int:
    """The system moves rows that the caller has locked in this transaction: one entry each, one UPDATE.

    Without `to` they stay where they are, and only their timelines tell. Raises machine.Forbidden.
    """
    names = [*fields, *(["happened"] if happened else [])]
    for state in {follow_up.state for follow_up in follow_ups}:
        machine.check(kind, state, to, by_person=False, fields=names)
    now = now or timezone.now()
    Contact.objects.bulk_create(
        Contact(
            follow_up=follow_up,
            kind=kind,
            before=snapshot(follow_up),
            from_state=follow_up.state,
            to_state=to.state if to else follow_up.state,
            to_due_at=to.due_at if to else None,
            version=follow_up.version + 1,
            created_at=now,
            happened_after=(happened or {}).get(follow_up.pk, UNKNOWN).after,
            happened_at=(happened or {}).get(follow_up.pk, UNKNOWN).before,
        )
        for follow_up in follow_ups
    )
    if to:
        fields |= {"state": to.state, "due_at": to.due_at, "callback_for": None}
        if to.state != State.CLOSED_IN:  # whoever comes in after all keeps the reason of an earlier closing
            fields["closed_for"] = to.closed_for or ""
    ids = [follow_up.pk for follow_up in follow_ups]
    moved = FollowUp.objects.filter(pk__in=ids).update(version=F("version") + 1, **fields)
    if ids:
        recompute_some(ids, Act(kind), now)
        pulse.beat_later()
    return moved
