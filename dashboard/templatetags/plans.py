from django import template
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from dashboard.plan.calendar import Calendar
from dashboard.plan.regions import COUNTRIES, region_name

register = template.Library()


@register.simple_tag
def weekdays(calendar: Calendar) -> str:
    """«Monday, Tuesday, Thursday»."""
    names = [str(WEEKDAYS[day]) for day in sorted(calendar.weekdays)]
    words = ", ".join(names)
    return words[:1].upper() + words[1:].lower()


@register.simple_tag
def public_holidays(calendar: Calendar) -> str:
    if not calendar.country:
        return _("Public holidays count as other days.")
    country = str(COUNTRIES.get(calendar.country, calendar.country))
    if not calendar.subdivision:
        return _("Without the public holidays of %(country)s.") % {"country": country}
    region = region_name(calendar.country, calendar.subdivision)
    return _("Without the public holidays of %(country)s (%(region)s).") % {"country": country, "region": region}
