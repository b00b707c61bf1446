from datetime import UTC, datetime

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Moodle's 0 in an access stamp: never. NULL, on the contrary, is «not allowed to know»."""


class Access(TextChoices):
    """What Moodle says of one enrolment: five disjoint states, in the order they are shown."""

    NEVER_PLATFORM = "never_platform", _("Never logged in to the platform")
    NEVER_COURSE = "never_course", _("Never entered the course")
    DORMANT = "dormant", _("Has not come back")
    ACTIVE = "active", _("Has come")
    UNKNOWN = "unknown", _("Access unknown")


class Standing(TextChoices):
    """Who counts: only `present` people are in work lists and counts; the others stay findable."""

    PRESENT = "present", _("Enrolled")
    SUSPENDED = "suspended", _("Suspended")
    LEFT = "left", _("Has left the course")
    STAFF = "staff", _("Staff")


class Service(TextChoices):
    DEDICATED = "dedicated", _("dedicated service")
    MOBILE = "mobile", _("official mobile service")


class RunState(TextChoices):
    QUEUED = "queued", _("Waiting its turn")
    RUNNING = "running", _("Reading")
    OK = "ok", _("Up to date")
    PARTIAL = "partial", _("Read in part")
    REFUSED = "refused", _("Refused by Moodle")
    UNAVAILABLE = "unavailable", _("Moodle did not answer")
    HELD = "held", _("Held: far fewer people than before")
    INTERRUPTED = "interrupted", _("Interrupted")


class ReadKind(TextChoices):
    FULL = "full", _("full read")
    REFRESH = "refresh", _("refresh")


ACTIVE_RUNS = [RunState.QUEUED, RunState.RUNNING]
GOOD_RUNS = [RunState.OK, RunState.PARTIAL]


class Urgency(IntegerChoices):
    """In which order reads are done: the priority of their message. The lowest is served first."""

    NOW = 0, _("Asked for alone")
    ASKED = 3, _("Asked for with others")
    SCHEDULED = 6, _("By itself")


class Change(TextChoices):
    """What a run brought, person by person."""

    ENTERED = "entered", _("First accesses")
    JOINED = "joined", _("New enrolments")
    LEFT = "left", _("Departures")
    RETURNED = "returned", _("Enrolled again")
