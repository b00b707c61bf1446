"""What the panel offers and shows beside the call and the note: the hint, the blockage, «Other actions»."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from dashboard.blocked.listing import lines
from dashboard.enums import OPEN_STATES, State
from dashboard.follow_up.blocking import LIFTED_BY_OTHERS
from dashboard.follow_up.closing import may_declare, may_reopen
from dashboard.handover.standing_in import covered
from dashboard.hints.likely import likely_cause
from dashboard.models import ContactDetail, HintAnswer
from dashboard.person.file import File
from moodle_sync.enums import Access, Standing

TAKEN_BACK = timedelta(days=1)
"""For as long, a number or an address that was removed can be put back from the file."""


def others(file: File) -> dict[str, Any]:
    """For `dashboard/person/_panel.html`; nothing of it for who is not followed here."""
    pk, follow_up = file.enrolment.pk, file.follow_up
    lent_by = covered(file.user, [pk]).get(pk)
    context: dict[str, Any] = {
        "stands_in_for": lent_by,
        "removed_details": removed_details(file),
    }
    if follow_up is None:
        return context
    access, is_open = Access(file.enrolment.access), follow_up.state in OPEN_STATES
    hint = likely_cause(file)
    answers = (
        HintAnswer.objects.filter(follow_up=follow_up, cause=hint.cause, agreed=False, contact__undone_by=None)
        if hint
        else None
    )
    blocked = lines(file.user, pk) if follow_up.state == State.BLOCKED else []
    return context | {
        "hint": hint,
        "hint_refused": answers.select_related("by").first() if answers is not None else None,
        "blocked": blocked[0] if blocked else None,
        "cause_of_others": is_open and follow_up.state != State.BLOCKED and follow_up.cause in LIFTED_BY_OTHERS,
        "may_block": is_open,
        # As `handover.listing.handable` says it, without asking again what the file is made of.
        "may_hand": is_open and lent_by is None and file.enrolment.standing == Standing.PRESENT,
        "may_close": is_open,
        "may_declare": may_declare(follow_up, access),
        "may_reopen": may_reopen(follow_up, access),
    }


def removed_details(file: File) -> QuerySet[ContactDetail]:
    since = timezone.now() - TAKEN_BACK
    removed = ContactDetail.objects.filter(person=file.person, removed_at__gt=since)
    again = file.person.details.filter(removed_at=None).values("value")
    return removed.exclude(value__in=again).select_related("removed_by").order_by("-removed_at")
