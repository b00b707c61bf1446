"""What a bulk act does to each of its rows, or why it leaves one as it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from dashboard.enums import CLOSED_STATES, OPEN_STATES, Cause, ClosedFor, Kind, State
from dashboard.follow_up import rules
from dashboard.follow_up.closing import may_declare, may_reopen
from dashboard.follow_up.many import Destination
from dashboard.follow_up.reminding import Obstacle, obstacles
from dashboard.models import BulkAct, FollowUp
from dashboard.plan.waits import after_reminder
from moodle_sync.enums import Access, Standing

Name = BulkAct.Name


class Reason(TextChoices):
    """Why nothing was done to somebody."""

    GONE = "gone", _("no longer match, or no longer yours")
    NONE = "none", _("staff: nothing to follow up")
    CHANGED = "changed", _("changed meanwhile")
    CLOSED = "closed", _("no further action, or came in already")
    STATE = "state", _("not possible from the present state")
    DO_NOT_CALL = "no_calls", _("do not want to be called")
    COLLEAGUE = "colleague", _("a callback is agreed with a colleague")
    HAS_THEM = "has_them", _("entrusted to this colleague already")
    HANDED = "handed", _("in somebody else’s charge meanwhile")
    PASSED = "passed", _("the date has passed where they are")


class Skip(NamedTuple):
    reason: str


def label(reason: str) -> str:
    found = Reason if reason in Reason.values else Obstacle
    return str(found(reason).label)


@dataclass
class Chunk:
    """The rows of one transaction, locked."""

    act: BulkAct
    rows: Sequence[FollowUp]
    now: datetime
    access: dict[int, Access] = field(default_factory=dict)
    """By enrolment; for the acts that ask."""

    @cached_property
    def _obstacles(self) -> dict[int, str]:
        return obstacles([row.enrolment_id for row in self.rows], self.now)

    @cached_property
    def _after_reminder(self) -> dict[int, rules.Target]:
        return after_reminder(self.rows, self.now)

    def decide(self, row: FollowUp) -> Destination | Skip:
        decide: dict[str, Callable[[FollowUp], Destination | Skip]] = {
            Name.CONTACTED: self._contacted,
            Name.CALLBACK: self._callback,
            Name.ASSIGN: self._assign,
            Name.NOTE: lambda row: None,
            Name.EMAIL: self._email,
            Name.CLOSE: self._close,
            Name.REOPEN: self._reopen,
            Name.BLOCK: self._block,
            Name.LIFT: self._lift,
            Name.DECLARE: self._declare,
        }
        return decide[self.act.name](row)

    def _contacted(self, row: FollowUp) -> Destination | Skip:
        if row.state in CLOSED_STATES:
            return Skip(Reason.CLOSED)
        return rules.after_contacted(now=self.now, zone=row.enrolment.course.site.zone)

    def _callback(self, row: FollowUp) -> Destination | Skip:
        if row.state in CLOSED_STATES:
            return Skip(Reason.CLOSED)
        account = getattr(row.enrolment.participant, "account", None)
        if account and account.person.do_not_call:
            return Skip(Reason.DO_NOT_CALL)
        if row.state == State.CALLBACK and row.callback_for_id not in {None, self.act.user_id}:
            return Skip(Reason.COLLEAGUE)
        wall = datetime.fromisoformat(self.act.parameters["date"])
        due = wall.replace(tzinfo=row.enrolment.course.site.zone)
        if due <= self.act.created_at:
            return Skip(Reason.PASSED)
        owner = self.act.user_id if self.act.parameters["mine"] else None
        return rules.Target(State.CALLBACK, due, callback_for=owner)

    def _assign(self, row: FollowUp) -> Destination | Skip:
        to = self.act.parameters["to"]
        if row.state in CLOSED_STATES or row.enrolment.standing != Standing.PRESENT:
            return Skip(Reason.CLOSED)
        if row.assignee_id == to:
            return Skip(Reason.HAS_THEM)
        if row.state == State.CALLBACK and row.callback_for_id is not None:
            return rules.Target(State.CALLBACK, row.due_at, callback_for=to)
        return None

    def _email(self, row: FollowUp) -> Destination | Skip:
        """Who came in may be written to, for another reason than a reminder: that is told, and moves nothing."""
        if row.state == State.CLOSED_OUT:
            return Skip(Reason.CLOSED)
        obstacle = self._obstacles[row.enrolment_id]
        if obstacle and obstacle != Obstacle.CAME:
            return Skip(obstacle)
        return None if row.state == State.CLOSED_IN or obstacle else self._after_reminder[row.pk]

    def _close(self, row: FollowUp) -> Destination | Skip:
        if row.state not in OPEN_STATES:
            return Skip(Reason.CLOSED)
        return rules.Target(State.CLOSED_OUT, closed_for=ClosedFor(self.act.parameters["reason"]))

    def _reopen(self, row: FollowUp) -> Destination | Skip:
        if not may_reopen(row, self.access[row.enrolment_id]):
            return Skip(Reason.STATE)
        course = row.enrolment.course
        today = rules.Target(State.TODO, rules.start_of_day(self.now, course.site.zone))
        return today if course.is_open(self.now) else rules.Target(State.WAITING)

    def _block(self, row: FollowUp) -> Destination | Skip:
        if row.state not in OPEN_STATES:
            return Skip(Reason.CLOSED)
        until = rules.start_of_day(self.now, row.enrolment.course.site.zone, days=rules.WAIT_WHEN_BLOCKED)
        return rules.Target(State.BLOCKED, row.due_at if row.state == State.BLOCKED else until)

    def _lift(self, row: FollowUp) -> Destination | Skip:
        if row.state != State.BLOCKED:
            return Skip(Reason.STATE)
        return rules.Target(State.TODO, rules.start_of_day(self.now, row.enrolment.course.site.zone))

    def _declare(self, row: FollowUp) -> Destination | Skip:
        if not may_declare(row, self.access[row.enrolment_id]):
            return Skip(Reason.STATE)
        return rules.Target(State.CLOSED_IN)


KINDS: dict[str, Kind] = {
    Name.CONTACTED: Kind.CONTACTED,
    Name.CALLBACK: Kind.REDATED,
    Name.ASSIGN: Kind.ASSIGNED,
    Name.NOTE: Kind.NOTE,
    Name.EMAIL: Kind.EMAIL,
    Name.CLOSE: Kind.CLOSED,
    Name.REOPEN: Kind.RESUMED,
    Name.BLOCK: Kind.BLOCKED,
    Name.LIFT: Kind.LIFTED,
    Name.DECLARE: Kind.DECLARED,
}
SAYS_NOTHING_OF_THE_STATE = {Name.ASSIGN, Name.NOTE}
"""They need no version: whatever happened a moment ago stays."""


def details(act: BulkAct) -> dict[str, Any]:
    """What each entry says besides its state."""
    given = act.parameters
    match act.name:
        case Name.NOTE:
            return {"note": given["text"]}
        case Name.CLOSE:
            return {"note": given["words"], "closed_for": given["reason"]}
        case Name.ASSIGN:
            return {"note": given["reason"], "handed_to_id": given["to"]}
        case Name.BLOCK:
            return {"cause": Cause(given["cause"])}
    return {}
