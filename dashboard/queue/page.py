"""À faire as one address shows it to one user: used by the page, and by the answers to its buttons."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from dashboard.courses.freshness import Freshness, freshness
from dashboard.queue import overview
from dashboard.queue.lines import Line, lines
from dashboard.queue.lists import Desk, Found, Work, to_call
from dashboard.queue.reminders import ReminderLine, reminder_lines
from dashboard.queue.since import Since, came_in
from dashboard.queue.upcoming import Upcoming, upcoming

SHOWN = {Work.CALLBACK: 8, Work.BLOCKED: 5, Work.CALL: 6, Work.REMINDER: 8, Work.ARRIVAL: 5, Work.UNDECIDED: 5}
ENTERED = 4
ALL = 200
"""Of one group, on one page; the roster has them all."""
ICONS = {
    Work.CALLBACK: "alert-triangle",
    Work.BLOCKED: "lock-open",
    Work.CALL: "phone",
    Work.REMINDER: "send",
    Work.ARRIVAL: "user-plus",
    Work.UNDECIDED: "help",
}
CAME_IN = "came-in"


@dataclass
class Section:
    """One group; `people` counts lines: a reminder is one thing to do, whomever it goes to."""

    work: Work
    total: int
    lines: Sequence[Line] = field(default_factory=list)
    reminders: Sequence[ReminderLine] = field(default_factory=list)
    all_url: str = ""

    @property
    def icon(self) -> str:
        return ICONS[self.work]

    @property
    def id(self) -> str:
        return self.work.name.lower()

    @property
    def more(self) -> int:
        return self.total - len(self.lines) - len(self.reminders)


@dataclass
class Queue:
    user: User
    params: QueryDict
    now: datetime

    @classmethod
    def of(cls, user: User, params: QueryDict) -> "Queue":
        return cls(user, params, timezone.now())

    @cached_property
    def desk(self) -> Desk:
        return Desk(self.user, self.now)

    @property
    def found(self) -> list[Found]:
        return self.desk.queue

    @cached_property
    def sections(self) -> list[Section]:
        """Those with something in them, in the order of urgency."""
        people = {work: [row for row in self.found if row.work == work] for work in Work}
        people[Work.REMINDER] = []
        shown = [row for work, rows in people.items() for row in rows[: self._limit(work)]]
        told = lines(shown, self.desk)
        made = []
        for work in Work:
            reminders = self.reminders if work == Work.REMINDER else []
            if total := len(people[work]) + len(reminders):
                own = [line for line in told if line.work == work]
                made.append(
                    Section(work, total, own, reminders[: self._limit(work)], self._expanded(work.name.lower()))
                )
        return made

    @cached_property
    def reminders(self) -> list[ReminderLine]:
        due = any(row.work == Work.REMINDER for row in self.found)
        return reminder_lines(self.desk) if due else []

    @property
    def to_call(self) -> int:
        return len(to_call(self.desk))

    @cached_property
    def since(self) -> Since:
        return came_in(self.desk, shown=ALL if self.params.get("all") == CAME_IN else ENTERED)

    @property
    def all_entered_url(self) -> str:
        return self._expanded(CAME_IN)

    @cached_property
    def upcoming(self) -> Upcoming | None:
        return upcoming(self.desk)

    @cached_property
    def sessions(self) -> list[overview.Session]:
        return overview.sessions(self.desk) if self.user.is_tutor else []

    @cached_property
    def waiting(self) -> tuple[Sequence[overview.Waiting], int]:
        """What is due in a coordinator's scope, course by course."""
        return overview.waiting(self.desk) if self.user.is_coordinator else ([], 0)

    @cached_property
    def freshness(self) -> Freshness:
        return freshness(self.desk.courses)

    @cached_property
    def is_nobody(self) -> bool:
        """Nobody at all is entrusted to the user."""
        return not self.found and not self.desk.seen.exists()

    @property
    def url(self) -> str:
        return reverse("dashboard:queue")

    @property
    def here(self) -> str:
        """This page, without the panel."""
        return self._address(self.params.get("all", ""))

    @property
    def open_pk(self) -> int | None:
        """The enrolment whose panel stands beside the queue."""
        value = self.params.get("open", "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None

    def _limit(self, work: Work) -> int:
        return ALL if self.params.get("all") == work.name.lower() else SHOWN[work]

    def _expanded(self, name: str) -> str:
        return f"{self._address(name)}#{name}"

    def _address(self, name: str) -> str:
        known = {work.name.lower() for work in Work} | {CAME_IN}
        return f"{self.url}?all={name}" if name in known else self.url
