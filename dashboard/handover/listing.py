"""Whom one may hand over: chosen by course, group and tutor."""

from collections.abc import Container
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from accounts.models import User
from dashboard.courses.tutors import Tutoring, tutoring
from dashboard.enums import OPEN_STATES
from dashboard.handover.colleagues import in_order, receivers, tutors_of
from dashboard.models import FollowUp
from dashboard.roster import choices
from dashboard.roster.queries import few_people, matching
from dashboard.scope import entrusted_to, own_enrolments
from moodle_sync.enums import Standing
from moodle_sync.models import Course, Enrolment

SHOWN = 200


@dataclass
class Candidate:
    enrolment: Enrolment
    tutors: list[User]

    @property
    def follow_up(self) -> FollowUp:
        return self.enrolment.follow_up

    @property
    def name(self) -> str:
        return self.enrolment.participant.full_name

    @property
    def group_names(self) -> str:
        return ", ".join(group.name for group in self.enrolment.groups.all() if group.gone_at is None)


def handable(user: User) -> QuerySet[FollowUp]:
    """Of people present, still followed: a coordinator's in scope, a tutor's own."""
    mine = own_enrolments(user).filter(standing=Standing.PRESENT)
    return FollowUp.objects.filter(enrolment__in=mine, state__in=OPEN_STATES)


@dataclass
class Candidates:
    """What the page shows for one address. A filter that is not the user's to choose is ignored."""

    user: User
    params: QueryDict

    @cached_property
    def courses(self) -> list[choices.Choice]:
        return choices.courses(self.user)

    @cached_property
    def groups(self) -> list[choices.Choice]:
        named = self.params.copy()
        named.setlist("course", [self.course] if self.course else [])
        found = choices.groups(self.user, named, self.courses) if self.course else []
        return [choice for _course, own in found for choice in own]

    @cached_property
    def tutors(self) -> list[User]:
        return in_order(tutors_of(self.user)) if self.user.is_coordinator else []

    @cached_property
    def course(self) -> str:
        return _chosen(self.params.get("course", ""), dict(self.courses))

    @cached_property
    def group(self) -> str:
        return _chosen(self.params.get("group", ""), dict(self.groups))

    @cached_property
    def tutor(self) -> str:
        return _chosen(self.params.get("tutor", ""), {str(user.pk) for user in self.tutors})

    @property
    def query(self) -> str:
        return self.params.get("q", "")[:200].strip()

    @property
    def asked(self) -> bool:
        """A coordinator oversees thousands: they choose first."""
        return not self.user.is_coordinator or bool(self.course or self.tutor or self.query)

    @cached_property
    def found(self) -> QuerySet[FollowUp]:
        rows = handable(self.user)
        if self.course:
            rows = rows.filter(enrolment__course=int(self.course))
        if self.group:
            rows = rows.filter(enrolment__memberships__group=int(self.group))
        if self.tutor:
            given_away = Q(assignee__isnull=False) & ~Q(assignee=int(self.tutor))
            rows = rows.filter(enrolment__in=entrusted_to(int(self.tutor))).exclude(given_away)
        if self.query:
            mine = own_enrolments(self.user)
            people = None if self.user.is_tutor else few_people(self.query)
            rows = rows.filter(enrolment__in=matching(mine, self.query, people))
        return rows

    @cached_property
    def total(self) -> int:
        return self.found.count() if self.asked else 0

    @cached_property
    def rows(self) -> list[Candidate]:
        """By name. No more than one act hands over."""
        if not self.asked:
            return []
        found = Enrolment.objects.filter(follow_up__in=self.found)
        found = found.with_access(now=timezone.now()).select_related("participant", "course", "follow_up__assignee")
        people = list(found.prefetch_related("groups").order_by("participant__sort_key", "pk")[:SHOWN])
        who = tutoring({enrolment.course_id for enrolment in people})
        return [Candidate(enrolment, _tutors(enrolment, who)) for enrolment in people]

    @cached_property
    def receivers(self) -> list[User]:
        return receivers(self.user, [row.enrolment.course for row in self.rows])


def _chosen(value: str, allowed: Container[str]) -> str:
    return value if value in allowed else ""


def _tutors(enrolment: Enrolment, who: Tutoring) -> list[User]:
    """The one it was given to, else those of the group."""
    if enrolment.follow_up.assignee:
        return [enrolment.follow_up.assignee]
    groups: list[int | None] = [group.pk for group in enrolment.groups.all()] or [None]
    return list({user.pk: user for group in groups for user in who.of((enrolment.course_id, group))}.values())


def courses_of(follow_ups: QuerySet[FollowUp]) -> list[Course]:
    return list(Course.objects.filter(enrolments__follow_up__in=follow_ups).distinct())
