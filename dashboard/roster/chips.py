"""The filters in force, in words, each with its way out."""

from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from dashboard.roster.filters import RosterFilter
from dashboard.roster.tiles import address


@dataclass(frozen=True)
class Chip:
    name: str
    label: str
    text: str
    without: str
    """The list's address without this filter."""


def chips(roster_filter: RosterFilter, params: QueryDict, url: str) -> list[Chip]:
    found = []
    for name, value in roster_filter.values.items():
        field = roster_filter.form.fields[name]
        without = address(params, url, **{name: []})
        found.append(Chip(name, str(field.label), _words(value, dict(getattr(field, "choices", []))), without))
    return found


def _words(value: str | list[str], labels: dict[str, str]) -> str:
    if isinstance(value, str):
        return _("“%(text)s”") % {"text": value}
    if len(value) == 1:
        return str(labels.get(value[0], value[0]))
    return _("%(n)s chosen") % {"n": len(value)}
