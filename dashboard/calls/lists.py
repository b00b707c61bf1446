"""The lists that a round may begin from, in their order."""

from dataclasses import dataclass

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from dashboard.calls.leases import still_to_call
from dashboard.calls.rounds import LONGEST
from dashboard.queue.lists import Desk, Work, to_call
from dashboard.roster.listing import Roster
from dashboard.scope import visible_enrolments


@dataclass(frozen=True)
class CallList:
    title: str
    enrolments: list[int]
    back: str = ""


def call_list(user: User, name: str, query: str) -> CallList | None:
    """None for a list that does not exist."""
    match name:
        case "queue":
            return CallList(_("To call"), to_call(Desk(user, timezone.now()))[:LONGEST])
        case "callbacks":
            return CallList(_("My callbacks"), to_call(Desk(user, timezone.now()), [Work.CALLBACK])[:LONGEST])
        case "roster":
            return _of_roster(user, QueryDict(query, mutable=True))
    return None


def beginning_with(user: User, first: int | None, people: list[int]) -> list[int] | None:
    """The list turned so that it begins there; None where that person may not be called now."""
    if first is None:
        return people
    if first not in visible_enrolments(user).filter(pk=first).values_list("pk", flat=True):
        return None
    if not still_to_call([first], since=timezone.now()):
        return None
    at = people.index(first) if first in people else 0
    return [first, *(pk for pk in [*people[at:], *people[:at]] if pk != first)]


def _of_roster(user: User, params: QueryDict) -> CallList:
    for name in ("page", "open"):
        params.pop(name, None)
    roster = Roster.of(user, params)
    chosen = " · ".join(chip.text for chip in roster.chips)
    found = list(roster.table.data.data.values_list("pk", flat=True)[:LONGEST])
    return CallList(chosen or _("Teachers"), found, roster.here)
