"""How many people by access and by state: the tiles, the number of results and of pages, from one GROUP BY."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar

from django.contrib.postgres.aggregates import ArrayAgg
from django.core.cache import cache
from django.db.models import Count, Q, QuerySet
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import User
from dashboard.enums import State
from dashboard.live import pulse
from dashboard.roster.blocks import Bounds, Cell, Cut, Matrix, Order, bounds_of, strip_of
from moodle_sync.enums import Access
from moodle_sync.models import Enrolment
from moodle_sync.signals import course_synced

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


class Listed(NamedTuple):
    """One row of a short list."""

    access: str
    state: str | None
    dated: bool
    contacted: bool
    pk: int


Kind = TypeVar("Kind", Cell, Listed)


def matrix(rows: QuerySet[Enrolment]) -> Matrix:
    """`rows` have the annotation `access`."""
    return [Cell._make((*kind, n, None, ())) for *kind, n in _cells(rows.order_by()).annotate(n=Count("pk"))]


def matrix_of_few(rows: QuerySet[Enrolment]) -> Matrix:
    """The matrix with everybody's id: the page need not look for them again."""
    cells = _cells(rows.order_by()).annotate(n=Count("pk"), ids=ArrayAgg("pk"))
    return [Cell._make((*kind, n, None, ids)) for *kind, n, ids in cells]


def listed(rows: QuerySet[Enrolment]) -> "Known":
    """Rows in order, which are few enough to be counted here: their page is then known too, and nothing read twice."""
    found = [Listed._make(row) for row in _cells(rows, "pk")]
    cells = Counter(row[:-1] for row in found)
    return Known([Cell._make((*kind, n, None, ())) for kind, n in cells.items()], listed=found)


def cut(rows: QuerySet[Enrolment], order: Order) -> Cut:
    """The matrix of each strip of the order, which takes no longer than that of all of them."""
    bounds = bounds_of(rows, order)
    cells = _cells(rows.order_by().annotate(strip=strip_of(order, bounds)), "strip").annotate(n=Count("pk"))
    return Cut([Cell._make((*kind, n, strip, ())) for *kind, strip, n in cells], bounds)


def _cells(rows: QuerySet[Enrolment], *more: str) -> QuerySet[Any, Any]:
    told = rows.annotate(
        dated=Q(follow_up__due_at__isnull=False), contacted=Q(follow_up__last_contact_at__isnull=False)
    )
    return told.values_list("access", "follow_up__state", "dated", "contacted", *more)


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
    bounds: Bounds | None = None
    """Of the strips of which these are the cells, if they are."""
    listed: "Sequence[Listed] | None" = None
    """Everybody counted, in order."""
    has_ids: bool = False
    """Counted just now, with everybody's id."""

    @property
    def to_count(self) -> bool:
        return self.outdated or not self.counted

    @property
    def seconds(self) -> int:
        return int((timezone.now() - self.at).total_seconds()) if self.at else 0

    @property
    def minutes(self) -> int:
        return self.seconds // 60


def shared(rows: QuerySet[Enrolment], user: User, key: str, *, are_few: bool) -> Known:
    """The matrix, kept for those who see a great many rows.

    Reading 100,000 rows takes 60 ms, and sorts, pages, access and state all share this answer. Whatever
    anyone writes here, or a sync brings, makes it anew; only the mere passing of time may lag by SECONDS.
    With `Many` rows something is always being written, and reading them takes a second.
    """
    if not user.is_coordinator:
        return Known(matrix(rows))
    name = f"roster:cells:{cache.get(GENERATION, 0)}:{user.pk}:{_hashed(key)}"
    found: Matrix | None = cache.get(name)
    if found is not None:
        return Known(found)
    found = matrix_of_few(rows) if are_few else matrix(rows)
    # Who they are is not kept: what a user may see is looked up by every request.
    cache.set(name, [cell._replace(ids=()) for cell in found], SECONDS)
    return Known(found, has_ids=are_few)


def _hashed(key: str) -> str:
    """What somebody searches for is a name, which has no place in a key."""
    return sha256(key.encode()).hexdigest()


@dataclass(frozen=True)
class Many:
    """A great many rows, which share what was counted up to a minute ago."""

    rows: QuerySet[Enrolment]
    user: User
    key: str
    order: Order

    def known(self, *, waits: bool) -> Known:
        """What is older is told until it is counted again. `waits`: counted now instead."""
        cells, at, outdated = self._kept(self._name)
        if cells is None or (outdated and waits):
            return Known(self._count().merged) if waits else Known([], counted=False)
        return Known(cells, at, outdated=outdated)

    def in_strips(self) -> Known:
        """For a page far down in this order."""
        found, at, outdated = self._kept(self._name_of_strips)
        if found is None or outdated:
            found, at = self._count(), None
        return Known(found.cells, at, bounds=found.bounds)

    def _kept(self, name: str) -> tuple[Any, datetime | None, bool]:
        """What is there, when it was counted, and whether that is too long ago."""
        found, at = cache.get(name, (None, None))
        if at is None:
            return None, None, True
        acted: datetime | None = cache.get(_acted(self.user))
        return found, at, timezone.now() - at > MINUTE or (acted is not None and acted >= at)

    def _count(self) -> Cut:
        """Strips come without further reading: whoever looks at the first page of an order has the others found."""
        at = timezone.now()
        counted = cut(self.rows, self.order)
        cache.set(self._name, (counted.merged, at), KEPT.total_seconds())
        cache.set(self._name_of_strips, (counted, at), KEPT.total_seconds())
        return counted

    @property
    def _name(self) -> str:
        scope = "all" if self.user.sees_all else str(self.user.pk)
        return f"roster:many:{scope}:{_hashed(self.key)}"

    @property
    def _name_of_strips(self) -> str:
        return f"{self._name}:{self.order.name}"


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


def chosen(kinds: Iterable[Kind], *, access: Sequence[str], state: Sequence[str]) -> list[Kind]:
    """Those of the list: by access and by state too."""
    return [one for one in kinds if (not access or one.access in access) and (not state or one.state in state)]


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
