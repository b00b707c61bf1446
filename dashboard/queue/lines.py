"""One line of the queue: who, why now, and the one button."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import User
from dashboard.calls import leases
from dashboard.plan import tried
from dashboard.plan.why import history
from dashboard.queue.lists import Desk, Found, Work
from dashboard.roster.rows import Row
from moodle_sync.enums import Access
from moodle_sync.models import Enrolment

DAYS_WITH_NAMES = 6


@dataclass
class Line(Row):
    """A person of one course; the roster's row says the rest."""

    work: Work = Work.CALL
    since: datetime | None = None
    held_by: User | None = None

    @property
    def take_url(self) -> str:
        return reverse("dashboard:take-charge", args=[self.record.pk])

    @property
    def calls(self) -> bool:
        """Is its button a call?"""
        return self.work in {Work.CALLBACK, Work.CALL} and not self.do_not_call

    @property
    def takes(self) -> bool:
        return self.work == Work.ARRIVAL

    @property
    def button(self) -> str:
        if self.takes:
            return _("Take charge")
        if not self.calls:
            return _("Open the file")
        return _("Call back") if self.work == Work.CALLBACK else pgettext("command", "Call")

    @property
    def why(self) -> str:
        """The whole sentence; of a callback, whose moment is told already, only what led to it."""
        return history(self.record, self.now) if self.work == Work.CALLBACK else self.next.sentence

    @cached_property
    def when(self) -> str:
        """The agreed moment of a callback, the day of an enrolment."""
        if self.since is None:
            return ""
        timed = self.work == Work.CALLBACK
        return moment_words(self.since, self.record.course.site.zone, self.now, timed=timed)

    @property
    def waits_for(self) -> User | None:
        """The colleague whose callback it was, who is away."""
        follow_up = self.follow_up
        if self.work != Work.CALLBACK or follow_up is None or follow_up.callback_for_id in {None, self.user.pk}:
            return None
        return follow_up.callback_for  # rare enough for a query of its own

    @property
    def not_told(self) -> bool:
        return self.record.access == Access.UNKNOWN


def moment_words(moment: datetime, zone: ZoneInfo, now: datetime, *, timed: bool) -> str:
    """«today», «yesterday 17:00», «Friday», «on 12/11»: as one would say it, in the site's time zone."""
    local = moment.astimezone(zone)
    age = (now.astimezone(zone).date() - local.date()).days
    if abs(age) > DAYS_WITH_NAMES:
        day = _("on %(day)s") % {"day": date_format(local, "d/m")}
    else:
        named = {0: _("today"), 1: _("yesterday"), -1: _("tomorrow")}
        day = named.get(age) or date_format(local, "l")
    return f"{day}, {date_format(local, 'TIME_FORMAT')}" if timed else day


def lines(found: Sequence[Found], desk: Desk) -> list[Line]:
    """A constant number of queries."""
    user, now = desk.user, desk.now
    rows = _records([one.pk for one in found], desk)
    held = leases.held([_person(row) for row in rows.values()], now, but=user)
    by_person = {person: lease.user for person, lease in held.items()}
    return [
        Line(rows[one.pk], user, now, work=one.work, since=one.since, held_by=by_person.get(_person(rows[one.pk])))
        for one in found
        if one.pk in rows
    ]


def _records(ids: Sequence[int], desk: Desk) -> dict[int, Enrolment]:
    """Less than the roster shows of each."""
    found = Enrolment.objects.filter(pk__in=ids).with_access(now=desk.now)
    records = {row.pk: row for row in found.select_related("participant__account__person", "follow_up__last_contact")}
    for row in records.values():
        row.course = desk.course_of[row.course_id]
    tried.look_up(records.values())
    return records


def _person(row: Enrolment) -> int:
    """0 for an account read a moment ago, whose person is not known yet."""
    account = getattr(row.participant, "account", None)
    return account.person_id if account else 0
