"""The columns of the roster, and by what each sorts."""

from collections.abc import Sequence
from copy import copy
from typing import Any, NamedTuple

import django_tables2 as tables
from django.db.models import F, Q, QuerySet, Value
from django.db.models.expressions import Combinable, OrderBy
from django.db.models.functions import Left
from django.db.models.lookups import Exact, GreaterThan, IsNull
from django.utils.translation import gettext_lazy as _
from django_tables2.columns import BoundColumn

from dashboard.enums import BY_URGENCY, State
from dashboard.models.follow_up import state_rank
from dashboard.roster.blocks import Block, Order
from moodle_sync.enums import EPOCH, Access
from moodle_sync.models import Enrolment
from moodle_sync.places import city_key
from moodle_sync.querysets import last_access

FOLLOW_UP = F("follow_up__id")
ID = F("id")
DATED = Block(Q(follow_up__due_at__isnull=False), lambda cell: cell.dated, F("follow_up__due_at"))
UNDATED = Block(Q(follow_up__due_at=None), lambda cell: not cell.dated, FOLLOW_UP)
CONTACTED = Block(
    Q(follow_up__last_contact_at__isnull=False), lambda cell: cell.contacted, F("follow_up__last_contact_at")
)
NEVER_CONTACTED = Block(Q(follow_up__last_contact_at=None), lambda cell: not cell.contacted, FOLLOW_UP)


def _of_state(state: State | None) -> Block:
    """By its rank, which the index of the order begins with."""
    rank = state_rank("follow_up__")
    held = IsNull(rank, True) if state is None else Exact(rank, Value(BY_URGENCY.index(state)))
    return Block(Q(held), lambda cell: cell.state == state, FOLLOW_UP)


def _everybody(key: Combinable, bounded_by: Combinable | None = None, *, unknown_last: bool = False) -> Block:
    return Block(Q(pk__isnull=False), lambda cell: True, key, bounded_by, unknown_last)


NEVER = Block(
    Q(Exact(last_access(), Value(EPOCH))), lambda cell: cell.access in {Access.NEVER_PLATFORM, Access.NEVER_COURSE}, ID
)
CAME = Block(
    Q(GreaterThan(last_access(), Value(EPOCH))),
    lambda cell: cell.access in {Access.DORMANT, Access.ACTIVE},
    last_access(),
)
UNKNOWN = Block(Q(IsNull(last_access(), True)), lambda cell: cell.access == Access.UNKNOWN, ID)


class SortedColumn(tables.Column):
    """Sorted by `ascending`; descending is its exact reverse unless given. The id makes every order total.

    `blocks`: what the order keeps together, in ascending order, as far as the counts know it; all of it, if nothing.
    """

    def __init__(
        self,
        *,
        ascending: Sequence[OrderBy],
        descending: Sequence[OrderBy] | None = None,
        blocks: Sequence[Block],
        blocks_descending: Sequence[Block] | None = None,
        css: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(empty_values=(), **kwargs)
        self.ascending, self.descending, self.css = ascending, descending, css
        self.blocks = blocks
        self.blocks_descending = blocks[::-1] if blocks_descending is None else blocks_descending

    def __deepcopy__(self, memo: dict[int, Any]) -> "SortedColumn":
        """Each table copies its columns: the expressions they sort by never change, and take long to copy."""
        return copy(self)

    def order(self, queryset: QuerySet[Enrolment], is_descending: bool) -> tuple[QuerySet[Enrolment], bool]:
        if is_descending and self.descending:
            return queryset.order_by(*self.descending, "-pk"), True
        rows = queryset.order_by(*self.ascending, "pk")
        return rows.reverse() if is_descending else rows, True


class RosterTable(tables.Table):
    """Each order is that of an index, so that a page of 25 costs the same among 100 rows and 100,000."""

    teacher = SortedColumn(
        verbose_name=_("Teacher"),
        css="c-who",
        ascending=[F("participant__sort_key").asc()],
        blocks=[_everybody(F("participant__sort_key"), Left("participant__sort_key", 3))],
    )
    place = SortedColumn(
        verbose_name=_("City and country"),
        css="c-pl",
        ascending=[
            city_key("participant__").asc(nulls_last=True),
            F("participant__country").asc(),
            F("participant__id").asc(),
        ],
        blocks=[_everybody(city_key("participant__"))],
    )
    course = SortedColumn(
        verbose_name=_("Session and group"),
        css="c-ses",
        ascending=[F("course__sort_key").asc(), F("course__id").asc()],
        blocks=[_everybody(F("course__sort_key"))],
    )
    access = SortedColumn(
        verbose_name=_("Last access"),
        css="c-ac",
        ascending=[last_access().asc(nulls_last=True)],
        descending=[last_access().desc(nulls_last=True)],
        blocks=[NEVER, CAME, UNKNOWN],
        blocks_descending=[CAME, NEVER, UNKNOWN],
    )
    # No column of its own: the list may be sorted by it all the same, from the head of the accesses.
    platform = SortedColumn(
        verbose_name=_("Last access to the platform"),
        visible=False,
        css="",
        ascending=[F("last_site_access").asc(nulls_last=True)],
        descending=[F("last_site_access").desc(nulls_last=True)],
        blocks=[_everybody(F("last_site_access"), unknown_last=True)],
    )
    state = SortedColumn(
        verbose_name=_("Follow-up"),
        css="c-fu",
        ascending=[state_rank("follow_up__").asc(), FOLLOW_UP.asc()],
        blocks=[_of_state(state) for state in (*BY_URGENCY, None)],
    )
    contact = SortedColumn(
        verbose_name=_("Last contact"),
        css="c-ct",
        ascending=[F("follow_up__last_contact_at").asc(nulls_first=True), FOLLOW_UP.asc()],
        blocks=[NEVER_CONTACTED, CONTACTED],
    )
    # The default. What has been due longest comes first: overdue callbacks, then what is to be done; what has no
    # date (waiting, closed) comes last. Access does not break ties: it lies in another table, so no index could
    # hold both, and nobody who is due has come in anyway.
    next = SortedColumn(
        verbose_name=_("Next action"),
        css="c-nx",
        ascending=[F("follow_up__due_at").asc(nulls_last=True), FOLLOW_UP.asc()],
        blocks=[DATED, UNDATED],
    )

    class Meta:
        order_by = "next"
        per_page = 25


COLUMNS = tuple(name for name, column in RosterTable.base_columns.items() if column.visible)


class Head(NamedTuple):
    """What stands above a column, and by what one sorts from there."""

    column: BoundColumn
    also: BoundColumn | None

    @classmethod
    def of(cls, column: BoundColumn, table: RosterTable) -> "Head":
        return cls(column, table.columns["platform"] if column.name == "access" else None)

    @property
    def ordered(self) -> BoundColumn | None:
        return next((column for column in self if column is not None and column.is_ordered), None)


def order_of(sort: str) -> Order:
    """By what `sort` names: «next», «-next»."""
    name, is_descending = sort.removeprefix("-"), sort.startswith("-")
    column: SortedColumn = RosterTable.base_columns[name]
    return Order(name, column.blocks_descending if is_descending else column.blocks, is_descending)


def sorted_by(sort: str, rows: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    column: SortedColumn = RosterTable.base_columns[sort.removeprefix("-")]
    return column.order(rows, sort.startswith("-"))[0]
