"""What somebody asks to take out: the people of a list, in its order, never more than they may see."""

from dataclasses import dataclass

import kombu.exceptions
from celery import current_app
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import get_language

from accounts.models import User
from dashboard.exports.words import filter_words, selection_words
from dashboard.models import AuditEntry, Export
from dashboard.roster.listing import Roster
from dashboard.selection.picked import Picked, picked

AT_ONCE = 2_000
"""People whose file is written while the browser waits."""
MOST = 200_000
"""Nobody reads more in a spreadsheet; a longer list is a filter forgotten."""
State = Export.State


@dataclass(frozen=True)
class Asked:
    ids: list[int]
    """At most MOST + 1."""
    words: str
    recorded: str
    """The same without what was searched for, which is a name mostly."""

    @property
    def is_long(self) -> bool:
        return len(self.ids) > AT_ONCE

    @property
    def is_too_long(self) -> bool:
        return len(self.ids) > MOST


def of_list(user: User, query: str) -> Asked:
    """`query`: what stands in the address of the roster."""
    roster = Roster.of(user, QueryDict(query))
    ids = list(roster.table.data.data.values_list("pk", flat=True)[: MOST + 1])
    return Asked(ids, filter_words(roster, with_search=True), filter_words(roster, with_search=False))


def of_picked(picked: Picked) -> Asked:
    """Those ticked, or stored as all that a filter found. Who is no longer the user's is left out."""
    ids = picked.present
    if picked.selection:
        roster = Roster.of(picked.user, QueryDict(picked.selection.query))
        return Asked(ids, filter_words(roster, with_search=True), filter_words(roster, with_search=False))
    words = selection_words(len(ids))
    return Asked(ids, words, words)


def asked(user: User, data: QueryDict) -> Asked:
    if "selection" in data or "row" in data:
        return of_picked(picked(user, data))
    return of_list(user, data.get("query", ""))


def record(user: User, asked: Asked, format: str) -> Export:
    """Who took what out, before it leaves. A long one waits for a worker; a page for paper or a short file is given."""
    waits = asked.is_long and format in {Export.Format.CSV, Export.Format.XLSX}
    with transaction.atomic():
        export = Export.objects.create(
            by=user,
            format=format,
            words=asked.recorded,
            language=get_language() or "fr",
            people=len(asked.ids),
            state=State.WAITING if waits else State.GIVEN,
            ids=asked.ids if waits else None,
        )
        AuditEntry.objects.create(user=user, action=AuditEntry.Action.EXPORTED, export=export)
    return export


def send(export: Export) -> bool:
    """To a worker. False: no queue answers, and the export says so."""
    try:
        current_app.send_task("dashboard.tasks.make_export", [export.pk])
    except kombu.exceptions.OperationalError:
        Export.objects.filter(pk=export.pk, state=State.WAITING).update(state=State.FAILED)
        return False
    return True
