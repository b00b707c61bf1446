"""What comes next, and when: the right column, and what an empty queue says."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from dashboard.enums import Channel, State
from dashboard.queue.lines import DAYS_WITH_NAMES
from dashboard.queue.lists import Desk, Row


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
    coming = [(at, row) for row in desk.rows if (at := _next(row)) is not None and at > desk.now]
    if not coming:
        return None
    day = min(timezone.localdate(at) for at, _row in coming)
    first = [(at, row) for at, row in coming if timezone.localdate(at) == day]
    callbacks = [at for at, row in first if row.state == State.CALLBACK]
    planned = Counter(row.next_channel for _at, row in first if row.state != State.CALLBACK)
    courses = {row.course for _at, row in first if row.next_channel == Channel.EMAIL}
    return Upcoming(
        day,
        callbacks=len(callbacks),
        first_callback=min(callbacks, default=None),
        calls=planned[Channel.CALL],
        reminders=planned[Channel.EMAIL],
        course=desk.course_of[courses.pop()].full_name if len(courses) == 1 else "",
    )


def next_call(desk: Desk) -> datetime | None:
    """When the next call falls due by itself."""
    calls = (row for row in desk.rows if row.state == State.CALLBACK or row.next_channel == Channel.CALL)
    coming = [at for row in calls if not row.do_not_call and (at := _next(row)) is not None and at > desk.now]
    return min(coming, default=None)


def _next(row: Row) -> datetime | None:
    if row.state == State.CALLBACK:
        return row.due_at
    return row.next_at if row.next_channel else None
