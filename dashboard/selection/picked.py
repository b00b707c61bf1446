"""Whom a user picked in the roster: ticked rows of the page, or all that a filter found."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.http import Http404, QueryDict
from django.utils import timezone

from accounts.models import User
from dashboard.models import Selection
from dashboard.roster.filters import RosterFilter
from dashboard.roster.queries import among_these, roster_for
from dashboard.selection.stored import NO_FOLLOW_UP, still_kept
from moodle_sync.models import Enrolment
from moodle_sync.querysets import EnrolmentQuerySet

ROW = re.compile(r"([0-9]{1,18})(?::([0-9]{1,9}))?")
"""`12`, or `12:3`: an enrolment, with the version of its follow-up that the user saw."""


@dataclass(frozen=True)
class Picked:
    user: User
    versions: dict[int, int]
    """Of the follow-ups as the user saw them, by enrolment, in the order of the list."""
    selection: Selection | None = None
    """What all of them are from; None: rows ticked one by one."""
    but: frozenset[int] = frozenset()
    """Who was taken out of the selection again."""

    def __bool__(self) -> bool:
        return bool(self.versions)

    @property
    def ids(self) -> list[int]:
        return list(self.versions)

    def rows(self, now: datetime | None = None) -> EnrolmentQuerySet:
        """With `access`: those that are still the user's and, of a stored selection, still match its filter.

        Looked up anew each time. Whoever came to match since is never among them.
        """
        now = now or timezone.now()
        rows = roster_for(self.user, now)
        if self.selection:
            found = RosterFilter(QueryDict(self.selection.query), rows, user=self.user, now=now)
            rows = found.counted(found.uncounted())
        kept = rows.filter(among_these("pk", self.ids))
        assert isinstance(kept, EnrolmentQuerySet)
        return kept

    @cached_property
    def present(self) -> list[int]:
        """Ids of `rows()` as first asked for, in the order of the list."""
        found = set(self.rows().order_by().values_list("pk", flat=True))
        return [pk for pk in self.versions if pk in found]

    @property
    def gone(self) -> int:
        """How many are no longer the user's, or no longer match."""
        return len(self.versions) - len(self.present)

    def in_order(self, enrolments: list[Enrolment]) -> list[Enrolment]:
        order = {pk: rank for rank, pk in enumerate(self.versions)}
        return sorted(enrolments, key=lambda enrolment: order[enrolment.pk])


def picked(user: User, data: QueryDict) -> Picked:
    """From `selection=<uuid>` (all that a filter found), less many `but=<enrolment>`; or from many
    `row=<enrolment>[:<version>]`.

    Raises Http404 for a selection of somebody else, or one that was forgotten. What is no row is left out.
    """
    if key := data.get("selection"):
        selection = _stored(user, key)
        but = frozenset(int(row[1]) for row in map(ROW.fullmatch, data.getlist("but")) if row)
        found = zip(selection.enrolments, selection.versions, strict=True)
        return Picked(user, {pk: version for pk, version in found if pk not in but}, selection, but)
    rows = [ROW.fullmatch(value) for value in data.getlist("row")]
    return Picked(user, {int(row[1]): int(row[2] or NO_FOLLOW_UP) for row in rows if row})


def _stored(user: User, key: str) -> Selection:
    try:
        selection = still_kept().filter(user=user, pk=UUID(key)).first()
    except ValueError as exc:
        raise Http404 from exc
    if selection is None:
        raise Http404
    return selection
