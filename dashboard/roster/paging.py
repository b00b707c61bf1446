"""Pages of a great many rows."""

from collections.abc import Sequence

from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.db.models import QuerySet

from dashboard.roster.blocks import Bounds, Cell, Order, Piece, pieces
from dashboard.roster.queries import among_these, planned_for_a_page
from moodle_sync.models import Enrolment

FAR = 5_000


class CountedPaginator(Paginator):  # type: ignore[type-arg]  # generic in the stubs only
    """Takes the counts that the tiles already know: COUNT(*) would read the same rows again."""

    def __init__(
        self,
        ids: QuerySet[Enrolment, int] | list[int],
        per_page: int,
        cells: Sequence[Cell],
        order: Order | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        """`order`: pages are looked for within their block; or strip, with the `bounds` of these."""
        super().__init__(ids, per_page)
        self.ids, self.cells, self.order, self.bounds = ids, cells, order, bounds
        self.count = sum(cell.n for cell in cells)

    def page(self, number: int | str) -> "Page[int]":
        number = self.validate_number(number)
        if self.count <= self.per_page:  # whoever came since they were counted stands there too
            return Page(list(self.ids[: self.per_page]), number, self)
        return Page(self._between(*self._rows_of(number)), number, self)

    def about(self, number: int) -> tuple[int, list[int]]:
        """A page with the ones before and after it, and a row on either side: the rank of the first id, and the ids."""
        first = max((number - 2) * self.per_page - 1, 0)
        return first, self._between(first, min((number + 1) * self.per_page + 1, self.count))

    def is_far(self, asked: str | None) -> bool:
        """So many rows stand before the page, of those that the counts tell apart, that it takes long to get there."""
        first, last = self._rows_of(self._number(asked))
        return any(piece.way >= FAR for piece in self._pieces(first, last))

    def _number(self, asked: str | None) -> int:
        """As `get_page` understands it."""
        try:
            return self.validate_number(asked or "")
        except PageNotAnInteger:
            return 1
        except EmptyPage:
            return self.num_pages

    def _rows_of(self, number: int) -> tuple[int, int]:
        first = (number - 1) * self.per_page
        return first, min(first + self.per_page, self.count)

    def _pieces(self, first: int, last: int) -> list[Piece]:
        return pieces(self.order, self.cells, first, last, self.bounds) if self.order else []

    def _between(self, first: int, last: int) -> list[int]:
        if not self.order:
            return list(self.ids[first:last])
        with planned_for_a_page():
            return [pk for piece in self._pieces(first, last) for pk in self._read(piece)]

    @property
    def _sorted(self) -> QuerySet[Enrolment, int]:
        """Of which a piece is a part."""
        assert isinstance(self.ids, QuerySet)
        return self.ids

    def _read(self, piece: Piece) -> list[int]:
        """The second half of many is read from its end."""
        rows = self._sorted.filter(piece.condition)
        if piece.first < FAR or piece.first * 2 < piece.n:
            return list(rows[piece.first : piece.last])
        return list(rows.reverse()[piece.n - piece.last : piece.n - piece.first])[::-1]


class FoundPaginator(CountedPaginator):
    """Of rows whose ids came with their counts: those of a page's block are looked up by theirs."""

    def __init__(self, everybody: QuerySet[Enrolment, int], per_page: int, cells: Sequence[Cell], order: Order) -> None:
        """`everybody`: all the ids there are, in order."""
        found = [pk for cell in cells for pk in cell.ids]
        super().__init__(everybody.filter(among_these("pk", found)), per_page, cells, order)
        self._everybody = everybody

    @property
    def _sorted(self) -> QuerySet[Enrolment, int]:
        return self._everybody


class ListedPaginator(CountedPaginator):
    """Of rows that were all read already."""

    def __init__(self, ids: list[int], per_page: int) -> None:
        super().__init__(ids, per_page, ())
        self.count = len(ids)


class UncountedPaginator(ListedPaginator):
    """The first page of rows that nobody counted yet: all it knows is whether there is another."""

    def __init__(self, ids: QuerySet[Enrolment, int], per_page: int) -> None:
        super().__init__(list(ids[: per_page + 1]), per_page)
