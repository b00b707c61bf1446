"""What tutors say of likely causes, asked or not."""

from accounts.models import User
from dashboard.enums import Cause
from dashboard.hints.likely import Hint
from dashboard.models import Contact, FollowUp, HintAnswer


def agree(contact: Contact, hint: Hint, *, by: User) -> None:
    _keep(contact, hint, agreed=True, by=by)


def refuse(follow_up: FollowUp, hint: Hint, *, by: User) -> None:
    """No entry tells it. Said twice at once, it is said once."""
    HintAnswer.objects.update_or_create(
        follow_up=follow_up, cause=hint.cause, by=by, defaults={"agreed": False, "contact": None}
    )


def answer_by_call(contact: Contact, hint: Hint, cause: Cause, *, by: User) -> None:
    """The cause that a caller chose, where one was offered: another one is a disagreement, «not known» is none."""
    if cause != Cause.UNKNOWN:
        _keep(contact, hint, agreed=cause == hint.cause, by=by)


def _keep(contact: Contact, hint: Hint, *, agreed: bool, by: User) -> None:
    """It counts as long as the entry that noted the cause is not undone."""
    HintAnswer.objects.update_or_create(
        follow_up_id=contact.follow_up_id, cause=hint.cause, by=by, defaults={"agreed": agreed, "contact": contact}
    )
