"""The filters in force, in words, each value with its way out."""

from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.roster.filters import RosterFilter
from dashboard.roster.tiles import address

TOLD = 2
"""So many values of one filter are each read at a glance; more of them are one chip that unfolds."""


@dataclass(frozen=True)
class Value:
    id: str
    text: str
    without: str
    """The list's address without this value."""


@dataclass(frozen=True)
class Chip:
    name: str
    label: str
    values: list[Value]
    without: str
    """The list's address without this filter."""

    @property
    def text(self) -> str:
        if self.is_folded:
            return _("%(n)s chosen") % {"n": len(self.values)}
        return ", ".join(value.text for value in self.values)

    @property
    def is_folded(self) -> bool:
        return len(self.values) > TOLD


def chips(roster_filter: RosterFilter, params: QueryDict, url: str) -> list[Chip]:
    found = []
    for name, value in roster_filter.values.items():
        field = roster_filter.form.fields[name]
        labels = dict(getattr(field, "choices", []))
        many = isinstance(value, list)
        values = [
            Value(
                f"{name}-{one}" if many else name,
                _words(one, labels),
                address(params, url, **{name: _others(value, one)}),
            )
            for one in (value if many else [value])
        ]
        found.append(Chip(name, str(field.label), values, address(params, url, **{name: []})))
    return found + [_lost(roster_filter, name, params, url) for name in roster_filter.lost]


def _lost(roster_filter: RosterFilter, name: str, params: QueryDict, url: str) -> Chip:
    without = address(params, url, **{name: []})
    return Chip(name, str(roster_filter.form.fields[name].label), [Value(name, _("unknown value"), without)], without)


def _others(value: object, one: str) -> list[str]:
    return [kept for kept in value if kept != one] if isinstance(value, list) else []


def _words(value: str | int, labels: dict[str, str]) -> str:
    if isinstance(value, int):
        return ngettext("more than %(n)s day ago", "more than %(n)s days ago", value) % {"n": value}
    return str(labels[value]) if value in labels else _("“%(text)s”") % {"text": value}
