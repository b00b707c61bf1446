"""The five accesses and the states, with their counts: each is a link that filters, or stops filtering."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.functional import Promise

from dashboard.enums import BY_URGENCY, State
from dashboard.roster.counts import Counts
from dashboard.roster.menus import FIND, MENU
from moodle_sync.enums import Access


@dataclass(frozen=True)
class Tile:
    value: str
    label: str | Promise
    count: int
    url: str
    current: bool
    share: int = 0
    """Whole per cent of those counted."""
    start: str = "0"
    width: str = "0"
    """The tile's part of the bar, in per cent."""


def access_tiles(counts: Counts, params: QueryDict, url: str) -> list[Tile]:
    whole = counts.of_any_access
    tiles, before = [], 0
    for access in Access:
        n = counts.access[access]
        tiles.append(
            Tile(
                access,
                access.label,
                n,
                *_link(params, url, "access", access),
                share=round(100 * n / whole) if whole else 0,
                start=f"{100 * before / whole:.2f}%" if whole else "0",
                width=f"{100 * n / whole:.2f}%" if whole else "0",
            )
        )
        before += n
    return tiles


def state_tiles(counts: Counts, params: QueryDict, url: str) -> list[Tile]:
    """«Reminded» appears with the first reminder."""
    return [
        Tile(state, state.label, counts.state[state], *_link(params, url, "state", state))
        for state in BY_URGENCY
        if state != State.REMINDED or counts.state[state] or state in params.getlist("state")
    ]


def _link(params: QueryDict, url: str, name: str, value: str) -> tuple[str, bool]:
    current = value in params.getlist(name)
    others = [kept for kept in params.getlist(name) if kept != value] if current else [value]
    return address(params, url, **{name: others}), current


def address(params: QueryDict, url: str, **changes: list[str]) -> str:
    """The list's address with other filters: from its first page, without the panel, without blanks."""
    lists = {name: values for name, values in params.lists() if name not in {"page", "open", MENU}} | changes
    query = {name: values for name, values in lists.items() if any(values) and not name.startswith(FIND)}
    return f"{url}?{urlencode(query, doseq=True)}" if query else url
