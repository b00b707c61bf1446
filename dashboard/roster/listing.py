"""The roster as one address shows it to one user: used by the page, and by the answers to its buttons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.core.paginator import Page
from django.db.models import Q, QuerySet, Sum
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django_tables2.columns import BoundColumn

from accounts.models import User
from dashboard.calls import leases
from dashboard.courses.freshness import Freshness, freshness
from dashboard.models.preference import PAGE_SIZES, Density
from dashboard.roster import counts
from dashboard.roster.blocks import Matrix, Order
from dashboard.roster.chips import Chip, chips
from dashboard.roster.counts import Known, Many
from dashboard.roster.display import IN_ADDRESS, Display
from dashboard.roster.filters import COUNTED, RosterFilter
from dashboard.roster.menus import FIND, MENU, Menu, menu
from dashboard.roster.paging import CountedPaginator, FoundPaginator, ListedPaginator, UncountedPaginator
from dashboard.roster.queries import Seen, found_first, roster_for, seen_by, with_row_data
from dashboard.roster.rows import Row
from dashboard.roster.tables import Head, RosterTable, order_of, sorted_by
from dashboard.roster.tiles import Tile, access_tiles, address, state_tiles
from dashboard.scope import visible_courses
from dashboard.views_saved.shelf import EVERYBODY, View, default_of, normal, shelf_of
from moodle_sync.models import Enrolment

FEW = 5_000
"""So many can be found one by one, and sorted, in a few milliseconds."""
NARROW = {"group", "handed"}
CONTACT_DAYS = (3, 7, 14, 30)
NOT_FILTERS = {"page", "open", "view", MENU, *IN_ADDRESS}


FIELDS = {"q", "course", "group", "access", "state", "tutor", "cause", "contact", "contact_before", "due", "presence"}
"""Filters that the form draws."""


def _filters(name: str) -> bool:
    return name not in NOT_FILTERS and not name.startswith(FIND)


def shown(user: User, params: QueryDict) -> str:
    """What an address says, and how the list is laid out under it: a view looks the same for good, and to all."""
    params = params.copy()
    display = Display.of(user, params)
    params["sort"], params["columns"] = display.sort, ",".join(display.columns)
    return normal(params)


@dataclass
class Roster:
    user: User
    params: QueryDict
    now: datetime
    waits: bool = True
    """For counts that take long. The list itself does not: it is shown, and has them brought when they are there."""

    @classmethod
    def of(cls, user: User, params: QueryDict, *, waits: bool = True) -> "Roster":
        params = params.copy()
        asked = params.pop("recount", None)
        if default_of(user) and not params.get("view"):  # the bare address, without the last filter, opens that one
            params["view"] = EVERYBODY
        # A deep page is found by what was counted.
        return cls(user, params, timezone.now(), waits or bool(asked) or params.get("page", "1") != "1")

    @cached_property
    def filter(self) -> RosterFilter:
        rows = roster_for(self.user, self.now, self.seen)
        return RosterFilter(self.params, rows, user=self.user, now=self.now, seen=self.seen)

    @cached_property
    def seen(self) -> Seen | None:
        return seen_by(self.user)

    @cached_property
    def uncounted(self) -> QuerySet[Enrolment]:
        """Made once: a search looks its people up for it."""
        return self.filter.uncounted()

    @cached_property
    def known(self) -> Known:
        if self.filter.lost:
            return Known([])
        rows = self.uncounted
        if self.seen is not None and len(self.seen) <= FEW:
            return counts.listed(sorted_by(self.display.sort, rows))
        key = repr(sorted((name, value) for name, value in self.filter.values.items() if name not in COUNTED))
        if not self._are_many:
            return counts.shared(rows, self.user, key, are_few=self.filter.finds_few)
        many = Many(rows, self.user, key, self.order)
        known = many.known(waits=self.waits)
        if known.counted and self._paginator(rows.order_by("pk"), known).is_far(self.params.get("page")):
            return many.in_strips()
        return known

    @cached_property
    def order(self) -> Order:
        return order_of(self.display.sort)

    @property
    def _are_many(self) -> bool:
        """As far as the courses themselves know."""
        if self.user.is_tutor or self.filter.finds_few or self.filter.values.keys() & NARROW:
            return False
        chosen = self.filter.values.get("course")
        asked = Q(pk__in=chosen) if chosen else None
        people = visible_courses(self.user).aggregate(
            everybody=Sum("people_read"), asked=Sum("people_read", filter=asked)
        )
        return (people["everybody"] or 0) > counts.MANY and (people["asked"] or 0) > counts.LONG

    @property
    def matrix(self) -> Matrix:
        return self.known.cells

    @cached_property
    def counts(self) -> counts.Counts:
        return counts.tally(self.matrix, **self._chosen)

    @property
    def _chosen(self) -> dict[str, Sequence[str]]:
        return {name: self.filter.values.get(name, []) for name in COUNTED}

    @cached_property
    def are_few(self) -> bool:
        """All that a tutor has, and what a coordinator finds by narrow filters."""
        if self.user.is_tutor or self.known.has_ids:
            return True
        return self.known.counted and self.counts.total <= FEW

    @cached_property
    def table(self) -> RosterTable:
        rows = self.filter.counted(self.uncounted)
        if self.are_few and not self.user.is_tutor and not self.filter.lost:
            rows = found_first(rows)
        return RosterTable(rows, order_by=self.display.sort)

    @cached_property
    def display(self) -> Display:
        return Display.of(self.user, self.params)

    @property
    def heads(self) -> list[Head]:
        """Of the columns shown, in order."""
        return [Head.of(self.table.columns[name], self.table) for name in self.display.columns]

    @property
    def by_platform(self) -> bool:
        """Each row then shows by what it is sorted."""
        return self.display.sort.removeprefix("-") == "platform"

    @property
    def all_columns(self) -> list[tuple[BoundColumn, bool]]:
        """In order, and whether each is shown."""
        return [(self.table.columns[name], name in self.display.columns) for name in self.display.order]

    @property
    def densities(self) -> list[tuple[str, str]]:
        return [(value, str(label)) for value, label in Density.choices]

    @property
    def page_sizes(self) -> Sequence[int]:
        return PAGE_SIZES

    @property
    def contact_days(self) -> list[int]:
        """What the menu offers; and what the address asks for, if it is another."""
        asked = self.filter.values.get("contact_before")
        return sorted({*CONTACT_DAYS, *([asked] if asked else [])})

    @property
    def menus(self) -> dict[str, Menu]:
        asked = self.params.get(MENU)
        drawn = {name: name == asked or FIND + name in self.params for name in self.filter.sources}
        return {
            name: menu(name, source, self.params, self.filter.chosen[name], drawn=drawn[name])
            for name, source in self.filter.sources.items()
        }

    @cached_property
    def paginator(self) -> CountedPaginator:
        size = self.display.page_size
        if self.known.listed is not None:
            return ListedPaginator([one.pk for one in counts.chosen(self.known.listed, **self._chosen)], size)
        if self.known.has_ids:
            everybody = sorted_by(self.display.sort, Enrolment.objects.all()).values_list("pk", flat=True)
            return FoundPaginator(everybody, size, counts.chosen(self.matrix, **self._chosen), self.order)
        ids = self.table.data.data.values_list("pk", flat=True)
        return self._paginator(ids, self.known) if self.known.counted else UncountedPaginator(ids, size)

    def _paginator(self, ids: QuerySet[Enrolment, Any], known: Known) -> CountedPaginator:
        cells = counts.chosen(known.cells, **self._chosen)
        few = self.user.is_tutor or sum(cell.n for cell in cells) <= FEW
        return CountedPaginator(ids, self.display.page_size, cells, None if few else self.order, known.bounds)

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

    @cached_property
    def access_tiles(self) -> list[Tile]:
        return access_tiles(self.counts, self.params, self.url)

    @property
    def state_tiles(self) -> list[Tile]:
        return state_tiles(self.counts, self.params, self.url)

    @cached_property
    def view(self) -> View | None:
        """The saved view that this list began as."""
        key = self.params.get("view")
        return shelf_of(self.user).find(key) if key else None

    @property
    def view_changed(self) -> bool:
        view = self.view
        return view is not None and shown(self.user, self.params) != shown(self.user, QueryDict(view.query))

    @property
    def view_lost(self) -> bool:
        """Deleted since, or shared no longer; its filters still stand in the address."""
        return self.view is None and self.params.get("view", EVERYBODY) != EVERYBODY

    @property
    def url(self) -> str:
        return reverse("dashboard:roster")

    @property
    def counting_url(self) -> str:
        """Answers with the counts of this list, once they are there."""
        params = self.params.copy()
        params["recount"] = "1"
        return f"{self.url}?{params.urlencode()}"

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
        return any(value for name, value in self.params.items() if _filters(name))

    @property
    def unfiltered(self) -> str:
        """The list's address without its filters, laid out as it is."""
        without: dict[str, list[str]] = {name: [] for name in self.params if _filters(name)}
        if default_of(self.user):  # the bare address opens that one
            without["view"] = [EVERYBODY]
        return address(self.params, self.url, **without)

    @property
    def carried(self) -> list[tuple[str, str]]:
        """What the address holds and the form has no field for: «Handed over by», the sort."""
        left = {"page", "open", MENU, *FIELDS}
        return [
            (name, value)
            for name, values in self.params.lists()
            if name not in left and not name.startswith(FIND)
            for value in values
        ]

    @cached_property
    def is_empty(self) -> bool:
        """Nobody at all is entrusted to the user, whatever the filters."""
        return not self.counts.total and not roster_for(self.user, self.now, self.seen).exists()
