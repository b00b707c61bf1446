"""What was tried with a person since they last came: reminders, and calls that reached nobody."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.enums import UNANSWERED, Kind
from dashboard.models import Contact
from moodle_sync.models import Enrolment


@dataclass(frozen=True)
class Tried:
    reminders: Sequence[datetime] = ()
    unanswered: int = 0
    """Calls without answer since the last one that reached somebody."""


def look_up(enrolments: Iterable[Enrolment]) -> None:
    """Put `tried` on the enrolments that have a follow-up: one query, however many rows a list has."""
    by_follow_up = {one.follow_up.pk: one for one in enrolments if getattr(one, "follow_up", None)}
    entries: dict[int, list[tuple[str, str, datetime]]] = defaultdict(list)
    found = Contact.objects.filter(
        follow_up__in=by_follow_up, kind__in=[Kind.EMAIL, Kind.MESSAGE, Kind.CALL, Kind.CONTACTED], undone_by=None
    )
    for pk, *entry in found.order_by("pk").values_list("follow_up", "kind", "outcome", "created_at"):
        entries[pk].append(tuple(entry))  # type: ignore[arg-type]  # three columns
    for pk, enrolment in by_follow_up.items():
        enrolment.tried = _tried(entries[pk], enrolment)  # type: ignore[attr-defined]


def tried(enrolment: Enrolment) -> Tried:
    """As `look_up` found it; alone, with a query of its own."""
    if not hasattr(enrolment, "tried"):
        look_up([enrolment])
    found: Tried = enrolment.tried  # type: ignore[attr-defined]  # just put there
    return found


def _tried(entries: Iterable[tuple[str, str, datetime]], enrolment: Enrolment) -> Tried:
    reminders, unanswered = [], 0
    for kind, outcome, at in entries:
        if enrolment.last_course_access is not None and at <= enrolment.last_course_access:
            continue  # it worked, then
        if kind in {Kind.EMAIL, Kind.MESSAGE}:
            reminders.append(at)
        else:
            unanswered = unanswered + 1 if outcome in UNANSWERED else 0
    return Tried(reminders, unanswered)
