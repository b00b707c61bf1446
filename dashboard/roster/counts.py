"""How many people by access and by state: the tiles, the number of results and of pages, from one GROUP BY."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import Count, Q, QuerySet
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import User
from dashboard.enums import State
from dashboard.live import pulse
from moodle_sync.enums import Access
from moodle_sync.models import Enrolment
from moodle_sync.signals import course_synced


class Cell(NamedTuple):
    """How many people have this in common."""

    access: str
    state: str | None
    dated: bool
    contacted: bool
    n: int


Matrix = list[Cell]
SECONDS = 20
MANY = 50_000
"""With more than this in scope, counts may be a minute old, and say so."""
LONG = 10_000
"""Fewer than this are then counted at once all the same: one course, however many there are."""
MINUTE = timedelta(minutes=1)
KEPT = timedelta(minutes=10)
GENERATION = "roster:generation"


@dataclass(frozen=True)
class Counts:
    """People by access and by state; each follows the other filter, and both follow all the rest."""

    access: dict[str, int]
    state: dict[str, int]
    total: int

    @property
    def of_any_access(self) -> int:
        return sum(self.access.values())


def matrix(rows: QuerySet[Enrolment]) -> Matrix:
    """`rows` have the annotation `access`."""
    groups: QuerySet[Any, Any] = rows.order_by().annotate(
        dated=Q(follow_up__due_at__isnull=False), contacted=Q(follow_up__last_contact_at__isnull=False)
    )
    cells = groups.values_list("access", "follow_up__state", "dated", "contacted").annotate(n=Count("pk"))
    return [Cell(*cell) for cell in cells]


@dataclass(frozen=True)
class Known:
    """A matrix, and how far it may be believed."""

    cells: Matrix
    at: datetime | None = None
    """When it was counted, if not just now."""
    counted: bool = True
    """False: nobody counted these yet, and it takes too long to let the list wait for it."""
    outdated: bool = False
    """Older than a minute, or than the user's last act: the page has it counted again."""

    @property
    def to_count(self) -> bool:
        return self.outdated or not self.counted

    @property
    def seconds(self) -> int:
        return int((timezone.now() - self.at).total_seconds()) if self.at else 0

    @property
    def minutes(self) -> int:
        return self.seconds // 60


def shared(rows: QuerySet[Enrolment], user: User, key: str, *, many: bool, waits: bool) -> Known:
    """The matrix, kept for those who see a great many rows.

    Reading 100,000 rows takes 60 ms, and sorts, pages, access and state all share this answer. Whatever
    anyone writes here, or a sync brings, makes it anew; only the mere passing of time may lag by SECONDS.
    With `many` rows something is always being written, and reading them takes a second: see `_counted`.
    """
    if not user.is_coordinator:
        return Known(matrix(rows))
    # Hashed: what somebody searches for is a name, which has no place in a key.
    digest = sha256(key.encode()).hexdigest()
    if many:
        scope = "all" if user.sees_all else str(user.pk)
        return _counted(rows, user, f"roster:many:{scope}:{digest}", waits=waits)
    name = f"roster:cells:{cache.get(GENERATION, 0)}:{user.pk}:{digest}"
    found: Matrix | None = cache.get(name)
    if found is None:
        found = matrix(rows)
        cache.set(name, found, SECONDS)
    return Known(found)


def _counted(rows: QuerySet[Enrolment], user: User, name: str, *, waits: bool) -> Known:
    """What was counted up to a minute ago; what is older, until it is counted again. `waits`: counted now instead."""
    kept: tuple[Matrix, datetime] | None = cache.get(name)
    if kept:
        cells, at = kept
        acted: datetime | None = cache.get(_acted(user))
        outdated = timezone.now() - at > MINUTE or (acted is not None and acted >= at)
        if not (outdated and waits):
            return Known(cells, at, outdated=outdated)
    elif not waits:
        return Known([], counted=False)
    at = timezone.now()
    cells = matrix(rows)
    cache.set(name, (cells, at), KEPT.total_seconds())
    return Known(cells)


def forget(by: User | None = None) -> None:
    """Follow-ups or enrolments changed: counts no longer hold. Those of many rows are anew for who changed them."""
    cache.add(GENERATION, 0, None)
    cache.incr(GENERATION)
    pulse.beat()
    if by is not None:
        cache.set(_acted(by), timezone.now(), KEPT.total_seconds())


def _acted(user: User) -> str:
    return f"roster:acted:{user.pk}"


@receiver(course_synced, dispatch_uid="dashboard.roster.counts")
def _forget_after_sync(**kwargs: Any) -> None:
    forget()


def chosen(cells: Matrix, *, access: Sequence[str], state: Sequence[str]) -> Matrix:
    """Those of the list: by access and by state too."""
    return [cell for cell in cells if (not access or cell.access in access) and (not state or cell.state in state)]


def tally(cells: Matrix, *, access: Sequence[str], state: Sequence[str]) -> Counts:
    by_access, by_state = Counter[str](), Counter[str]()
    for cell in chosen(cells, access=[], state=state):
        by_access[cell.access] += cell.n
    for cell in chosen(cells, access=access, state=[]):
        by_state[cell.state or ""] += cell.n
    return Counts(
        access={key: by_access[key] for key in Access},
        state={key: by_state[key] for key in State},
        total=sum(cell.n for cell in chosen(cells, access=access, state=state)),
    )
