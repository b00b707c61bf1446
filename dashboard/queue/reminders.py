"""Due reminders, in bulk per course: one line each, and the page that prepares one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.addresses import Bad, bad_addresses, holds
from dashboard.courses.opening import opening
from dashboard.follow_up.reminding import Obstacle, obstacles
from dashboard.models import ContactDetail
from dashboard.queue.lists import Desk, Work
from dashboard.queue.lists import Row as DeskRow
from dashboard.queue.steps import due_step, schedules
from dashboard.roster.queries import with_row_data
from dashboard.roster.rows import Row
from moodle_sync.enums import Access
from moodle_sync.models import Course, Enrolment


@dataclass
class ReminderLine:
    """The people of one course who are to be reminded now."""

    course: Course
    now: datetime
    by_access: dict[str, int] = field(default_factory=dict)
    held_back: int = 0
    """Of them, those to whom nothing can be sent today."""
    steps: set[int] = field(default_factory=set)
    """Days of the plan's steps that are due."""

    @property
    def total(self) -> int:
        return sum(self.by_access.values())

    @property
    def url(self) -> str:
        return reverse("dashboard:remind-course", args=[self.course.pk])

    @property
    def people_url(self) -> str:
        return f"{reverse('dashboard:roster')}?course={self.course.pk}&state=todo&due=now"

    @property
    def who(self) -> str:
        dormant = self.by_access.get(Access.DORMANT, 0)
        never = self.total - dormant
        parts = []
        if never:
            words = ngettext("%(n)s person never entered", "%(n)s people never entered", never)
            parts.append(words % {"n": never})
        if dormant:
            words = ngettext("%(n)s person has not come back", "%(n)s people have not come back", dormant)
            parts.append(words % {"n": dormant})
        return ", ".join(parts)

    @property
    def opened(self) -> str:
        """«Open for 4 days: step D+4»."""
        words = opening(self.course, self.now).words
        if not self.steps:
            return words
        days = " · ".join(_("D+%(day)s") % {"day": day} for day in sorted(self.steps))
        return _("%(opened)s: step %(days)s") % {"opened": words, "days": days}

    @property
    def waits(self) -> str:
        if not self.held_back:
            return ""
        words = ngettext(
            "%(n)s of them cannot be written to today.", "%(n)s of them cannot be written to today.", self.held_back
        )
        return words % {"n": self.held_back}


def due_reminders(desk: Desk, course: Course | None = None) -> list[DeskRow]:
    """Whom the user is to remind now."""
    rows = [found.row for found in desk.queue if found.work == Work.REMINDER]
    return [row for row in rows if course is None or row.course == course.pk]


def reminder_lines(desk: Desk) -> list[ReminderLine]:
    """A constant number of queries, however many people and courses; the largest first."""
    rows = due_reminders(desk)
    hindered = obstacles([row.pk for row in rows], desk.now)
    courses = {row.course: desk.course_of[row.course] for row in rows}
    plans = schedules(courses.values())
    found: dict[int, ReminderLine] = {}
    for row in rows:
        course = courses[row.course]
        line = found.setdefault(row.course, ReminderLine(course, desk.now))
        line.by_access[row.access] = line.by_access.get(row.access, 0) + 1
        line.held_back += bool(hindered[row.pk])
        if step := due_step(plans[row.course], course, row.first_seen_at, row.step_day, desk.now):
            line.steps.add(step.day)
    return sorted(found.values(), key=lambda line: (-line.total, str(line.course), line.course.pk))


@dataclass
class Recipient:
    row: Row
    address: str
    obstacle: str = ""

    @property
    def why_not(self) -> str:
        return str(Obstacle(self.obstacle).label)


def recipients(desk: Desk, course: Course) -> list[Recipient]:
    hindered = obstacles([row.pk for row in due_reminders(desk, course)], desk.now)
    records = with_row_data(list(hindered), desk.now)
    records.sort(key=lambda record: (record.participant.sort_key, record.pk))
    accounts = [getattr(record.participant, "account", None) for record in records]
    bad = bad_addresses({account.person_id for account in accounts if account})
    return [
        Recipient(Row(record, desk.user, desk.now), address_of(record, bad), hindered[record.pk]) for record in records
    ]


def address_of(record: Enrolment, bad: Bad) -> str:
    """Moodle's, or else the one a colleague typed; where messages came back from all, Moodle's all the same."""
    account = getattr(record.participant, "account", None)
    known = [record.participant.email]
    if account and not holds(record.participant.email, account.person_id, bad):
        typed = account.person.details.filter(kind=ContactDetail.Kind.EMAIL, removed_at=None).order_by("added_at", "pk")
        known += typed.values_list("value", flat=True)
    person = account.person_id if account else None
    return next((address for address in known if holds(address, person, bad)), known[0])


def addresses(to: Sequence[Recipient]) -> list[str]:
    """Each once, whatever its capitals; and one for a person with two accounts, who gets one message."""
    by_person: dict[int, str] = {}
    for recipient in to:
        account = recipient.row.record.participant.account
        by_person.setdefault(account.person_id, recipient.address)
    return list({address.casefold(): address for address in by_person.values() if address}.values())


def nobody_left(course: Course) -> str:
    return _("%(course)s: nobody is to be reminded now.") % {"course": course}
