"""How the list is laid out: what the address says, else what the user chose, else as Vigie has it."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import QueryDict

from accounts.models import User
from dashboard import preferences
from dashboard.models.preference import PAGE_SIZES
from dashboard.roster.tables import COLUMNS, RosterTable

NEVER_HIDDEN = "teacher"
IN_ADDRESS = ("sort", "columns", "per")
"""Of the address, and stronger than what was chosen."""


@dataclass(frozen=True)
class Display:
    order: tuple[str, ...]
    """Of all columns."""
    columns: tuple[str, ...]
    """Those shown."""
    sort: str
    density: str
    page_size: int

    @classmethod
    def of(cls, user: User, params: QueryDict) -> "Display":
        chosen = preferences.of(user)
        order = complete(chosen.column_order)
        hidden = set(chosen.hidden_columns) - {NEVER_HIDDEN}
        asked = [name for name in params.get("columns", "").split(",") if name in COLUMNS]
        if asked:
            order = complete([NEVER_HIDDEN, *asked] if NEVER_HIDDEN not in asked else asked)
            hidden = set(order) - {NEVER_HIDDEN, *asked}
        per = params.get("per", "")
        return cls(
            order=order,
            columns=tuple(name for name in order if name not in hidden),
            sort=next(filter(is_sort, (params.get("sort", ""), chosen.sort)), RosterTable.Meta.order_by),
            density=chosen.density,
            page_size=int(per) if per in map(str, PAGE_SIZES) else chosen.page_size,
        )


def is_sort(text: str) -> bool:
    return text.removeprefix("-") in RosterTable.base_columns


def complete(names: Iterable[str]) -> tuple[str, ...]:
    """Every column once: those named first, in this order; what Vigie has learnt since comes after."""
    return tuple(dict.fromkeys([*(name for name in names if name in COLUMNS), *COLUMNS]))


def moved(order: Iterable[str], name: str, by: int) -> list[str]:
    """One place up (−1) or down (1); at the end of the list it stays."""
    names = list(order)
    here = names.index(name)
    there = min(max(here + by, 0), len(names) - 1)
    names[here], names[there] = names[there], names[here]
    return names
