"""When something happened on Moodle, in words no more exact than what the reads can tell."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from dashboard.enums import Kind
from dashboard.models import Contact
from dashboard.moments import clock

NARROW = timedelta(hours=1)
"""Nobody needs it more exactly."""


def window_words(contact: Contact) -> str:
    """«entered between 12/11 9:00 and 12/11 11:00», or simply the day; empty for what Moodle never dated."""
    if contact.happened_at is None:
        return ""
    zone = contact.follow_up.enrolment.course.site.zone
    latest = contact.happened_at.astimezone(zone)
    if contact.happened_after is None:
        return _("entered on %(day)s at the latest") % {"day": _day(latest)}
    earliest = contact.happened_after.astimezone(zone)
    if latest - earliest <= NARROW and latest.date() == earliest.date():
        return _("entered on %(day)s") % {"day": _day(latest)}
    return _("entered between %(earliest)s and %(latest)s") % {
        "earliest": f"{_day(earliest)} {clock(earliest, zone)}",
        "latest": f"{_day(latest)} {clock(latest, zone)}",
    }


def _day(moment: datetime) -> str:
    return date_format(moment, "d/m")


def after_contact(contact: Contact, kinds: Mapping[int, Kind]) -> str:
    """Did it work? Nothing where Moodle's stamp is earlier than the last contact; no more than the window allows."""
    last = contact.before.get("last_contact_at")
    if not last or contact.happened_at is None:
        return ""
    called = datetime.fromisoformat(last)
    if contact.happened_at < called:
        return ""
    zone = contact.follow_up.enrolment.course.site.zone
    day = called.astimezone(zone).date()
    most = (contact.happened_at.astimezone(zone).date() - day).days
    was_call = kinds.get(contact.before.get("last_contact_id")) == Kind.CALL
    earliest = contact.happened_after
    if earliest is not None and earliest >= called:
        return _surely(was_call, (earliest.astimezone(zone).date() - day).days, most)
    if earliest is not None and most == 0 and earliest.astimezone(zone).date() == day:
        return _("the day of the call") if was_call else _("the day of the contact")
    return _perhaps(was_call, most)


def _surely(was_call: bool, least: int, most: int) -> str:
    if most == 0:
        return _("the day of the call") if was_call else _("the day of the contact")
    days = {"least": least, "days": most}
    if least == most:
        return (_("%(days)d d after the call") if was_call else _("%(days)d d after the contact")) % days
    if least == 0:
        return (
            _("at most %(days)d d after the call") if was_call else _("at most %(days)d d after the contact")
        ) % days
    words = _("%(least)d to %(days)d d after the call") if was_call else _("%(least)d to %(days)d d after the contact")
    return words % days


def _perhaps(was_call: bool, most: int) -> str:
    """Reads were too far apart to tell whether the person came in before the contact."""
    if most == 0:
        return _("by the day of the call at the latest") if was_call else _("by the day of the contact at the latest")
    if was_call:
        words = _("at most %(days)d d after the call, perhaps before it")
    else:
        words = _("at most %(days)d d after the contact, perhaps before it")
    return words % {"days": most}
