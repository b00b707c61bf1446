"""Two hand the same people over: what the first one did, for the second."""

from collections.abc import Mapping

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from dashboard.enums import Kind
from dashboard.live.words import since_versions
from dashboard.models import Contact, FollowUp


def meanwhile(there: QuerySet[FollowUp], seen: Mapping[int, int], user: User) -> str:
    """`there`: who may still be handed over, of those `seen` (enrolment: version)."""
    rows = list(there)
    told = [_("Somebody was faster: nothing was handed over. Your ticks are kept: look who has them now, then go on.")]
    gone = len(seen) - len(rows)
    if gone:
        words = ngettext(
            "%(n)s person can no longer be handed over, and is left out.",
            "%(n)s people can no longer be handed over, and are left out.",
            gone,
        )
        told.append(words % {"n": gone})
    pairs = [(row, seen[row.enrolment_id]) for row in rows]
    # Many people, one act: told once.
    told += _handed(pairs, user) or [since_versions(pairs, user)]
    return " ".join(told).strip()


def _handed(pairs: list[tuple[FollowUp, int]], user: User) -> list[str]:
    later = Q(pk__in=[])
    for row, version in pairs:
        later |= Q(follow_up=row, version__gt=version)
    entries = Contact.objects.filter(later, kind=Kind.ASSIGNED, undone_by=None, handed_to__isnull=False)
    groups = entries.exclude(author=user).values_list("author", "handed_to").annotate(n=Count("pk")).order_by("author")
    found = list(groups)
    users = User.objects.in_bulk({pk for author, to, _n in found for pk in (author, to)})
    return [
        ngettext("%(by)s handed %(n)s person over to %(to)s.", "%(by)s handed %(n)s people over to %(to)s.", number)
        % {"by": users[author], "to": users[to], "n": number}
        for author, to, number in found
        if author is not None and to is not None
    ]
