"""As `moves`, for hundreds of rows at once: the same rules, one entry each, a few statements for all of them."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, Subquery

from accounts.models import User
from dashboard.enums import TOUCHES, Kind
from dashboard.follow_up import machine, moves
from dashboard.follow_up.rules import Target
from dashboard.live import pulse
from dashboard.models import Contact, FollowUp
from dashboard.plan.recompute import Act, recompute_some
from dashboard.scope import lenders

Destination = Target | None
"""None: the entry only tells."""


@transaction.atomic
def record_all(
    targets: Sequence[tuple[FollowUp, Destination]],
    *,
    kind: Kind,
    author: User,
    act: uuid.UUID,
    now: datetime,
    assignee: int | None = None,
    **details: Any,
) -> list[Contact]:
    """What `moves.record` does to one, to each row that the caller has locked in this transaction.

    Raises machine.Forbidden, as it does, before anything is written: whoever asks `check` first can leave rows out.
    """
    lent = lenders(author, [f.enrolment_id for f, to in targets if to])
    groups: dict[tuple[tuple[str, Any], ...], list[int]] = defaultdict(list)
    entries = []
    for held, asked in targets:
        check(kind, held, asked, assignee, details)
        to = _that_stands(held, kind, asked, author, lent.get(held.enrolment_id), now)
        takes = None if held.enrolment_id in lent else author
        groups[tuple(moves.changes_of(held, kind, to, takes, assignee, details).items())].append(held.pk)
        entries.append(_entry(held, to, kind=kind, author=author, act=act, created_at=now, **details))
    for changes, ids in groups.items():
        FollowUp.objects.filter(pk__in=ids).update(version=F("version") + 1, **dict(changes))
    written = Contact.objects.bulk_create(entries)
    ids = [held.pk for held, _to in targets]
    if kind in TOUCHES:
        entry = Contact.objects.filter(follow_up=OuterRef("pk"), version=OuterRef("version")).values("pk")[:1]
        FollowUp.objects.filter(pk__in=ids).update(last_contact=Subquery(entry), last_contact_at=now)
    recompute_some(ids, Act(kind), now)
    pulse.beat_later()
    return written


def check(kind: Kind, held: FollowUp, to: Destination, assignee: int | None, details: Mapping[str, Any]) -> None:
    """Raises machine.Forbidden."""
    fields = [name for name in ("cause", "note") if details.get(name)]
    if assignee is not None:
        fields.append("assignee")
    machine.check(kind, held.state, to, by_person=True, fields=fields)


def _that_stands(
    held: FollowUp, kind: Kind, asked: Destination, author: User, lent_by: int | None, now: datetime
) -> Destination:
    """An agreed callback, where it outlives the act; what is lent stays theirs who come back."""
    to = (asked and moves.callback_that_stands(held, kind, "", author, now)) or asked
    if to and lent_by and to.callback_for == author.pk:
        return replace(to, callback_for=lent_by)
    return to


def _entry(held: FollowUp, to: Destination, **fields: Any) -> Contact:
    return Contact(
        follow_up=held,
        before=moves.snapshot(held),
        from_state=held.state,
        to_state=to.state if to else held.state,
        to_due_at=to.due_at if to else None,
        version=held.version + 1,
        **fields,
    )


@transaction.atomic
def undo_some(entries: Sequence[Contact], *, by: User, act: uuid.UUID) -> tuple[list[Contact], list[Contact]]:
    """Reverse each of one's own entries that is still the last of its follow-up.

    Returns the reversed and the kept ones: those whose follow-up was changed since. `act`: of the entries that tell so.
    """
    ids = {entry.follow_up_id for entry in entries}
    locked = {row.pk: row for row in FollowUp.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    undone, kept, reversals = [], [], []
    gone = moves.taken_back(by, locked)
    for entry in entries:
        follow_up = locked[entry.follow_up_id]
        if not moves.is_last(entry, follow_up.version, gone[entry.follow_up_id]):
            kept.append(entry)
            continue
        reversals.append(moves.reversed_by(follow_up, entry, by=by, act=act))
        undone.append(entry)
    moves.save_restored([locked[entry.follow_up_id] for entry in undone])
    Contact.objects.bulk_create(reversals)
    for entry in undone:
        moves.take_back_from_person(locked[entry.follow_up_id], entry)
    recompute_some([entry.follow_up_id for entry in undone])
    pulse.beat_later()
    return undone, kept


def undo_act(act: uuid.UUID, *, by: User, among: Iterable[int]) -> tuple[list[int], list[int]]:
    """One's own act on many people, as far as it goes. Returns the enrolments of the undone and of the kept.

    `among`: the follow-up ids the caller may see; what is out of sight is kept too. Raises Contact.DoesNotExist for
    an act of somebody else, or all out of sight.
    """
    entries = list(Contact.objects.filter(act=act, author=by).select_related("follow_up").order_by("follow_up_id"))
    seen = set(among)
    mine = [entry for entry in entries if entry.follow_up_id in seen]
    if not mine:
        raise Contact.DoesNotExist
    undone, kept = undo_some(mine, by=by, act=uuid.uuid4())
    kept += [entry for entry in entries if entry.follow_up_id not in seen]
    return [entry.follow_up.enrolment_id for entry in undone], [entry.follow_up.enrolment_id for entry in kept]
