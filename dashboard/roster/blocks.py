"""What an order keeps together, counted with the tiles: a page far down begins at its block, not at the first row.

An offset costs as much as reading all that it leaves out. The blocks that the tiles' counts tell apart (with and
without a date, each state) are few and may hold a million rows: strips of them lie between values of what they are
sorted by, and the counts are then those of each strip.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Case, Func, IntegerField, Max, Min, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.lookups import GreaterThanOrEqual, IsNull, LessThan

from dashboard.roster.queries import among_these
from moodle_sync.models import Enrolment

STRIPS = 100
SAMPLED = 30 * STRIPS
"""So many rows tell between which values equal shares of all of them lie, more or less."""


class Cell(NamedTuple):
    """How many people have this in common."""

    access: str
    state: str | None
    dated: bool
    contacted: bool
    n: int
    strip: int | None = None
    """Of its block, from the first; None: nothing to sort it by, which comes last."""
    ids: Sequence[int] = ()
    """Theirs, where few were looked for one by one."""


Matrix = list[Cell]


@dataclass(frozen=True)
class Block:
    """Rows that an order keeps together, as the database and as the counts tell them apart."""

    condition: Q
    holds: Callable[[Cell], bool]
    key: Combinable
    """By what its rows are sorted first, ascending."""
    bounded_by: Combinable | None = None
    """From what its strips are made: what is kept of a list may not be anybody's name."""
    unknown_last: bool = False
    """Whose key is not known come last in either direction."""

    @property
    def source(self) -> Combinable:
        return self.bounded_by or self.key

    def bounds(self, known: "Bounds") -> list[Any]:
        return known[repr(self.source)]


@dataclass(frozen=True)
class Order:
    """Blocks from the first row to the last one; `is_descending`: within each, the greatest key comes first.

    The same `name` has the same blocks, in whatever order.
    """

    name: str
    blocks: Sequence[Block]
    is_descending: bool = False


Bounds = dict[str, list[Any]]
"""By what the rows of a block are sorted by: the least keys of its strips but the first."""


@dataclass(frozen=True)
class Cut:
    """The counts of each strip of an order, and between which keys they lie."""

    cells: Matrix
    bounds: Bounds

    @property
    def merged(self) -> Matrix:
        """Without the strips."""
        found = Counter[tuple[Any, ...]]()
        for *kind, n, _strip, _ids in self.cells:
            found[*kind] += n
        return [Cell._make((*kind, n, None, ())) for kind, n in found.items()]


def bounds_of(rows: QuerySet[Enrolment], order: Order) -> Bounds:
    """As a sample has them. Were they unfair, strips would be long here and short there, and pages no less right."""
    ends = Enrolment.objects.aggregate(first=Min("pk"), last=Max("pk"))
    if ends["first"] is None:
        return {repr(block.source): [] for block in order.blocks}
    ids = range(ends["first"], ends["last"] + 1)
    some = rows.filter(pk__in=random.sample(ids, min(SAMPLED, len(ids))))
    return {repr(source): _evenly(_sorted(some, source)) for source in {block.source for block in order.blocks}}


def _sorted(rows: QuerySet[Enrolment], key: Combinable) -> list[Any]:
    """By the database: it alone knows in which order it has words."""
    found: QuerySet[Any, Any] = rows.annotate(_key=key).order_by("_key").values_list("_key", flat=True)
    return [value for value in found if value is not None]


def _evenly(values: list[Any]) -> list[Any]:
    step = max(len(values) // STRIPS, 1)
    return list(dict.fromkeys(values[step::step]))


def strip_of(order: Order, bounds: Bounds) -> Case:
    """In which strip of its block a row lies."""
    places = (When(block.condition, then=_place(block.key, block.bounds(bounds))) for block in order.blocks)
    return Case(*places, output_field=IntegerField())


def _place(key: Combinable, bounds: list[Any]) -> Combinable:
    if not bounds:
        return Case(When(IsNull(key, False), then=Value(0)))
    return Func(key, Value(bounds), function="width_bucket", output_field=IntegerField())


class Piece(NamedTuple):
    """Rows that a page shows, all of one block or strip: from `first` until `last` of its `n`."""

    condition: Q
    first: int
    last: int
    n: int

    @property
    def way(self) -> int:
        """How many rows lie before it, from the nearer end."""
        return min(self.first, self.n - self.last)


def pieces(order: Order, cells: Sequence[Cell], first: int, last: int, bounds: Bounds | None = None) -> list[Piece]:
    """`bounds`: where the cells are those of strips."""
    found, before = [], 0
    for block in order.blocks:
        held = [cell for cell in cells if block.holds(cell)]
        ends = None if bounds is None else block.bounds(bounds)
        counted = _counted(held, ends, backwards=order.is_descending, unknown_last=block.unknown_last)
        for strip, n in counted:
            if n and before < last and first < before + n:
                condition = block.condition if ends is None else _within(block, ends, strip)
                if held[0].ids:
                    condition = Q(among_these("pk", [pk for cell in held for pk in cell.ids]))
                found.append(Piece(condition, max(first - before, 0), min(last - before, n), n))
            before += n
    return found


def _counted(
    cells: Sequence[Cell], bounds: list[Any] | None, *, backwards: bool, unknown_last: bool
) -> Iterable[tuple[int | None, int]]:
    if bounds is None:
        return [(None, sum(cell.n for cell in cells))]
    by_strip = Counter[int | None]()
    for cell in cells:
        by_strip[cell.strip] += cell.n
    strips: list[int | None] = [*range(len(bounds) + 1)]
    if backwards:
        strips.reverse()
    strips.insert(0 if backwards and not unknown_last else len(strips), None)
    return [(strip, by_strip[strip]) for strip in strips]


def _within(block: Block, bounds: list[Any], strip: int | None) -> Q:
    condition = block.condition & Q(IsNull(block.key, strip is None))
    if strip:
        condition &= Q(GreaterThanOrEqual(block.key, Value(bounds[strip - 1])))
    if strip is not None and strip < len(bounds):
        condition &= Q(LessThan(block.key, Value(bounds[strip])))
    return condition
