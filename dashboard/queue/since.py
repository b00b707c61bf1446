"""Did it work? Who came in since the last working day, and how long after which contact."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import BigIntegerField, BooleanField, Case, Count, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from dashboard.enums import Kind
from dashboard.models import Contact
from dashboard.person.windows import after_contact
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


def came_in(desk: Desk, *, shown: int) -> Since:
    user, now = desk.user, desk.now
    start = last_working_day(now)
    yesterday = timezone.localdate(now) - start.date() == timedelta(days=1)
    label = _("Since yesterday") if yesterday else _("Since %(day)s") % {"day": date_format(start, "l")}
    events = Contact.objects.filter(
        kind=Kind.ENTERED, created_at__gte=start, follow_up__enrolment__in=desk.seen.present()
    )
    events = _with_last_contact(events, user)
    figures = events.aggregate(total=Count("pk"), after_mine=Count("pk", filter=Q(mine=True)))
    newest = events.select_related("follow_up__enrolment__participant", "follow_up__enrolment__course__site")
    found = list(newest.order_by("-mine", "-created_at", "-pk")[:shown]) if figures["total"] else []  # type: ignore[misc]  # annotated
    return Since(label, **figures, entries=_entries(found, user))


def _with_last_contact(events: QuerySet[Contact], user: User) -> QuerySet[Contact]:
    """`last`: the contact that the entry found; `mine`: the user's, a coordinator's team's, and not too late."""
    last = Cast(KeyTextTransform("last_contact_id", "before"), BigIntegerField())
    before = Contact.objects.filter(pk=OuterRef("last"))
    whose = Q(last_author=user.pk) if user.is_tutor else Q(last_author__isnull=False)
    mine = whose & Q(happened_at__gte=F("last_at"))
    return events.annotate(last=last).annotate(
        last_author=Subquery(before.values("author")[:1]),
        last_at=Subquery(before.values("created_at")[:1]),
        mine=Case(When(mine, then=Value(True)), default=Value(False), output_field=BooleanField()),
    )


def _entries(found: Sequence[Any], user: User) -> list[Entry]:
    contacts = Contact.objects.select_related("author").in_bulk([event.last for event in found if event.last])
    kinds = {pk: Kind(contact.kind) for pk, contact in contacts.items()}
    entries = []
    for event in found:
        enrolment = event.follow_up.enrolment
        words = after_contact(event, kinds)
        last = contacts.get(event.last)
        if words and last and last.author and last.author != user:
            words = _("%(words)s by %(name)s") % {"words": words, "name": last.author.short_name}
        name = enrolment.participant.full_name or enrolment.participant.email or _("Unknown name")
        entries.append(Entry(enrolment.pk, name, str(enrolment.course), words))
    return entries
