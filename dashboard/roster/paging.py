"""Pages of a great many rows. An offset costs as much as reading all that it leaves out, so it is made short."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from dashboard.roster.counts import Cell
from moodle_sync.models import Enrolment

FAR = 5_000


@dataclass(frozen=True)
class Block:
    """Rows that an order keeps together, as the database and as the counts tell them apart."""

    condition: Q
    holds: Callable[[Cell], bool]


class CountedPaginator(Paginator):  # type: ignore[type-arg]  # generic in the stubs only
    """Takes the counts that the tiles already know: COUNT(*) would read the same rows again."""

    def __init__(
        self, ids: QuerySet[Enrolment, int], per_page: int, cells: Sequence[Cell], blocks: Iterable[Block] = ()
    ) -> None:
        super().__init__(ids, per_page)
        self.ids, self.blocks, self.cells = ids, blocks, cells
        self.count = sum(cell.n for cell in cells)

    def page(self, number: int | str) -> "Page[int]":
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        if self.count <= self.per_page:  # whoever came since they were counted stands there too
            return Page(list(self.ids[: self.per_page]), number, self)
        return Page(self._between(first, min(first + self.per_page, self.count)), number, self)

    def about(self, number: int) -> tuple[int, list[int]]:
        """A page with the ones before and after it, and a row on either side: the rank of the first id, and the ids."""
        first = max((number - 2) * self.per_page - 1, 0)
        return first, self._between(first, min((number + 1) * self.per_page + 1, self.count))

    def _between(self, first: int, last: int) -> list[int]:
        """Of the one block that holds the page, if one does; the second half of many is read from its end."""
        rows, before, count = self.ids, 0, self.count
        for block in self.blocks:
            n = sum(cell.n for cell in self.cells if block.holds(cell))
            if before <= first and last <= before + n:
                rows, count = rows.filter(block.condition), n
                break
            before += n
        else:
            before = 0
        first, last = first - before, last - before
        if first < FAR or first * 2 < count:
            return list(rows[first:last])
        return list(rows.reverse()[count - last : count - first])[::-1]


class UncountedPaginator(CountedPaginator):
    """The first page of rows that nobody counted yet: all it knows is whether there is another."""

    def __init__(self, ids: QuerySet[Enrolment, int], per_page: int, cells: Sequence[Cell]) -> None:
        super().__init__(ids, per_page, cells)
        self.found = list(ids[: per_page + 1])
        self.count = len(self.found)

    def _between(self, first: int, last: int) -> list[int]:
        return self.found[first:last]
