"""A tutor wrote to one person by their own means, instead of calling again.

Unlike a reminder (`reminding`), nothing refuses it: the message has left already, and a timeline that kept silent about
it would get the person written to once more. Product law 6.3 holds where Vigie proposes to write, and this entry counts
for it: no reminder goes to the person within the cooldown that it begins.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from dashboard.enums import Kind
from dashboard.follow_up import moves
from dashboard.models import FollowUp
from dashboard.plan.waits import after_reminder


@transaction.atomic
def log_message(follow_ups: Sequence[tuple[FollowUp, int]], *, by: User, now: datetime | None = None) -> uuid.UUID:
    """One message that counts for each (follow-up, version). Returns the act, to undo it. Raises moves.Stale."""
    now, act = now or timezone.now(), uuid.uuid4()
    targets = after_reminder([follow_up for follow_up, _version in follow_ups], now)
    for follow_up, version in sorted(follow_ups, key=lambda pair: pair[0].pk):
        moves.record(follow_up, kind=Kind.EMAIL, author=by, version=version, target=targets[follow_up.pk], act=act)
    return act
