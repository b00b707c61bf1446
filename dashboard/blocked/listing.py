"""Who is blocked, since when, and who must act: oldest first."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from dashboard.blocked.request import Request, request_about
from dashboard.enums import Cause, Kind, State
from dashboard.follow_up.blocking import current_blockages
from dashboard.models import Blockage, Contact, FollowUp
from dashboard.scope import visible_enrolments
from moodle_sync.enums import Standing
from moodle_sync.models import Enrolment

SHOWN = 200


@dataclass(frozen=True)
class Line:
    enrolment: Enrolment
    blockage: Blockage | None
    since: datetime | None
    user: User

    @property
    def follow_up(self) -> FollowUp:
        return self.enrolment.follow_up

    @property
    def name(self) -> str:
        return self.enrolment.participant.full_name

    @property
    def cause(self) -> str:
        return str(Cause(self.follow_up.cause).label) if self.follow_up.cause else ""

    @property
    def who(self) -> str:
        """Who must act; empty where nobody was named."""
        if self.blockage is None:
            return ""
        return str(self.blockage.owner) if self.blockage.owner else self.blockage.address

    @property
    def is_mine(self) -> bool:
        return self.blockage is not None and self.blockage.owner_id == self.user.pk

    @cached_property
    def request(self) -> Request:
        return request_about(self.enrolment)

    @property
    def mailto(self) -> str:
        """Empty where there is no address to write to."""
        if self.blockage is None:
            return ""
        address = self.blockage.owner.email if self.blockage.owner else self.blockage.address
        return self.request.mailto(address) if address else ""


def blocked(user: User) -> QuerySet[FollowUp]:
    people = visible_enrolments(user).filter(standing=Standing.PRESENT, participant__account__isnull=False)
    return FollowUp.objects.filter(enrolment__in=people, state=State.BLOCKED)


def lines(user: User, enrolment: int | None = None) -> list[Line]:
    """Those waiting longest first; one of them, with `enrolment`."""
    rows = blocked(user) if enrolment is None else blocked(user).filter(enrolment=enrolment)
    into = Q(contacts__to_state=State.BLOCKED, contacts__undone_by=None)
    moved = into & ~Q(contacts__from_state=State.BLOCKED) & ~Q(contacts__kind=Kind.UNDO)
    since = dict(rows.annotate(since=Max("contacts__created_at", filter=moved)).values_list("enrolment", "since"))
    never = timezone.now()
    oldest = sorted(since, key=lambda pk: (since[pk] or never, pk))[:SHOWN]
    found = (
        Enrolment.objects.filter(pk__in=oldest)
        .with_access(now=timezone.now())
        .select_related("participant", "course__site", "follow_up")
        .in_bulk()
    )
    blockages = current_blockages(row.follow_up for row in found.values())
    return [Line(found[pk], blockages.get(found[pk].follow_up.pk), since[pk], user) for pk in oldest if pk in found]


def asked_of(contact: Contact) -> str:
    """For the timeline: whom an entry that blocked named."""
    blockage: Blockage | None = getattr(contact, "blockage", None)
    if blockage is None:
        return ""
    return str(blockage.owner) if blockage.owner else blockage.address
