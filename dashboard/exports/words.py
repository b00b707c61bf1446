"""Which people a list holds, in words: for its author, for paper, and for whoever looks into what left Vigie."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.roster.filters import RosterFilter
from dashboard.roster.listing import Roster

NAMED = 5
"""More values of one filter than these are counted."""
SEARCH = "q"


def filter_words(roster: Roster, *, with_search: bool) -> str:
    """«Session: Lire; Follow-up: To do». What is searched for is a name mostly: it stays on the user's own paper."""
    chosen = roster.filter
    parts = []
    for name, value in chosen.values.items():
        if name == SEARCH:
            parts.append(_("Search: “%(text)s”") % {"text": value} if with_search else _("A search"))
        else:
            words = _("%(label)s: %(values)s")
            parts.append(words % {"label": chosen.form.fields[name].label, "values": _values(chosen, name, value)})
    return "; ".join(parts) or _("Everybody followed")


def selection_words(n: int) -> str:
    return ngettext("%(n)s person, selected by hand", "%(n)s people, selected by hand", n) % {"n": n}


def _values(chosen: RosterFilter, name: str, value: object) -> str:
    labels = _flat(getattr(chosen.form.fields[name], "choices", []))
    values = value if isinstance(value, list) else [value]
    named = [str(labels.get(str(one), one)) for one in values[:NAMED]]
    more = len(values) - NAMED
    if more > 0:
        named.append(ngettext("%(n)s more", "%(n)s more", more) % {"n": more})
    return ", ".join(named)


def _flat(choices: object) -> dict[str, str]:
    """Of choices that may stand in groups."""
    found: dict[str, str] = {}
    for value, label in choices:  # type: ignore[attr-defined]  # of whatever kind the field has
        found |= _flat(label) if isinstance(label, list | tuple) else {str(value): str(label)}
    return found
