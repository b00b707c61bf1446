"""When Vigie tries again, in words."""

from datetime import datetime, timedelta
from math import ceil

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.moments import clock
from moodle_sync.models import Site


def next_try_words(at: datetime, site: Site, now: datetime) -> str:
    """In minutes while it is near, else the time, else the day too."""
    wait = at - now
    if wait <= timedelta():
        return _("within a minute")
    if wait < timedelta(hours=1):
        minutes = ceil(wait / timedelta(minutes=1))
        return ngettext("in %(n)s minute", "in %(n)s minutes", minutes) % {"n": minutes}
    local = at.astimezone(site.zone)
    time = clock(at, site.zone)
    if local.date() == now.astimezone(site.zone).date():
        return _("today at %(time)s") % {"time": time}
    if local.date() == (now + timedelta(days=1)).astimezone(site.zone).date():
        return _("tomorrow at %(time)s") % {"time": time}
    return _("on %(day)s at %(time)s") % {"day": date_format(local, "MONTH_DAY_FORMAT"), "time": time}
