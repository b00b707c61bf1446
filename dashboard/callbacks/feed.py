"""A tutor's callbacks as a calendar: initials and a link, nothing else of a person (product.md §6)."""

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from accounts.links import public_url
from accounts.models import User
from dashboard.callbacks.listing import callbacks_of
from dashboard.models import CalendarFeed, FollowUp
from moodle_sync.models import Participant

LASTS = timedelta(minutes=30)
EVERY = timedelta(minutes=30)
"""How often a calendar is asked to look again."""


def make_token(user: User) -> str:
    """A new secret; an earlier one opens nothing any more. Only its digest is kept, so it can be shown this once."""
    token = secrets.token_urlsafe(32)
    CalendarFeed.objects.update_or_create(user=user, defaults={"digest": digest(token), "made_at": timezone.now()})
    return token


def digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def reader(token: str) -> User | None:
    """Whose calendar this token opens: as long as the account is active and follows people."""
    feed = CalendarFeed.objects.select_related("user").filter(digest=digest(token), user__is_active=True).first()
    return feed.user if feed and feed.user.follows_people else None


def calendar(user: User) -> bytes:
    """Those that are the user's to make, and those for anyone that they agreed."""
    found = Calendar()
    found.add("prodid", "-//Vigie//Vigie//FR")
    found.add("version", "2.0")
    found.add("x-wr-calname", _("Vigie: callbacks"))
    found.add("refresh-interval", EVERY, parameters={"value": "DURATION"})
    found.add("x-published-ttl", EVERY)
    told: set[tuple[int, str]] = set()
    for follow_up in _callbacks(user):
        assert follow_up.due_at is not None
        # One call about several courses is one appointment.
        appointment = (follow_up.enrolment.participant.account.person_id, follow_up.due_at.isoformat())
        if appointment not in told:
            told.add(appointment)
            found.add_component(_event(follow_up, follow_up.due_at))
    return bytes(found.to_ical())


def _callbacks(user: User) -> list[FollowUp]:
    theirs = Q(callback_for=user) | Q(callback_for=None, last_contact__author=user)
    rows = callbacks_of(user).filter(theirs).annotate(changed_at=Max("contacts__created_at"))
    return list(rows.select_related("enrolment__participant__account").order_by("due_at", "pk"))


def _event(follow_up: FollowUp, due: datetime) -> Event:
    event = Event()
    link = public_url(reverse("dashboard:person", args=[follow_up.enrolment_id]))
    # The same through every change of date: the calendar moves the event, and adds none.
    event.add("uid", f"callback-{follow_up.pk}@{urlsplit(link).hostname}")
    event.add("sequence", follow_up.version)
    event.add("dtstamp", getattr(follow_up, "changed_at", None) or follow_up.created_at)
    event.add("dtstart", due.astimezone(UTC))
    event.add("duration", LASTS)
    event.add("summary", _("Call back %(initials)s") % {"initials": initials(follow_up.enrolment.participant)})
    event.add("url", link)
    return event


def initials(participant: Participant) -> str:
    """«C. F.»; «?» for an account without a name: its address would be personal data."""
    names = [participant.first_name, participant.last_name]
    if not any(names):
        names = participant.full_name.split()[:2]
    return " ".join(f"{name.strip()[0].upper()}." for name in names if name.strip()) or "?"
