"""Whom a user must act on now, each person's course in one group only. What is said of them: see `lines`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, cast

from django.db.models import Case, DateTimeField, Exists, F, IntegerChoices, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from dashboard.enums import Channel, Kind, State
from dashboard.models import Absence, Blockage, Contact, FollowUp
from dashboard.roster.queries import among
from dashboard.scope import visible_enrolments
from moodle_sync.enums import EPOCH
from moodle_sync.models import Enrolment
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


@dataclass
class Desk:
    """Whom one user may see and has to act on at one moment; what it needs to know of them is asked once."""

    user: User
    now: datetime

    @cached_property
    def seen(self) -> EnrolmentQuerySet:
        return cast(EnrolmentQuerySet, visible_enrolments(self.user))

    @cached_property
    def others(self) -> QuerySet[User]:
        """Those in whose queues people are instead. Of who can act no more, everybody takes care again."""
        active = User.objects.filter(is_active=True, role__in=[Role.TUTOR, Role.COORDINATOR])
        return active.exclude(pk__in=[self.user.pk, *stood_in_for(self.user, self.now)])

    @property
    def workable(self) -> EnrolmentQuerySet:
        """Present people of courses in which somebody can come in now; of a coordinator's, what was given to them."""
        rows = self.seen
        if self.user.is_coordinator:
            rows = rows.filter(pk__in=_given_to(self.user))
        elif self.user.is_tutor:
            rows = Enrolment.objects.filter(among(rows.values("pk")))
        return can_come_in(rows, self.now)

    @property
    def queue(self) -> EnrolmentQuerySet:
        """The enrolments that ask for something now, with `work` and `since`, in the order to take them."""
        reasons = self._reasons()
        rows = self.workable.filter(~self._with_a_colleague())
        rows = rows.annotate(work=Case(*(When(reason, then=Value(work)) for work, reason in reasons.items())))
        since = Case(
            When(work__in=[Work.CALL, Work.REMINDER], then=F("follow_up__next_at")),
            When(work=Work.ARRIVAL, then=F("first_seen_at")),
            default=F("follow_up__due_at"),
            output_field=DateTimeField(),
        )
        return (
            rows.filter(work__isnull=False)  # type: ignore[misc]  # annotated
            .annotate(since=since)
            .order_by("work", "since", "pk")
        )

    @property
    def callback(self) -> Q:
        """«Mine» or «anyone's»; that of who is away or gone is somebody's too."""
        theirs = Q(follow_up__callback_for__in=self.others.values("pk"))
        return Q(follow_up__state=State.CALLBACK) & (Q(follow_up__callback_for=None) | ~theirs)

    def _with_a_colleague(self) -> Q:
        """Taken by a colleague, unless a callback is the user's, or anyone's, or the user has to unblock something."""
        awaited = Q(follow_up__state=State.CALLBACK) | _to_lift(self.user)
        return Q(follow_up__assignee__in=self.others.values("pk")) & ~awaited

    def _reasons(self) -> dict[Work, Q]:
        todo = Q(follow_up__state=State.TODO)
        planned = todo & Q(follow_up__next_at__lte=self.now)
        return {
            Work.CALLBACK: self.callback & Q(follow_up__due_at__lte=self.now),
            Work.BLOCKED: _to_lift(self.user),
            Work.CALL: planned & Q(follow_up__next_channel=Channel.CALL),
            Work.REMINDER: planned & Q(follow_up__next_channel=Channel.EMAIL),
            Work.ARRIVAL: untouched_newcomers(self.now),
            Work.UNDECIDED: todo & Q(follow_up__next_channel="", follow_up__due_at__lte=self.now),
        }


def calls(user: User, now: datetime) -> QuerySet[Enrolment]:
    """Whom to call one after the other: overdue callbacks, then due calls. Nobody who does not want to be called."""
    due = Desk(user, now).queue.filter(work__in=CALLS)  # type: ignore[misc]  # annotated
    return due.exclude(participant__account__person__do_not_call=True)


def can_come_in(rows: EnrolmentQuerySet, now: datetime) -> EnrolmentQuerySet:
    """Where a course is hidden, not open yet or over, nobody is to be chased."""
    goes_on = Q(course__end_date=None) | Q(course__end_date__gt=now)
    return rows.present().filter(is_open("course__", now), goes_on, follow_up__isnull=False)


def _given_to(user: User) -> QuerySet[Any, Any]:
    """A coordinator's own work among thousands: whom they took or were given, who waits for them by name."""
    ids = FollowUp.objects.filter(assignee=user).values_list("enrolment")
    return ids.union(
        FollowUp.objects.filter(callback_for=user).values_list("enrolment"),
        Blockage.objects.filter(owner=user).values_list("follow_up__enrolment"),
    )


def stood_in_for(user: User, now: datetime) -> list[int]:
    """Colleagues who are away and whose people the user looks after."""
    today = timezone.localdate(now)
    absences = Absence.objects.filter(colleague=user, first_day__lte=today, last_day__gte=today)
    return list(absences.values_list("user", flat=True))


def _to_lift(user: User) -> Q:
    """Blocked until the user acts: by the blockage that holds, not by an earlier one."""
    entries = Contact.objects.filter(follow_up=OuterRef("follow_up"), undone_by=None, to_state=State.BLOCKED)
    anew = (~Q(from_state=State.BLOCKED) | Q(kind=Kind.BLOCKED)) & ~Q(kind=Kind.UNDO)
    blocked_again = entries.filter(anew, pk__gt=OuterRef("contact"))
    mine = Blockage.objects.filter(follow_up=OuterRef("follow_up"), owner=user, contact__undone_by=None)
    return Q(follow_up__state=State.BLOCKED) & Q(Exists(mine.exclude(Exists(blocked_again))))


def untouched_newcomers(now: datetime) -> Q:
    """Joined after the first read, not come in, and no human being did anything that still holds."""
    deeds = Contact.objects.filter(follow_up=OuterRef("follow_up"), author__isnull=False, undone_by=None)
    joined_later = Q(first_seen_at__gt=F("course__first_synced_at")) & Q(first_seen_at__gt=now - NEW_FOR)
    outside = Q(last_course_access=None) | Q(last_course_access=EPOCH)
    untouched = Q(follow_up__state__in=[State.WAITING, State.TODO], follow_up__assignee=None)
    return joined_later & outside & untouched & ~Q(Exists(deeds.exclude(kind=Kind.UNDO)))
