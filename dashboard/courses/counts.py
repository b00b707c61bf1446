"""How many people are in which state, by course or by group: one GROUP BY per concern, whatever the rows."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from django.core.cache import cache
from django.db.models import Count, Q

from accounts.models import User
from dashboard.enums import State
from dashboard.roster.counts import GENERATION, SECONDS
from dashboard.scope import visible_enrolments
from moodle_sync.enums import Access
from moodle_sync.models import Enrolment
from moodle_sync.querysets import EnrolmentQuerySet, is_open

MANY = 100
BY_COURSE = "course_id"
BY_GROUP = "memberships__group_id"
"""A key of None: people without group. Someone in two groups counts in both."""


@dataclass(frozen=True)
class Segment:
    """A part of the stacked bar. Widths are text: a number would be written «12,5» in French."""

    access: Access
    count: int
    x: str
    width: str

    @property
    def css(self) -> str:
        return self.access.value.replace("_", "-")


@dataclass(frozen=True)
class AccessCounts:
    """The five access states of some people, never one without the others."""

    by_state: Mapping[str, int] = field(default_factory=dict)

    @property
    def people(self) -> int:
        return sum(self.by_state.values())

    @property
    def entered(self) -> int:
        return self._of(Access.ACTIVE, Access.DORMANT)

    @property
    def never(self) -> int:
        return self._of(Access.NEVER_PLATFORM, Access.NEVER_COURSE)

    @property
    def unknown(self) -> int:
        return self._of(Access.UNKNOWN)

    @property
    def known(self) -> int:
        return self.people - self.unknown

    @property
    def tells_entries(self) -> bool:
        """May a percentage be shown? Where course access is hidden, whoever came in is among the unknown:
        the few who are known to be out would make a false 0 %."""
        course_access_told = bool(self.entered or self._of(Access.NEVER_COURSE))
        return self.known > 0 and (not self.unknown or (course_access_told and self.unknown < self.known))

    @property
    def entered_percent(self) -> int | None:
        """Of those whose access is known; None: nobody can say."""
        return round(100 * self.entered / self.known) if self.tells_entries else None

    @property
    def segments(self) -> list[Segment]:
        parts, x = [], 0.0
        for access in Access:
            if count := self._of(access):
                width = 100 * count / self.people
                parts.append(Segment(access, count, f"{x:.2f}%", f"{width:.2f}%"))
                x += width
        return parts

    def _of(self, *states: Access) -> int:
        return sum(self.by_state.get(state, 0) for state in states)


@dataclass(frozen=True)
class Work:
    """What is due now: to do, of which never contacted, and callbacks whose agreed time has passed."""

    todo: int = 0
    untouched: int = 0
    callbacks: int = 0


def counted_enrolments(user: User, course_ids: Collection[int]) -> EnrolmentQuerySet:
    """Who is counted for the user in these courses, which they oversee: of a tutor's, only their own people."""
    enrolments = visible_enrolments(user) if user.is_tutor else Enrolment.objects.all()
    assert isinstance(enrolments, EnrolmentQuerySet)
    return enrolments.present().filter(course_id__in=course_ids)


def counts_by_course(
    user: User, course_ids: Sequence[int], now: datetime
) -> tuple[dict[int | None, AccessCounts], dict[int | None, Work]]:
    """Access and work of each course. Those of a great many courses are kept some seconds: sorting, paging
    and searching share them. What anyone writes or a sync brings makes them anew, as for the roster."""

    def count() -> tuple[dict[int | None, AccessCounts], dict[int | None, Work]]:
        people = counted_enrolments(user, course_ids)
        return access_by(BY_COURSE, people, now), work_by(BY_COURSE, people, now)

    if user.is_tutor or len(course_ids) <= MANY:
        return count()
    digest = sha256(repr(course_ids).encode()).hexdigest()
    key = f"courses:counts:{cache.get(GENERATION, 0)}:{digest}"
    found: tuple[dict[int | None, AccessCounts], dict[int | None, Work]] | None = cache.get(key)
    if found is None:
        found = count()
        cache.set(key, found, SECONDS)
    return found


def access_by(key: str, enrolments: EnrolmentQuerySet, now: datetime) -> dict[int | None, AccessCounts]:
    found: dict[int | None, dict[str, int]] = defaultdict(dict)
    rows = enrolments.with_access(now=now).values_list(key, "access").annotate(n=Count("pk")).order_by()
    for owner, access, count in rows:
        found[owner][access] = count
    return {owner: AccessCounts(states) for owner, states in found.items()}


def work_by(key: str, enrolments: EnrolmentQuerySet, now: datetime) -> dict[int | None, Work]:
    """Nobody is due where nobody can come in: a course that was hidden again keeps its states and asks for nothing."""
    todo = Q(follow_up__state=State.TODO)
    rows = (
        enrolments.filter(
            is_open("course__", now), follow_up__state__in=[State.TODO, State.CALLBACK], follow_up__due_at__lte=now
        )
        .values_list(key)
        .annotate(
            todo=Count("pk", filter=todo),
            untouched=Count("pk", filter=todo & Q(follow_up__last_contact_at=None)),
            callbacks=Count("pk", filter=Q(follow_up__state=State.CALLBACK)),
        )
        .order_by()
    )
    return {owner: Work(*counts) for owner, *counts in rows}
