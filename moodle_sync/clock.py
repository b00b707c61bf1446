"""Moodle's clock against ours. Access stamps are its clock's; every list and rule reckons with ours."""

from dataclasses import replace
from datetime import UTC
from email.utils import parsedate_to_datetime

from moodle_sync.remote import RemoteParticipant

NOTICED = 120
"""Seconds: less is the network's delay, and the second to which the header is rounded."""
SETTLED = 60
"""A difference that changes by less is the same: stamps must not move with every read."""
BELIEVED = 43_200
"""Beyond half a day the header is a cache's; a Moodle so far off could not let anybody log in."""


def ahead(date_header: str | None, now: float) -> int | None:
    """How many seconds the server's clock is ahead of ours; None: it does not say."""
    try:
        told = parsedate_to_datetime(date_header or "")
    except ValueError:
        return None
    if told.tzinfo is None:
        told = told.replace(tzinfo=UTC)
    difference = round(told.timestamp() - now)
    if abs(difference) > BELIEVED:
        return None
    return difference if abs(difference) >= NOTICED else 0


def settled(known: int, measured: int | None) -> int:
    """The difference to reckon with: the known one, unless it really changed."""
    if measured is None or (measured and abs(measured - known) < SETTLED):
        return known
    return measured


def by_our_clock(person: RemoteParticipant, seconds_ahead: int, now: float) -> RemoteParticipant:
    """The stamps as our clock would have written them. One from beyond tomorrow says nothing: unknown, not active."""
    site = _ours(person.last_site_access, seconds_ahead, now)
    course = _ours(person.last_course_access, seconds_ahead, now)
    if (site, course) == (person.last_site_access, person.last_course_access):
        return person  # nearly always: copying 20,000 people costs
    return replace(person, last_site_access=site, last_course_access=course)


def _ours(stamp: int | None, seconds_ahead: int, now: float) -> int | None:
    """0 stays 0 and None stays None: «never» and «unknown» have no time."""
    if not stamp:
        return stamp
    moved = max(stamp - seconds_ahead, 1)
    return None if moved > now + 86_400 else moved
