"""The lists that a round may begin from, in their order."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from dashboard.calls.rounds import LONGEST
from dashboard.enums import Channel, State
from dashboard.queue.lists import calls
from dashboard.roster.listing import Roster
from dashboard.scope import visible_enrolments
from moodle_sync.enums import Standing
from moodle_sync.models import Enrolment
from moodle_sync.querysets import is_open


@dataclass(frozen=True)
class CallList:
    title: str
    enrolments: list[int]
    back: str = ""


def call_list(user: User, name: str, query: str) -> CallList | None:
    """None for a list that does not exist."""
    now = timezone.now()
    match name:
        case "queue":
            return CallList(_("To call"), _first(calls(user, now)))
        case "callbacks":
            return CallList(_("My callbacks"), _first(callbacks(user, now)))
        case "roster":
            return _of_roster(user, QueryDict(query, mutable=True))
    return None


def _first(rows: QuerySet[Enrolment]) -> list[int]:
    return list(rows.values_list("pk", flat=True)[:LONGEST])


def _of_roster(user: User, params: QueryDict) -> CallList:
    for name in ("page", "open"):
        params.pop(name, None)
    roster = Roster.of(user, params)
    chosen = " · ".join(chip.text for chip in roster.chips)
    return CallList(chosen or _("Teachers"), _first(roster.table.data.data), roster.here)


def _mine(user: User, now: datetime) -> QuerySet[Enrolment]:
    """Of those who can come in: nobody is to be chased to a closed door."""
    return visible_enrolments(user).filter(is_open("course__", now), standing=Standing.PRESENT)


def _agreed(user: User, now: datetime) -> Q:
    """Callbacks that are overdue, mine or anybody's."""
    owner = Q(follow_up__callback_for=user) | Q(follow_up__callback_for=None)
    return owner & Q(follow_up__state=State.CALLBACK, follow_up__due_at__lte=now)


def callbacks(user: User, now: datetime) -> QuerySet[Enrolment]:
    return _mine(user, now).filter(_agreed(user, now)).order_by("follow_up__due_at", "pk")


def upcoming(user: User, now: datetime) -> datetime | None:
    """When the next call falls due by itself."""
    rows = visible_enrolments(user).filter(standing=Standing.PRESENT)
    agreed = rows.filter(follow_up__state=State.CALLBACK, follow_up__due_at__gt=now)
    planned = rows.filter(follow_up__next_channel=Channel.CALL, follow_up__next_at__gt=now)
    dates = [
        agreed.aggregate(first=Min("follow_up__due_at"))["first"],
        planned.aggregate(first=Min("follow_up__next_at"))["first"],
    ]
    return min((date for date in dates if date), default=None)
