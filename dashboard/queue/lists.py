"""Whom a user must act on now, each person's course in one group only. What is said of them: see `lines`."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple, cast

from django.db.models import Exists, F, IntegerChoices, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from dashboard.enums import OPEN_STATES, Channel, Kind, State
from dashboard.models import Blockage, Contact, FollowUp
from dashboard.roster.queries import among_these
from dashboard.scope import stands_in_for, visible_courses, visible_enrolments
from moodle_sync.enums import EPOCH, Access
from moodle_sync.models import Course, Enrolment
from moodle_sync.querysets import EnrolmentQuerySet, is_open

NEW_FOR = timedelta(days=14)
"""Who joined longer ago and was left alone is no news any more: the plan has them."""


class Work(IntegerChoices):
    """Why somebody is in the queue, the most pressing first: the first reason that holds decides."""

    CALLBACK = 1, _("Overdue callbacks")
    BLOCKED = 2, _("For you to unblock")
    CALL = 3, _("Calls of the day")
    REMINDER = 4, _("Reminders to send")
    ARRIVAL = 5, _("New, nobody in charge")
    UNDECIDED = 6, _("Plan finished, to decide")


CALLS = [Work.CALLBACK, Work.CALL]
FOLLOWING = [Role.TUTOR, Role.COORDINATOR]


class Row(NamedTuple):
    """What decides of one open follow-up, and what the page says of many."""

    pk: int
    follow_up: int
    state: str
    due_at: datetime | None
    next_channel: str
    next_at: datetime | None
    first_seen_at: datetime
    step_day: int | None
    access: str
    course: int
    do_not_call: bool | None
    assignee: int | None
    callback_for: int | None


class Found(NamedTuple):
    """Somebody who asks for something: why, and since when."""

    work: Work
    since: datetime
    pk: int
    row: Row


COLUMNS = [
    "pk", "follow_up", "follow_up__state", "follow_up__due_at", "follow_up__next_channel", "follow_up__next_at",
    "first_seen_at", "follow_up__step_day", "access", "course", "participant__account__person__do_not_call",
    "follow_up__assignee", "follow_up__callback_for",
]  # fmt: skip


@dataclass
class Desk:
    """Whom one user may see and has to act on at one moment; what it needs to know of them is asked once.

    Who comes under which reason is decided here and not in SQL: a tutor has some hundred people, of which one query
    brings what decides; the same conditions as an expression, in every query, took longer to write than to answer.
    """

    user: User
    now: datetime

    @cached_property
    def _entrusted(self) -> dict[int, int] | None:
        """A tutor's enrolments with their courses: with these in hand, the other queries are cheap to make and to plan.

        None for a coordinator, who has too many.
        """
        return dict(visible_enrolments(self.user).values_list("pk", "course")) if self.user.is_tutor else None

    @cached_property
    def seen(self) -> EnrolmentQuerySet:
        if self._entrusted is None:
            return cast(EnrolmentQuerySet, visible_enrolments(self.user))
        return Enrolment.objects.filter(among_these("pk", self._entrusted))

    @property
    def courses(self) -> QuerySet[Course]:
        """In which the user may meet somebody."""
        if self._entrusted is None:
            return visible_courses(self.user)
        return Course.objects.filter(pk__in=set(self._entrusted.values()))

    @cached_property
    def people(self) -> list[Row]:
        """Present people of courses in which somebody can come in now, and every callback, which stays agreed.

        Of a coordinator's, who may have been given thousands: those not closed.
        """
        rows = self.seen.present().filter(can_come_in(self.now) | Q(follow_up__state=State.CALLBACK))
        if self.user.is_coordinator:
            rows = rows.filter(pk__in=_given_to(self.user), follow_up__state__in=OPEN_STATES)
        found = rows.filter(follow_up__isnull=False).with_access(now=self.now)
        return [Row(*values) for values in found.values_list(*COLUMNS)]

    @cached_property
    def _opened(self) -> list[Row]:
        """Every open follow-up, due or not, but for those that are a colleague's."""
        rows = [row for row in self.people if row.state in OPEN_STATES]
        others = self._others({pk for row in rows for pk in (row.assignee, row.callback_for) if pk is not None})
        return [row for row in rows if not self._is_a_colleagues(row, others)]

    @cached_property
    def rows(self) -> list[Row]:
        """Of those, whom to act on: nobody is to be chased to a closed door."""
        return [row for row in self._opened if self.can_enter(row)]

    @property
    def callbacks(self) -> list[Row]:
        """Due or not, also where nobody can come in: as the list of callbacks shows them."""
        return [row for row in self._opened if row.state == State.CALLBACK]

    def can_enter(self, row: Row) -> bool:
        course = self.course_of[row.course]
        return course.is_open(self.now) and not course.has_ended(self.now)

    @cached_property
    def course_of(self) -> dict[int, Course]:
        """The courses of `people`, with their sites."""
        return Course.objects.select_related("site").in_bulk({row.course for row in self.people})

    @cached_property
    def queue(self) -> list[Found]:
        """Who asks for something now, in the order to take them."""
        found = []
        for row in self.rows:
            work = self._work(row)
            if work is not None:
                found.append(Found(work, _since(work, row), row.pk, row))
        return sorted(found)

    def _is_a_colleagues(self, row: Row, others: Collection[int]) -> bool:
        """A callback is of whoever is to call; a blockage of who is to lift it; anything else of who took it."""
        if row.state == State.CALLBACK:
            return row.callback_for in others
        return row.assignee in others and not self._is_to_lift(row)

    def _others(self, named: Collection[int]) -> set[int]:
        """Of these users, the colleagues who act for themselves. Of who can act no more, everybody takes care again."""
        colleagues = set(named) - {self.user.pk}
        if not colleagues:
            return set()
        acting = User.objects.filter(pk__in=colleagues, is_active=True, role__in=FOLLOWING)
        return set(acting.values_list("pk", flat=True)) - set(stands_in_for(self.user))

    def _work(self, row: Row) -> Work | None:
        due = row.due_at is not None and row.due_at <= self.now
        planned = row.next_at is not None and row.next_at <= self.now
        match row.state:
            case State.CALLBACK if due:
                return Work.CALLBACK
            case State.BLOCKED if self._is_to_lift(row):
                return Work.BLOCKED
            case State.TODO if planned and row.next_channel:
                return Work.CALL if row.next_channel == Channel.CALL else Work.REMINDER
            case State.TODO | State.WAITING if row.pk in self._newcomers:
                return Work.ARRIVAL
            case State.TODO if due and not row.next_channel:
                return Work.UNDECIDED
        return None

    def _is_to_lift(self, row: Row) -> bool:
        return row.state == State.BLOCKED and row.follow_up in self._to_lift

    @cached_property
    def _to_lift(self) -> set[int]:
        """Asked in two steps: few have ever been named, and which of it still holds takes longer to ask."""
        if not Blockage.objects.filter(owner=self.user).exists():
            return set()
        return set(_blockages_of(self.user).values_list("follow_up", flat=True))

    @cached_property
    def _newcomers(self) -> set[int]:
        """As `untouched_newcomers` finds them, of what is in hand."""
        new = {row.follow_up: row.pk for row in self.rows if self._is_new(row)}
        touched = Contact.objects.filter(HUMAN_DEED, follow_up__in=new).values_list("follow_up", flat=True)
        for follow_up in touched if new else ():
            new.pop(follow_up, None)
        return set(new.values())

    def _is_new(self, row: Row) -> bool:
        if row.first_seen_at <= self.now - NEW_FOR or row.assignee is not None:
            return False
        first_read = self.course_of[row.course].first_synced_at
        outside = row.access not in {Access.ACTIVE, Access.DORMANT}
        return first_read is not None and row.first_seen_at > first_read and outside


