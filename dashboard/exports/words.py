"""Which people a list holds, in words: for its author, for paper, and for whoever looks into what left Vigie."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.roster.chips import Chip
from dashboard.roster.listing import Roster

NAMED = 5
"""More values of one filter than these are counted."""
SEARCH = "q"


def filter_words(roster: Roster, *, with_search: bool) -> str:
    """«Session: Lire · Follow-up: To do». What is searched for is a name mostly: it stays on the user's own paper."""
    told: dict[str, list[str]] = {}
    for chip in roster.chips:
        # Two filters of one label are alternatives, as are the values of one.
        told.setdefault(str(chip.label), []).extend(
            [] if chip.name == SEARCH and not with_search else _named(chip),
        )
    parts = [
        _("%(label)s: %(values)s") % {"label": label, "values": ", ".join(values)} if values else _("A search")
        for label, values in told.items()
    ]
    return " · ".join(parts) or _("Everybody followed")


def selection_words(n: int) -> str:
    return ngettext("%(n)s person, selected by hand", "%(n)s people, selected by hand", n) % {"n": n}


def _named(chip: Chip) -> list[str]:
    named = [value.text for value in chip.values[:NAMED]]
    more = len(chip.values) - NAMED
    if more > 0:
        named.append(ngettext("%(n)s more", "%(n)s more", more) % {"n": more})
    return named
