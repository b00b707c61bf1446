"""When something happened on Moodle, in words no more exact than what the reads can tell."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.enums import Kind
from dashboard.models import Contact
from dashboard.moments import clock

Text = str | Promise
NARROW = timedelta(hours=1)
"""Nobody needs it more exactly."""
CALL = timedelta(minutes=30)
"""So long at most, a call and the writing down of it."""


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


def begun(kind: Kind | None, noted_at: datetime) -> datetime:
    """From when on an entry may be the work of a contact: a call is noted at its end, and people come in during it."""
    return noted_at - CALL if kind == Kind.CALL else noted_at


def after_contact(contact: Contact, kinds: Mapping[int, Kind]) -> str:
    """Did it work? Nothing where Moodle's stamp is earlier than the last contact; no more than the window allows."""
    last = contact.before.get("last_contact_at")
    if not last or contact.happened_at is None:
        return ""
    then = datetime.fromisoformat(last)
    kind = kinds.get(contact.before.get("last_contact_id"))
    if contact.happened_at < begun(kind, then):
        return ""
    zone = contact.follow_up.enrolment.course.site.zone
    day = then.astimezone(zone).date()
    most = (contact.happened_at.astimezone(zone).date() - day).days
    words = WORDS[_what(kind)]
    if contact.happened_at < then:
        return str(words.same_day)
    earliest = contact.happened_after
    if earliest is not None and earliest >= then:
        return _surely(words, (earliest.astimezone(zone).date() - day).days, most)
    if earliest is not None and most == 0 and earliest.astimezone(zone).date() == day:
        return str(words.same_day)
    # Reads were too far apart to tell whether the person came in before the contact.
    return str(words.by_the_day) if most == 0 else str(words.perhaps) % {"days": most}


class _Words(NamedTuple):
    same_day: Text
    days: Text
    at_most: Text
    between: Text
    by_the_day: Text
    perhaps: Text


WORDS = {
    "call": _Words(
        gettext_lazy("the day of the call"),
        gettext_lazy("%(days)d d after the call"),
        gettext_lazy("at most %(days)d d after the call"),
        gettext_lazy("%(least)d to %(days)d d after the call"),
        gettext_lazy("by the day of the call at the latest"),
        gettext_lazy("at most %(days)d d after the call, perhaps before it"),
    ),
    "reminder": _Words(
        gettext_lazy("the day of the reminder"),
        gettext_lazy("%(days)d d after the reminder"),
        gettext_lazy("at most %(days)d d after the reminder"),
        gettext_lazy("%(least)d to %(days)d d after the reminder"),
        gettext_lazy("by the day of the reminder at the latest"),
        gettext_lazy("at most %(days)d d after the reminder, perhaps before it"),
    ),
    "contact": _Words(
        gettext_lazy("the day of the contact"),
        gettext_lazy("%(days)d d after the contact"),
        gettext_lazy("at most %(days)d d after the contact"),
        gettext_lazy("%(least)d to %(days)d d after the contact"),
        gettext_lazy("by the day of the contact at the latest"),
        gettext_lazy("at most %(days)d d after the contact, perhaps before it"),
    ),
}


def _what(kind: Kind | None) -> str:
    if kind == Kind.CALL:
        return "call"
    return "reminder" if kind in {Kind.EMAIL, Kind.MESSAGE} else "contact"


def _surely(words: _Words, least: int, most: int) -> str:
    if most == 0:
        return str(words.same_day)
    days = {"least": least, "days": most}
    if least == most:
        return str(words.days) % days
    return str(words.at_most if least == 0 else words.between) % days
