"""All that a filter finds, kept on the server: what is acted on is what was seen, whatever changes meanwhile."""

from datetime import timedelta

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from accounts.models import User
from dashboard.models import Selection
from dashboard.roster.listing import Roster
from moodle_sync.enums import Standing

MOST = 20_000
KEPT = timedelta(days=1)
NO_FOLLOW_UP = -1


class TooMany(Exception):
    """More than one act takes. Nothing was kept: part of them would be the wrong rows."""


def select_all(user: User, params: QueryDict) -> Selection:
    """All that the list of this address finds now, in its order. Raises TooMany."""
    roster = Roster.of(user, params)
    columns = ("pk", "follow_up__version", "standing")
    found = list(roster.table.data.data.values_list(*columns)[: MOST + 1])
    if len(found) > MOST:
        raise TooMany
    return Selection.objects.create(
        user=user,
        query=canonical(roster),
        enrolments=[pk for pk, _version, _standing in found],
        versions=[
            NO_FOLLOW_UP if version is None or standing == Standing.STAFF else version
            for _pk, version, standing in found
        ],
    )


def canonical(roster: Roster) -> str:
    """The filters in force, as they were understood: without page, order and panel, nor what means nothing."""
    query = QueryDict(mutable=True)
    for name, value in sorted(roster.filter.values.items()):
        query.setlist(name, value if isinstance(value, list) else [str(value)])
    return query.urlencode()


def still_kept() -> QuerySet[Selection]:
    return Selection.objects.filter(created_at__gt=timezone.now() - KEPT)


def forget_old() -> int:
    """Returns how many selections."""
    number, _by_model = Selection.objects.filter(created_at__lte=timezone.now() - KEPT).delete()
    return number
