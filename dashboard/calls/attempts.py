"""How often a person was called in vain since the last conversation, and what to try instead."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from zoneinfo import ZoneInfo

from dashboard.enums import Kind, Outcome, State
from dashboard.models import Contact, FollowUp, Person

UNANSWERED = [Outcome.NO_ANSWER, Outcome.VOICEMAIL, Outcome.THIRD_PARTY]
CALLED_STATES = [State.TODO, State.CALLBACK]
ENOUGH = 3
"""Unanswered attempts, at different times of day, after which calling once more is not the way."""


class TimeOfDay(Enum):
    MORNING, AFTERNOON, EVENING = range(3)


def time_of_day(moment: datetime, zone: ZoneInfo) -> TimeOfDay:
    hour = moment.astimezone(zone).hour
    return TimeOfDay.MORNING if hour < 12 else TimeOfDay.AFTERNOON if hour < 17 else TimeOfDay.EVENING


@dataclass(frozen=True)
class Attempts:
    """Unanswered ones since the last conversation, the latest first."""

    moments: tuple[datetime, ...]
    zone: ZoneInfo

    @property
    def next_number(self) -> int:
        return len(self.moments) + 1

    @property
    def tried(self) -> set[TimeOfDay]:
        return {time_of_day(moment, self.zone) for moment in self.moments}

    @property
    def exhausted(self) -> bool:
        return len(self.moments) >= ENOUGH and len(self.tried) > 1

    @property
    def always_at(self) -> str:
        """The one time of day tried so far, when it was tried more than once: «morning»."""
        return next(iter(self.tried)).name.lower() if len(self.moments) > 1 and len(self.tried) == 1 else ""


def must_write(follow_up: FollowUp | None, *, may_dial: bool) -> bool:
    """Somebody is to be reached, and there is no number to dial: most of Moodle's people have none."""
    return follow_up is not None and not may_dial and follow_up.state in CALLED_STATES


def attempts(person: Person, zone: ZoneInfo) -> Attempts:
    """Over all of the person's courses: who answers no call answers none of them."""
    calls = Contact.objects.filter(
        kind__in=[Kind.CALL, Kind.CONTACTED],
        undone_by=None,
        follow_up__enrolment__participant__account__person=person,
    ).order_by("-created_at", "-pk")
    moments: dict[object, datetime] = {}
    for act, outcome, created_at in calls.values_list("act", "outcome", "created_at"):
        if outcome in UNANSWERED:
            moments.setdefault(act, created_at)
        elif outcome not in {Outcome.WRONG_NUMBER, Outcome.DO_NOT_CALL}:
            break
    return Attempts(tuple(moments.values()), zone)
