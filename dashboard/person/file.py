"""One person's file as one user may see it: the enrolment asked for, and the person's others in scope."""

from dataclasses import dataclass, field
from typing import cast

from django.shortcuts import get_object_or_404

from accounts.models import User
from dashboard.enums import OPEN_STATES, State
from dashboard.models import FollowUp, Person
from dashboard.scope import visible_enrolments
from moodle_sync.enums import Standing
from moodle_sync.models import Enrolment, Participant
from moodle_sync.querysets import EnrolmentQuerySet


@dataclass(frozen=True)
class File:
    user: User
    person: Person
    enrolment: Enrolment
    enrolments: list[Enrolment] = field(default_factory=list)
    """All of the person's in the user's scope, that of the file first; each with `access` and `follow_up`."""

    @property
    def participants(self) -> list[Participant]:
        return list({e.participant.pk: e.participant for e in self.enrolments}.values())

    @property
    def by_account(self) -> list[Enrolment]:
        """One enrolment for each account."""
        return list({e.participant.pk: e for e in reversed(self.enrolments)}.values())[::-1]

    @property
    def name(self) -> str:
        """Empty for an account without a name."""
        return self.enrolment.participant.full_name

    @property
    def follow_ups(self) -> list[FollowUp]:
        """With those of who is staff now: what was written of them is still to be read."""
        return [e.follow_up for e in self.enrolments if hasattr(e, "follow_up")]

    @property
    def follow_up(self) -> FollowUp | None:
        """None for staff: who became a tutor keeps a follow-up for the day they learn again, but out of sight."""
        return None if self.enrolment.standing == Standing.STAFF else getattr(self.enrolment, "follow_up", None)

    @property
    def countable(self) -> list[FollowUp]:
        """What one call may count for: the file's own follow-up, then the open ones of present people."""
        own = self.follow_up
        others = [f for f in self.follow_ups if f != own and _is_open(f)]
        return [own, *others] if own else []


def _is_open(follow_up: FollowUp) -> bool:
    return State(follow_up.state) in OPEN_STATES and follow_up.enrolment.standing == Standing.PRESENT


def open_file(user: User, pk: int) -> File:
    """The file behind an enrolment. 404 for a stranger's, or before a person is known for the account."""
    visible = (
        cast(EnrolmentQuerySet, visible_enrolments(user))
        .filter(participant__account__isnull=False)
        .select_related("course__site", "participant__site", "participant__account__person", "follow_up__last_contact")
        .with_access()
        .prefetch_related("groups")
        .order_by("-course__start_date", "pk")
    )
    enrolment = get_object_or_404(visible, pk=pk)
    person = enrolment.participant.account.person
    enrolments = list(visible.filter(participant__account__person=person))
    enrolments.sort(key=lambda other: other.pk != pk)
    return File(user, person, enrolments[0], enrolments)
