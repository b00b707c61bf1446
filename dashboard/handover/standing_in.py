"""Whose people a user sees only for as long as a colleague is absent."""

from collections.abc import Collection

from accounts.models import User
from dashboard.scope import entrusted_to, own_enrolments, stands_in_for
from moodle_sync.models import Enrolment


def covered(user: User, enrolments: Collection[int]) -> dict[int, User]:
    """The absent colleague, by enrolment, for those of `enrolments` that are not the user's own."""
    if not user.is_tutor or not enrolments:
        return {}
    absent = User.objects.in_bulk(stands_in_for(user))
    if not absent:
        return {}
    lent = Enrolment.objects.filter(pk__in=enrolments).exclude(pk__in=own_enrolments(user).values("pk"))
    found: dict[int, User] = {}
    for pk, colleague in absent.items():
        for enrolment in lent.filter(pk__in=entrusted_to(pk)).values_list("pk", flat=True):
            found.setdefault(enrolment, colleague)
    return found
