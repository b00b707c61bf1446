"""A reminder that a tutor sent to many: who may receive it, and who did. Until Vigie sends by itself."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, TextChoices, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dashboard.enums import Kind
from dashboard.follow_up import moves
from dashboard.models import Contact, ContactDetail, FollowUp
from dashboard.people import locked_owners
from dashboard.plan.waits import after_reminder
from moodle_sync.enums import EPOCH
from moodle_sync.models import Enrolment
from moodle_sync.querysets import EnrolmentQuerySet

WRITTEN = [Kind.EMAIL, Kind.MESSAGE]
COOLDOWN = timedelta(days=3)
"""For one person in one course (product.md §6.3)."""
COOLDOWN_ANYWHERE = timedelta(days=1)
"""And over all courses, those that the sender does not see included."""


class Obstacle(TextChoices):
    """Why nothing is to be sent to somebody now."""

    CAME = "came", _("came in meanwhile")
    ADDRESS = "address", _("no e-mail address")
    RECENT = "recent", _("written to less than 3 days ago for this course")
    TODAY = "today", _("written to less than a day ago for another course")


@dataclass
class Reminded:
    """`act` undoes all of it; None: nobody was left."""

    act: uuid.UUID | None = None
    enrolments: list[int] = field(default_factory=list)
    skipped: int = 0


def with_obstacle(rows: QuerySet[Enrolment], now: datetime) -> EnrolmentQuerySet:
    """Annotate `obstacle`, blank for who may be written to."""
    typed = ContactDetail.objects.filter(
        kind=ContactDetail.Kind.EMAIL, removed_at=None, person=OuterRef("participant__account__person")
    )
    written = Contact.objects.filter(
        kind__in=WRITTEN,
        undone_by=None,
        follow_up__enrolment__participant__account__person=OuterRef("participant__account__person"),
    )
    in_course = written.filter(follow_up__enrolment__course=OuterRef("course"), created_at__gt=now - COOLDOWN)
    obstacle = Case(
        When(last_course_access__gt=EPOCH, follow_up__entry_known=False, then=Value(Obstacle.CAME)),
        When(Q(participant__email="") & ~Exists(typed), then=Value(Obstacle.ADDRESS)),
        When(Exists(in_course), then=Value(Obstacle.RECENT)),
        When(Exists(written.filter(created_at__gt=now - COOLDOWN_ANYWHERE)), then=Value(Obstacle.TODAY)),
        default=Value(""),
        output_field=CharField(),
    )
    found: EnrolmentQuerySet = rows.annotate(obstacle=obstacle)  # type: ignore[assignment]  # annotated
    return found


@transaction.atomic
def remind(
    rows: QuerySet[Enrolment], versions: Mapping[int, int], *, by: User, now: datetime | None = None
) -> Reminded:
    """Everybody of `versions` (enrolment: the version that was seen) who is still of `rows`, unchanged and free.

    What happened while the sender wrote is looked at again under lock: who came in, was called or written to by
    a colleague meanwhile is skipped, and counted.
    """
    now = now or timezone.now()
    still = rows.filter(pk__in=versions)
    asked = FollowUp.objects.filter(enrolment__in=still.values("pk")).select_for_update(of=("self",)).order_by("pk")
    locked = list(asked.select_related("enrolment__course__site"))
    # Two reminders of one person for two courses at once: the second waits here, and finds the first.
    locked_owners(follow_up.enrolment.participant_id for follow_up in locked)
    free = set(still.filter(obstacle="").values_list("pk", flat=True))  # type: ignore[misc]  # annotated
    targets = after_reminder(locked, now)
    sent = Reminded()
    act = uuid.uuid4()
    for follow_up in locked:
        pk = follow_up.enrolment_id
        if pk in free and follow_up.version == versions[pk]:
            moves.record(follow_up, kind=Kind.EMAIL, author=by, target=targets[follow_up.pk], act=act)
            sent.enrolments.append(pk)
    sent.act = act if sent.enrolments else None
    sent.skipped = len(versions) - len(sent.enrolments)
    return sent
