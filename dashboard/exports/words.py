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
    parts = [_("A search") if chip.name == SEARCH and not with_search else _chip_words(chip) for chip in roster.chips]
    return " · ".join(parts) or _("Everybody followed")


def selection_words(n: int) -> str:
    return ngettext("%(n)s person, selected by hand", "%(n)s people, selected by hand", n) % {"n": n}


def _chip_words(chip: Chip) -> str:
    named = [value.text for value in chip.values[:NAMED]]
    more = len(chip.values) - NAMED
    if more > 0:
        named.append(ngettext("%(n)s more", "%(n)s more", more) % {"n": more})
    return _("%(label)s: %(values)s") % {"label": chip.label, "values": ", ".join(named)}
