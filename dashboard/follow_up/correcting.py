"""A note says something wrong: another text takes its place, and the one before is kept."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from dashboard.follow_up.moves import NotUndoable, Stale
from dashboard.live import pulse
from dashboard.models import Contact, NoteVersion, Person


def entries_of(act: uuid.UUID, person: Person) -> QuerySet[Contact]:
    """Those of one act in one person's file: a note written to many people is corrected in each file by itself."""
    return Contact.objects.filter(act=act, follow_up__enrolment__participant__account__person=person)


@transaction.atomic
def correct(entries: QuerySet[Contact], text: str, *, by: User, version: int) -> uuid.UUID:
    """Every entry of the act says `text` from now on. `version`: how many texts had been replaced when it was read.

    Returns the correction, to take it back. Raises Stale when somebody was faster, or undid the entry.
    """
    locked = _locked(entries.values_list("pk", flat=True))
    if not locked or locked[0].versions.count() != version or any(hasattr(entry, "undone_by") for entry in locked):
        raise Stale
    return _replace([(entry, text) for entry in locked], by=by)


@transaction.atomic
def take_back(act: uuid.UUID, *, by: User, among: Iterable[int]) -> list[int]:
    """The text before one's own correction stands again; what the correction said is kept too.

    `among`: the follow-ups the caller may see. Returns the enrolments. Raises Contact.DoesNotExist where there is
    nothing of theirs, NotUndoable when the note was corrected or its entry undone since.
    """
    versions = NoteVersion.objects.filter(act=act, by=by, takes_back=False, contact__follow_up__in=among)
    locked = _locked(versions.values_list("contact", flat=True))
    if not locked:
        raise Contact.DoesNotExist
    before: list[tuple[Contact, str]] = []
    for entry in locked:
        last = entry.versions.last()
        if last is None or last.act != act or hasattr(entry, "undone_by"):
            raise NotUndoable
        before.append((entry, last.text))
    _replace(before, by=by, takes_back=True)
    return [entry.follow_up.enrolment_id for entry in locked]


def _locked(ids: Iterable[int]) -> list[Contact]:
    rows = Contact.objects.filter(pk__in=ids).select_for_update(of=("self",))
    return list(rows.select_related("follow_up", "undone_by").order_by("pk"))


def _replace(texts: list[tuple[Contact, str]], *, by: User, takes_back: bool = False) -> uuid.UUID:
    act, now = uuid.uuid4(), timezone.now()
    for entry, text in texts:
        _keep(entry, act, by, now, takes_back=takes_back)
        Contact.objects.filter(pk=entry.pk).update(note=text)
    pulse.beat_later()
    return act


def _keep(entry: Contact, act: uuid.UUID, by: User, now: datetime, *, takes_back: bool) -> None:
    NoteVersion.objects.create(contact=entry, act=act, text=entry.note, by=by, at=now, takes_back=takes_back)
