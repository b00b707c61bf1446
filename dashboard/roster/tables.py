"""The columns of the roster, and by what each sorts."""

from collections.abc import Sequence
from copy import copy
from typing import Any

import django_tables2 as tables
from django.db.models import F, Q, QuerySet, Value
from django.db.models.expressions import OrderBy
from django.db.models.lookups import Exact, GreaterThan, IsNull
from django.utils.translation import gettext_lazy as _

from dashboard.enums import BY_URGENCY, State
from dashboard.models.follow_up import state_rank
from dashboard.roster.paging import Block
from moodle_sync.enums import EPOCH, Access
from moodle_sync.models import Enrolment
from moodle_sync.places import city_key
from moodle_sync.querysets import last_access

FOLLOW_UP = F("follow_up__id").asc()
DATED = Block(Q(follow_up__due_at__isnull=False), lambda cell: cell.dated)
UNDATED = Block(Q(follow_up__due_at=None), lambda cell: not cell.dated)
CONTACTED = Block(Q(follow_up__last_contact_at__isnull=False), lambda cell: cell.contacted)
NEVER_CONTACTED = Block(Q(follow_up__last_contact_at=None), lambda cell: not cell.contacted)


def _of_state(state: State | None) -> Block:
    return Block(Q(follow_up__state=state), lambda cell: cell.state == state)


NEVER = Block(
    Q(Exact(last_access(), Value(EPOCH))), lambda cell: cell.access in {Access.NEVER_PLATFORM, Access.NEVER_COURSE}
)
CAME = Block(Q(GreaterThan(last_access(), Value(EPOCH))), lambda cell: cell.access in {Access.DORMANT, Access.ACTIVE})
UNKNOWN = Block(Q(IsNull(last_access(), True)), lambda cell: cell.access == Access.UNKNOWN)


class SortedColumn(tables.Column):
    """Sorted by `ascending`; descending is its exact reverse unless given. The id makes every order total.

    `blocks`: what the order keeps together, in ascending order, as far as the counts know it.
    """

    def __init__(
        self,
        *,
        ascending: Sequence[OrderBy],
        descending: Sequence[OrderBy] | None = None,
        blocks: Sequence[Block] = (),
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

    teacher = SortedColumn(verbose_name=_("Teacher"), css="c-who", ascending=[F("participant__sort_key").asc()])
    place = SortedColumn(
        verbose_name=_("City and country"),
        css="c-pl",
        ascending=[
            city_key("participant__").asc(nulls_last=True),
            F("participant__country").asc(),
            F("participant__id").asc(),
        ],
    )
    course = SortedColumn(
        verbose_name=_("Session and group"),
        css="c-ses",
        ascending=[F("course__sort_key").asc(), F("course__id").asc()],
    )
    access = SortedColumn(
        verbose_name=_("Last access"),
        css="c-ac",
        ascending=[last_access().asc(nulls_last=True)],
        descending=[last_access().desc(nulls_last=True)],
        blocks=[NEVER, CAME, UNKNOWN],
        blocks_descending=[CAME, NEVER, UNKNOWN],
    )
    state = SortedColumn(
        verbose_name=_("Follow-up"),
        css="c-fu",
        ascending=[state_rank("follow_up__").asc(), FOLLOW_UP],
        blocks=[_of_state(state) for state in (*BY_URGENCY, None)],
    )
    contact = SortedColumn(
        verbose_name=_("Last contact"),
        css="c-ct",
        ascending=[F("follow_up__last_contact_at").asc(nulls_first=True), FOLLOW_UP],
        blocks=[NEVER_CONTACTED, CONTACTED],
    )
    # The default. What has been due longest comes first: overdue callbacks, then what is to be done; what has no
    # date (waiting, closed) comes last. Access does not break ties: it lies in another table, so no index could
    # hold both, and nobody who is due has come in anyway.
    next = SortedColumn(
        verbose_name=_("Next action"),
        css="c-nx",
        ascending=[F("follow_up__due_at").asc(nulls_last=True), FOLLOW_UP],
        blocks=[DATED, UNDATED],
    )

    class Meta:
        order_by = "next"
        per_page = 25

    @property
    def blocks(self) -> Sequence[Block]:
        """Of the order in force, from its first row to its last."""
        [sort] = self.order_by
        column: SortedColumn = self.base_columns[sort.bare]
        return column.blocks_descending if sort.is_descending else column.blocks