def _since(work: Work, row: Row) -> datetime:
    match work:
        case Work.CALL | Work.REMINDER:
            since = row.next_at
        case Work.ARRIVAL:
            since = row.first_seen_at
        case _:
            since = row.due_at
    assert since is not None  # it is by this date that the reason holds
    return since


def to_call(desk: Desk, works: Collection[Work] = CALLS) -> list[int]:
    """Whom to call one after the other: overdue callbacks, then due calls. Nobody who does not want to be called."""
    return [one.pk for one in desk.queue if one.work in works and not one.row.do_not_call]


def can_come_in(now: datetime) -> Q:
    """Where a course is hidden, not open yet or over, nobody is to be chased."""
    goes_on = Q(course__end_date=None) | Q(course__end_date__gt=now)
    return is_open("course__", now) & goes_on


def _given_to(user: User) -> QuerySet[Any, Any]:
    """A coordinator's own work among thousands: whom they took or were given, who waits for them by name."""
    ids = FollowUp.objects.filter(assignee=user).values_list("enrolment")
    return ids.union(
        FollowUp.objects.filter(callback_for=user).values_list("enrolment"),
        Blockage.objects.filter(owner=user).values_list("follow_up__enrolment"),
    )


def _blockages_of(user: User) -> QuerySet[Blockage]:
    """Those that hold and wait for the user: not an earlier one, nor one that was given to somebody else since."""
    entries = Contact.objects.filter(follow_up=OuterRef("follow_up"), undone_by=None, to_state=State.BLOCKED)
    anew = (~Q(from_state=State.BLOCKED) | Q(kind=Kind.BLOCKED)) & ~Q(kind=Kind.UNDO)
    blocked_again = entries.filter(anew, pk__gt=OuterRef("contact"))
    mine = Blockage.objects.filter(owner=user, contact__undone_by=None, follow_up__state=State.BLOCKED)
    return mine.exclude(Exists(blocked_again))


HUMAN_DEED = Q(author__isnull=False, undone_by=None) & ~Q(kind=Kind.UNDO)


def untouched_newcomers(now: datetime) -> Q:
    """Joined after the first read, not come in, and no human being did anything that still holds."""
    deeds = Contact.objects.filter(HUMAN_DEED, follow_up=OuterRef("follow_up"))
    joined_later = Q(first_seen_at__gt=F("course__first_synced_at")) & Q(first_seen_at__gt=now - NEW_FOR)
    outside = Q(last_course_access=None) | Q(last_course_access=EPOCH)
    untouched = Q(follow_up__state__in=[State.WAITING, State.TODO], follow_up__assignee=None)
    return joined_later & outside & untouched & ~Q(Exists(deeds))
