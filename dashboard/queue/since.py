"""Did it work? Who came in since the last working day, and how long after which contact."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import NamedTuple

from django.db.models import BigIntegerField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from dashboard.enums import Kind
from dashboard.models import Contact
from dashboard.person.windows import after_contact, begun
from dashboard.queue.lists import Desk

SATURDAY = 5


@dataclass(frozen=True)
class Entry:
    enrolment: int
    name: str
    course: str
    words: str


@dataclass(frozen=True)
class Since:
    """`after_mine`: of `total`, those who came in after the user, for a coordinator anybody, had contacted them."""

    label: str
    total: int = 0
    after_mine: int = 0
    entries: Sequence[Entry] = field(default_factory=list)

    @property
    def more(self) -> int:
        return self.total - len(self.entries)


def last_working_day(now: datetime) -> datetime:
    """The midnight at which yesterday began; on a Sunday or Monday, Friday."""
    day = timezone.localdate(now) - timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day -= timedelta(days=1)
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())


class _Event(NamedTuple):
    """An entry, and which contact it found."""

    pk: int
    at: datetime
    happened_at: datetime | None
    last: int | None


def came_in(desk: Desk, *, shown: int) -> Since:
    user, now = desk.user, desk.now
    start = last_working_day(now)
    yesterday = timezone.localdate(now) - start.date() == timedelta(days=1)
    label = _("Since yesterday") if yesterday else _("Since %(day)s") % {"day": date_format(start, "l")}
    entered = Contact.objects.filter(kind=Kind.ENTERED, created_at__gte=start)
    seen = entered.filter(follow_up__enrolment__in=desk.seen.present())
    last = Cast(KeyTextTransform("last_contact_id", "before"), BigIntegerField())
    events = [_Event(*values) for values in seen.values_list("pk", "created_at", "happened_at", last)]
    mine = _after_mine(events, user)
    # Those after the user's contact first, then the newest.
    events.sort(key=lambda event: (event.pk in mine, event.at, event.pk), reverse=True)
    return Since(label, len(events), len(mine), _entries([event.pk for event in events[:shown]], user))


def _after_mine(events: Sequence[_Event], user: User) -> set[int]:
    """Those that followed a contact of the user's, of a coordinator's team's, and not too late."""
    lasts = [event.last for event in events if event.last is not None]
    if not lasts:
        return set()
    authors = {"author": user.pk} if user.is_tutor else {"author__isnull": False}
    contacts = Contact.objects.filter(pk__in=lasts, **authors).values_list("pk", "kind", "created_at")
    when = {pk: begun(Kind(kind), noted_at) for pk, kind, noted_at in contacts}
    return {
        event.pk
        for event in events
        if event.last in when and event.happened_at is not None and event.happened_at >= when[event.last]
    }


def _entries(shown: Sequence[int], user: User) -> list[Entry]:
    if not shown:
        return []
    details = Contact.objects.select_related("follow_up__enrolment__participant", "follow_up__enrolment__course__site")
    found = details.in_bulk(shown)
    lasts = {event.before.get("last_contact_id") for event in found.values()}
    contacts = Contact.objects.select_related("author").in_bulk(lasts - {None})
    kinds = {pk: Kind(contact.kind) for pk, contact in contacts.items()}
    entries = []
    for event in (found[pk] for pk in shown):
        enrolment = event.follow_up.enrolment
        words = after_contact(event, kinds)
        last = contacts.get(event.before.get("last_contact_id"))
        if words and last and last.author and last.author != user:
            words = _("%(words)s by %(name)s") % {"words": words, "name": last.author.short_name}
        name = enrolment.participant.full_name or enrolment.participant.email or _("Unknown name")
        entries.append(Entry(enrolment.pk, name, str(enrolment.course), words))
    return entries
