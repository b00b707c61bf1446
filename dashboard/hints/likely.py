"""Why somebody has not come in, as far as facts tell (product.md §4). A hint: a person decides."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.addresses import bad_addresses, with_address
from dashboard.enums import OPEN_STATES, Cause
from dashboard.models import BadAddress
from dashboard.person.file import File
from dashboard.scope import visible_enrolments
from dashboard.templatetags.vigie import elapsed
from moodle_sync.enums import EPOCH, Access, Standing
from moodle_sync.models import Enrolment, Participant

SHORTEST_LOCAL_PART = 5
"""«info@» and «jm@» are many people's."""


@dataclass(frozen=True)
class Hint:
    cause: Cause
    evidence: str
    """What was seen; without a name of platform or course where the user may not see it."""

    @property
    def words(self) -> str:
        return str(self.cause.label)


def likely_cause(file: File, now: datetime | None = None) -> Hint | None:
    """The first that facts speak for. None where a cause is known already, or where nothing is to be explained."""
    now = now or timezone.now()
    follow_up, enrolment = file.follow_up, file.enrolment
    if follow_up is None or follow_up.cause or follow_up.state not in OPEN_STATES:
        return None
    never = Access(enrolment.access) in {Access.NEVER_PLATFORM, Access.NEVER_COURSE}
    if not never or enrolment.standing != Standing.PRESENT or enrolment.course.has_ended(now):
        return None
    return next(_hints(file, now), None)


def _hints(file: File, now: datetime) -> Iterator[Hint]:
    course = file.enrolment.course
    if course.visible is False:
        yield Hint(Cause.SESSION_HIDDEN, _("The course is hidden on Moodle: nobody can come in."))
        return
    if bounced := _wrong_address(file, now):
        yield bounced
    opened = course.opened_at
    if opened is None or not course.is_open(now):
        return
    here = file.enrolment.last_site_access
    seen_here = here is not None and here > opened
    if not seen_here:
        yield from _other_platform(file, opened, now)
        yield from _other_account(file, opened, now)
    elif file.enrolment.last_course_access == EPOCH:
        evidence = _("Logged in to the platform %(when)s, since the course is open, but never came into the course.")
        yield Hint(Cause.UNAWARE_STARTED, evidence % {"when": elapsed(here, now)} if here else "")


def _wrong_address(file: File, now: datetime) -> Hint | None:
    """Messages came back, and no other address is known."""
    said = BadAddress.objects.filter(contact__follow_up__in=file.follow_ups, contact__undone_by=None)
    last = said.select_related("contact").order_by("-contact__created_at", "-pk").first()
    persons = [file.person.pk]
    if last is None or with_address(persons, bad_addresses(persons)):
        return None
    told = {"address": last.address, "when": elapsed(last.contact.created_at, now)}
    return Hint(Cause.WRONG_EMAIL, _("The message to %(address)s came back %(when)s.") % told)


def _active(since: datetime) -> QuerySet[Enrolment]:
    return Enrolment.objects.filter(course__followed=True, last_site_access__gt=since).exclude(standing=Standing.LEFT)


def _other_platform(file: File, opened: datetime, now: datetime) -> Iterator[Hint]:
    """The same person, on another site, since the opening."""
    elsewhere = _active(opened).filter(participant__account__person=file.person)
    elsewhere = elsewhere.exclude(participant__site=file.enrolment.course.site)
    seen = _first_in_sight(file, elsewhere)
    if seen:
        words = _("Seen %(when)s on “%(site)s”, not here.")
        when = elapsed(seen.last_site_access, now) if seen.last_site_access else ""
        yield Hint(Cause.WRONG_INSTANCE, words % {"when": when, "site": seen.participant.site})
    elif elsewhere.exists():
        yield Hint(Cause.WRONG_INSTANCE, _("Seen on another platform since the course is open, not here."))


def _other_account(file: File, opened: datetime, now: datetime) -> Iterator[Hint]:
    """Another account of the same name on this site, or of the same local part anywhere, since the opening."""
    account = file.enrolment.participant
    alike = Q()
    if account.has_name:
        alike |= Q(sort_key=account.sort_key, site=account.site_id)
    local, _at, _domain = account.email.lower().partition("@")
    if len(local) >= SHORTEST_LOCAL_PART:
        # By the index of the search, which a look-up by the beginning of the address has not.
        alike |= Q(search_key__contains=f"{local}@", email__istartswith=f"{local}@")
    if not alike:
        return
    others = Participant.objects.filter(alike).exclude(pk__in=[own.pk for own in file.participants])
    used = _active(opened).filter(participant__in=others)
    seen = _first_in_sight(file, used)
    if seen:
        words = _("Another account, %(email)s, was used %(when)s on “%(site)s”.")
        when = elapsed(seen.last_site_access, now) if seen.last_site_access else ""
        told = {"email": seen.participant.email or seen.participant.full_name, "when": when}
        yield Hint(Cause.DUPLICATE_ACCOUNT, words % (told | {"site": seen.participant.site}))
    elif used.exists():
        words = _("Another account of the same name or address was used since the course is open.")
        yield Hint(Cause.DUPLICATE_ACCOUNT, words)


def _first_in_sight(file: File, rows: QuerySet[Enrolment]) -> Enrolment | None:
    seen = rows.filter(pk__in=visible_enrolments(file.user).values("pk"))
    return seen.select_related("participant__site").order_by("-last_site_access", "pk").first()
