"""A tutor wrote to one person by their own means, instead of calling again."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from dashboard.enums import Kind, State
from dashboard.follow_up import moves
from dashboard.follow_up.rules import WAIT_AFTER_CONTACT, Target, start_of_day
from dashboard.models import FollowUp


@transaction.atomic
def log_message(follow_ups: Sequence[tuple[FollowUp, int]], *, by: User, now: datetime | None = None) -> uuid.UUID:
    """One message that counts for each (follow-up, version). Returns the act, to undo it. Raises moves.Stale."""
    now, act = now or timezone.now(), uuid.uuid4()
    for follow_up, version in sorted(follow_ups, key=lambda pair: pair[0].pk):
        until = start_of_day(now, follow_up.enrolment.course.site.zone, days=WAIT_AFTER_CONTACT)
        target = Target(State.REMINDED, until)
        moves.record(follow_up, kind=Kind.EMAIL, author=by, version=version, target=target, act=act)
    return act
