"""The roster as one address shows it to one user: used by the page, and by the answers to its buttons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.core.paginator import Page
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from dashboard.calls import leases
from dashboard.courses.freshness import Freshness, freshness
from dashboard.roster import counts
from dashboard.roster.chips import Chip, chips
from dashboard.roster.filters import COUNTED, RosterFilter
from dashboard.roster.paging import CountedPaginator
from dashboard.roster.queries import found_first, roster_for, with_row_data
from dashboard.roster.rows import Row
from dashboard.roster.tables import RosterTable
from dashboard.roster.tiles import Tile, access_tiles, state_tiles
from dashboard.scope import visible_courses

FEW = 5_000
"""So many can be found one by one, and sorted, in a few milliseconds."""
NOT_FILTERS = {"page", "sort", "open"}


@dataclass
class Roster:
    user: User
    params: QueryDict
    now: datetime

    @classmethod
    def of(cls, user: User, params: QueryDict) -> "Roster":
        return cls(user, params, timezone.now())

    @cached_property
    def filter(self) -> RosterFilter:
        return RosterFilter(self.params, roster_for(self.user, self.now), user=self.user, now=self.now)

    @cached_property
    def matrix(self) -> counts.Matrix:
        rows = self.filter.uncounted()
        key = repr(sorted((name, value) for name, value in self.filter.values.items() if name not in COUNTED))
        return counts.shared_matrix(rows, self.user, key)

    @cached_property
    def counts(self) -> counts.Counts:
        return counts.tally(self.matrix, **self._chosen)

    @property
    def _chosen(self) -> dict[str, Sequence[str]]:
        return {name: self.filter.values.get(name, []) for name in COUNTED}

    @cached_property
    def are_few(self) -> bool:
        """All that a tutor has, and what a coordinator finds by narrow filters."""
        return self.user.is_tutor or self.counts.total <= FEW

    @cached_property
    def table(self) -> RosterTable:
        rows = self.filter.counted(self.filter.uncounted())
        if self.are_few and not self.user.is_tutor:
            rows = found_first(rows)
        sort = self.params.get("sort", "")
        known = sort.removeprefix("-") in RosterTable.base_columns
        return RosterTable(rows, order_by=sort if known else RosterTable.Meta.order_by)

    @cached_property
    def paginator(self) -> CountedPaginator:
        ids = self.table.data.data.values_list("pk", flat=True)
        cells = counts.chosen(self.matrix, **self._chosen)
        blocks = () if self.are_few else self.table.blocks
        return CountedPaginator(ids, RosterTable.Meta.per_page, cells, blocks)

    @cached_property
    def page(self) -> "Page[int]":
        """Ids; a page beyond the end is the last one, as rows come and go."""
        return self.paginator.get_page(self.params.get("page"))

    @cached_property
    def rows(self) -> list[Row]:
        records = with_row_data(list(self.page.object_list), self.now)
        persons = {r.pk: r.participant.account.person_id for r in records if hasattr(r.participant, "account")}
        held = leases.held(persons.values(), self.now, but=self.user)
        return [
            Row(
                record,
                self.user,
                self.now,
                is_open=record.pk == self.open_pk,
                held_by=held[persons[record.pk]].user if persons.get(record.pk) in held else None,
            )
            for record in records
        ]

    @cached_property
    def freshness(self) -> Freshness:
        return freshness(visible_courses(self.user))

    @property
    def chips(self) -> list[Chip]:
        return chips(self.filter, self.params, self.url)

    @property
    def access_tiles(self) -> list[Tile]:
        return access_tiles(self.counts, self.params, self.url)

    @property
    def state_tiles(self) -> list[Tile]:
        return state_tiles(self.counts, self.params, self.url)

    @property
    def url(self) -> str:
        return reverse("dashboard:roster")

    @property
    def here(self) -> str:
        """This list, without the panel."""
        params = self.params.copy()
        params.pop("open", None)
        return f"{self.url}?{params.urlencode()}" if params else self.url

    @property
    def open_pk(self) -> int | None:
        """The enrolment whose panel stands beside the list."""
        value = self.params.get("open", "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None

    @property
    def is_filtered(self) -> bool:
        return any(value for name, value in self.params.items() if name not in NOT_FILTERS)

    @cached_property
    def is_empty(self) -> bool:
        """Nobody at all is entrusted to the user, whatever the filters."""
        return not self.counts.total and not roster_for(self.user, self.now).exists()
