"""What comes next, and when: the right column, and what an empty queue says."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import Case, Count, F, Min, Q, Value, When
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from dashboard.enums import OPEN_STATES, Channel, State
from dashboard.queue.lines import DAYS_WITH_NAMES
from dashboard.queue.lists import Desk

CALLBACK = "callback"
PLANNED = [state for state in OPEN_STATES if state != State.CALLBACK]


class Group(NamedTuple):
    """What comes on one day in one course."""

    what: str
    course: str
    n: int
    first: datetime


@dataclass(frozen=True)
class Upcoming:
    """The first day on which something is planned."""

    day: date
    callbacks: int = 0
    first_callback: datetime | None = None
    calls: int = 0
    reminders: int = 0
    course: str = ""
    """Of the reminders, where all are of one."""

    @property
    def words(self) -> str:
        """«Tomorrow: 6 reminders (“Laïcité”) and 1 callback at 12:30.»"""
        parts = [part for part in (self._reminders(), self._calls(), self._callbacks()) if part]
        *others, last = parts
        told = _("%(first)s and %(last)s") % {"first": ", ".join(others), "last": last} if others else last
        return _("%(day)s: %(told)s.") % {"day": capfirst(self._day()), "told": told}

    def _day(self) -> str:
        days = (self.day - timezone.localdate()).days
        if days > DAYS_WITH_NAMES:
            return _("on %(day)s") % {"day": date_format(self.day, "l j F")}
        named = {0: pgettext("upcoming", "later today"), 1: _("tomorrow")}
        return named.get(days) or date_format(self.day, "l")

    def _reminders(self) -> str:
        if not self.reminders:
            return ""
        words = ngettext("%(n)s person to remind", "%(n)s people to remind", self.reminders) % {"n": self.reminders}
        return _("%(words)s (“%(course)s”)") % {"words": words, "course": self.course} if self.course else words

    def _calls(self) -> str:
        return ngettext("%(n)s call", "%(n)s calls", self.calls) % {"n": self.calls} if self.calls else ""

    def _callbacks(self) -> str:
        if not self.callbacks or self.first_callback is None:
            return ""
        words = {"n": self.callbacks, "time": date_format(timezone.localtime(self.first_callback), "TIME_FORMAT")}
        return ngettext("%(n)s callback at %(time)s", "%(n)s callbacks from %(time)s", self.callbacks) % words


def upcoming(desk: Desk) -> Upcoming | None:
    """None: nothing is planned. A callback has its own date; for anybody else the plan's next step comes."""
    callback = desk.callback & Q(follow_up__due_at__gt=desk.now)
    planned = Q(follow_up__state__in=PLANNED, follow_up__next_at__gt=desk.now) & ~Q(follow_up__next_channel="")
    what = Case(When(follow_up__state=State.CALLBACK, then=Value(CALLBACK)), default=F("follow_up__next_channel"))
    at = Case(When(follow_up__state=State.CALLBACK, then=F("follow_up__due_at")), default=F("follow_up__next_at"))
    found = (
        desk.workable.filter(callback | planned)
        .annotate(what=what, at=at)
        .order_by()
        .values_list(TruncDate("at"), "what", "course__full_name")
        .annotate(n=Count("pk"), first=Min("at"))
    )
    by_day: dict[date, list[Group]] = {}
    for day, *group in found:
        by_day.setdefault(day, []).append(Group(*group))
    if not by_day:
        return None
    first = min(by_day)
    return _upcoming(first, by_day[first])


def _upcoming(day: date, groups: Sequence[Group]) -> Upcoming:
    numbers: Counter[str] = Counter()
    for group in groups:
        numbers[group.what] += group.n
    courses = {group.course for group in groups if group.what == Channel.EMAIL}
    return Upcoming(
        day,
        callbacks=numbers[CALLBACK],
        first_callback=min((group.first for group in groups if group.what == CALLBACK), default=None),
        calls=numbers[Channel.CALL],
        reminders=numbers[Channel.EMAIL],
        course=courses.pop() if len(courses) == 1 else "",
    )
