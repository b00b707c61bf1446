"""Countries and regions whose public holidays a site may keep, as the `holidays` library names them."""

from functools import cache

import holidays
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

COUNTRIES: dict[str, str | Promise] = {
    "FR": _("France"),
    "BE": _("Belgium"),
    "CA": _("Canada"),
    "CH": _("Switzerland"),
    "LU": _("Luxembourg"),
    "MC": _("Monaco"),
}
"""Where French-speaking training is. Another one is a line here."""
NOT_PLACES = "Zone"
"""School zones stand among the French regions; they have no public holidays of their own."""


@cache
def regions(country: str) -> dict[str, str]:
    """Names by code; a region is called by its longest name («La Réunion», not «RE»)."""
    known = type(holidays.country_holidays(country))
    named = {code: max(names, key=len, default=code) for code, names in known.get_subdivision_aliases().items()}
    return {code: named[code] for code in sorted(named, key=named.__getitem__) if not code.startswith(NOT_PLACES)}


def region_name(country: str, code: str) -> str:
    return regions(country).get(code, code)
