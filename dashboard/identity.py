"""Two persons made one and one made two: by hand, or by a read where nothing was written yet.

Follow-ups and their timelines hang on enrolments, so that they go wherever their account goes. What hangs on the
person is shared out by the rules below. Locks: `people.one_at_a_time`, then accounts, then persons, by pk.
"""

from collections.abc import Collection, Iterable
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import User
from dashboard.calls import drafts
from dashboard.enums import Outcome
from dashboard.live import pulse
from dashboard.models import AuditEntry, Contact, ContactDetail, Person, PersonAccount, PersonChange
from dashboard.people import one_at_a_time
from dashboard.plan.recompute import recompute_people_later

Action = AuditEntry.Action
Kind = PersonChange.Kind
Link = PersonAccount.Link


class Overtaken(Exception):
    """Accounts are no longer where the user saw them. Nothing was written."""


class NotUndoable(Exception):
    """Undone already, or something changed since."""


@transaction.atomic
def merge(kept: Person, other: Person, *, accounts: Collection[int], by: User) -> PersonChange:
    """The accounts of `other` become `kept`'s. `accounts`: those of both, as the user saw them.

    Details come along, each once; the wish not to be called stands for both. Raises Overtaken.
    """
    before = _locked(kept, other)
    found = {pk: owner for pk, (owner, _link) in before["accounts"].items()}
    if {int(pk) for pk in found} != set(accounts) or set(found.values()) != {kept.pk, other.pk}:
        raise Overtaken
    _move_accounts(other, kept, link=Link.HAND)
    _move_details(other, kept, by=by)
    _one_wish(kept, other, before)
    drafts.move(other, kept)
    return _written(Kind.MERGE, kept, other, before, by=by)


@transaction.atomic
def split(
    kept: Person, account: int, *, accounts: Collection[int], by: User, details: Collection[int] = ()
) -> PersonChange:
    """That account becomes a person of its own, with the `details` chosen. Nothing automatic joins them again.

    `accounts`: all of the person's, as the user saw them. Raises Overtaken.
    """
    other = Person.objects.create()
    before = _locked(kept, other)
    found = {int(pk) for pk in before["accounts"]}
    if found != set(accounts) or account not in found or len(found) < 2:
        raise Overtaken
    PersonAccount.objects.filter(person=kept).update(link=Link.HAND)
    PersonAccount.objects.filter(pk=account).update(person=other)
    ContactDetail.objects.filter(person=kept, pk__in=details, removed_at=None).update(person=other)
    _share_out_wish(kept, other, fallback=dict.fromkeys([kept.pk, other.pk], before["do_not_call"][str(kept.pk)]))
    return _written(Kind.SPLIT, kept, other, before, by=by)


@transaction.atomic
def undo(change: PersonChange, *, by: User) -> None:
    """Everything where it was; details typed since stay with `kept`. Raises NotUndoable."""
    now = _locked(change.kept, change.other)
    change = PersonChange.objects.select_for_update().get(pk=change.pk)
    if change.undone_at or now["accounts"] != change.after["accounts"]:
        raise NotUndoable
    if any(now["details"].get(pk) != where for pk, where in change.after["details"].items()):
        raise NotUndoable
    for pk, (owner, link) in change.before["accounts"].items():
        # Parted by hand: no read joins them again.
        again = Link.HAND if change.kind == Kind.MERGE else link
        PersonAccount.objects.filter(pk=pk).update(person=owner, link=again)
    if change.kind == Kind.MERGE:
        _restore_details(change)
        wishes = {int(pk): wish for pk, wish in change.before["do_not_call"].items()}
        _share_out_wish(change.kept, change.other, fallback=wishes)
    else:
        _move_details(change.other, change.kept, by=by)
        _one_wish(change.kept, change.other, now)
    change.undone_at, change.undone_by = timezone.now(), by
    change.save(update_fields=["undone_at", "undone_by"])
    _audit(Action.SPLIT if change.kind == Kind.MERGE else Action.MERGED, change, by)
    pulse.beat_later()


