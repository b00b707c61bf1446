"""A reminder that a tutor sent to many: who may receive it, and who did. Until Vigie sends by itself."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dashboard.addresses import bad_addresses, holds, with_typed_address
from dashboard.enums import Kind
from dashboard.follow_up import many
from dashboard.models import Contact, FollowUp
from dashboard.people import locked_owners
from dashboard.plan.waits import after_reminder
from moodle_sync.enums import EPOCH
from moodle_sync.models import Enrolment

WRITTEN = [Kind.EMAIL, Kind.MESSAGE]
COOLDOWN = timedelta(days=3)
"""For one person in one course (product.md §6.3)."""
COOLDOWN_ANYWHERE = timedelta(days=1)
"""And over all courses, those that the sender does not see included."""


class Obstacle(TextChoices):
    """Why nothing is to be sent to somebody now."""

    CAME = "came", _("came in meanwhile")
    ADDRESS = "address", _("no e-mail address")
    BOUNCED = "bounced", _("no valid address: a message came back")
    RECENT = "recent", _("written to less than 3 days ago for this course")
    TODAY = "today", _("written to less than a day ago for another course")


@dataclass
class Reminded:
    """`act` undoes all of it; None: nobody was left."""

    act: uuid.UUID | None = None
    enrolments: list[int] = field(default_factory=list)
    skipped: int = 0


class _Facts(NamedTuple):
    """What decides whether somebody may be written to."""

    pk: int
    course: int
    person: int | None
    email: str
    last_course_access: datetime | None
    entry_known: bool


def obstacles(enrolments: Collection[int], now: datetime) -> dict[int, str]:
    """By enrolment; blank for who may be written to."""
    columns = (
        "pk", "course", "participant__account__person", "participant__email", "last_course_access",
        "follow_up__entry_known",
    )  # fmt: skip
    rows = [_Facts(*row) for row in Enrolment.objects.filter(pk__in=enrolments).values_list(*columns)]
    persons = {row.person for row in rows if row.person is not None}
    bad = bad_addresses(persons)
    valid = {row.pk for row in rows if holds(row.email, row.person, bad)}
    typed = with_typed_address({row.person for row in rows if row.pk not in valid and row.person is not None}, bad)
    written: dict[int, list[tuple[int, datetime]]] = {}
    for person, course, at in _messages(persons, now):
        written.setdefault(person, []).append((course, at))
    reached = valid | {row.pk for row in rows if row.person in typed}
    return {
        row.pk: _obstacle(row, row.pk in reached, row.person in bad, written.get(row.person or 0, []), now)
        for row in rows
    }


def written_lately(enrolment: int, now: datetime) -> bool:
    """Within the cooldown: nobody is to propose writing to this person now."""
    return obstacles([enrolment], now)[enrolment] in {Obstacle.RECENT, Obstacle.TODAY}


def _obstacle(
    row: _Facts, has_address: bool, bounced: bool, written: Iterable[tuple[int, datetime]], now: datetime
) -> str:
    if row.last_course_access is not None and row.last_course_access > EPOCH and not row.entry_known:
        return Obstacle.CAME
    if not has_address:
        return Obstacle.BOUNCED if bounced else Obstacle.ADDRESS
    if any(course == row.course for course, _at in written):
        return Obstacle.RECENT
    return Obstacle.TODAY if any(at > now - COOLDOWN_ANYWHERE for _course, at in written) else ""


def _messages(persons: Collection[int], now: datetime) -> Iterable[tuple[int, int, datetime]]:
    """(person, course, moment) of what was sent within the cooldown, whoever may see it."""
    person = "follow_up__enrolment__participant__account__person"
    sent = Contact.objects.filter(kind__in=WRITTEN, undone_by=None, created_at__gt=now - COOLDOWN)
    return sent.filter(**{f"{person}__in": persons}).values_list(person, "follow_up__enrolment__course", "created_at")


@transaction.atomic
def remind(due: Collection[int], versions: Mapping[int, int], *, by: User, now: datetime | None = None) -> Reminded:
    """Everybody of `versions` (enrolment: the version that was seen) who is still `due`, unchanged and free.

    What happened while the sender wrote is looked at again under lock: who came in, was called or written to by
    a colleague meanwhile is skipped, and counted.
    """
    now = now or timezone.now()
    still = versions.keys() & set(due)
    asked = FollowUp.objects.filter(enrolment__in=still).select_for_update(of=("self",)).order_by("pk")
    locked = list(asked.select_related("enrolment__course__site"))
    # Two reminders of one person for two courses at once: the second waits here, and finds the first.
    locked_owners(follow_up.enrolment.participant_id for follow_up in locked)
    hindered = obstacles(still, now)
    free = [row for row in locked if not hindered[row.enrolment_id] and row.version == versions[row.enrolment_id]]
    targets = after_reminder(free, now)
    act = uuid.uuid4()
    many.record_all([(row, targets[row.pk]) for row in free], kind=Kind.EMAIL, author=by, act=act, now=now)
    return Reminded(act if free else None, [row.enrolment_id for row in free], skipped=len(versions) - len(free))