def join_unwritten(kept: Person, other: Person) -> PersonChange:
    """What a read does by itself: `other` has a single account, and nobody wrote anything about it."""
    before = _locked(kept, other)
    _move_accounts(other, kept, link=Link.EMAIL)
    drafts.move(other, kept)
    return _written(Kind.MERGE, kept, other, before, by=None)


def _locked(*persons: Person) -> dict[str, Any]:
    """What hangs on these persons, in the form a change keeps, locked until the transaction ends."""
    one_at_a_time()
    ids = [person.pk for person in persons]
    recompute_people_later(ids)  # their address and their wish may be others afterwards
    accounts = PersonAccount.objects.select_for_update().filter(person__in=ids).order_by("pk")
    owned = {str(row.pk): [row.person_id, row.link] for row in accounts}
    wishes = {str(p.pk): p.do_not_call for p in Person.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    details = ContactDetail.objects.select_for_update().filter(person__in=ids, removed_at=None).order_by("pk")
    return {"accounts": owned, "details": {str(row.pk): row.person_id for row in details}, "do_not_call": wishes}


def _move_accounts(source: Person, target: Person, *, link: Link) -> None:
    PersonAccount.objects.filter(person=source).update(person=target, link=link)


def _move_details(source: Person, target: Person, *, by: User) -> None:
    """A number that both have is kept once: the other is removed, as by hand."""
    same = ContactDetail.objects.filter(person=target, kind=OuterRef("kind"), value=OuterRef("value"), removed_at=None)
    current = ContactDetail.objects.filter(person=source, removed_at=None)
    current.filter(Exists(same)).update(removed_at=timezone.now(), removed_by=by)
    ContactDetail.objects.filter(person=source).update(person=target)


def _one_wish(kept: Person, emptied: Person, known: dict[str, Any]) -> None:
    Person.objects.filter(pk=kept.pk).update(do_not_call=any(known["do_not_call"].values()))
    Person.objects.filter(pk=emptied.pk).update(do_not_call=False)


def _restore_details(change: PersonChange) -> None:
    """The doubles that a merge removed come back, unless typed again meanwhile."""
    ids = {int(pk): owner for pk, owner in change.before["details"].items()}
    for detail in ContactDetail.objects.filter(pk__in=ids).order_by("pk"):
        doubled = str(detail.pk) not in change.after["details"]
        again = ContactDetail.objects.filter(
            person=ids[detail.pk], kind=detail.kind, value=detail.value, removed_at=None
        ).exclude(pk=detail.pk)
        if doubled and not again.exists():
            detail.removed_at = detail.removed_by = None
        detail.person_id = ids[detail.pk]
        detail.save(update_fields=["person", "removed_at", "removed_by"])


def _share_out_wish(one: Person, other: Person, *, fallback: dict[int, bool]) -> None:
    """The wish not to be called goes with the account it was said about; where no call tells, `fallback`."""
    said = {person.pk: _said(person) for person in (one, other)}
    wishes = said if any(said.values()) else fallback
    for pk in sorted(wishes):
        Person.objects.filter(pk=pk).update(do_not_call=wishes[pk])


def _said(person: Person) -> bool:
    calls = Contact.objects.filter(outcome=Outcome.DO_NOT_CALL, undone_by=None)
    return calls.filter(follow_up__enrolment__participant__account__person=person).exists()


def _written(kind: Kind, kept: Person, other: Person, before: dict[str, Any], *, by: User | None) -> PersonChange:
    change = PersonChange.objects.create(
        kind=kind, kept=kept, other=other, before=before, after=_locked(kept, other), author=by
    )
    pulse.beat_later()
    if by is not None:
        _audit(Action.MERGED if kind == Kind.MERGE else Action.SPLIT, change, by)
    return change


def _audit(action: Action, change: PersonChange, by: User) -> None:
    persons: Iterable[Person] = (change.kept, change.other)
    AuditEntry.objects.bulk_create(AuditEntry(user=by, action=action, person=person) for person in persons)
