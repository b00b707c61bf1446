"""What an open page asks every few seconds while it is looked at. It renews no session and writes nothing but
presence, in Redis."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from dashboard.courses.requests import LoggedIn
from dashboard.live import presence, pulse, stamps, words
from dashboard.live.watch import Asked, Token, list_changes
from dashboard.models import Person
from dashboard.person.file import open_file
from dashboard.person.panel import panel_context
from dashboard.queue import counts as queue_counts
from dashboard.queue.page import Queue
from dashboard.roster.answers import shown_list
from dashboard.scope import visible_enrolments

NO_CONTENT = 204
TOKEN = "X-Vigie-Since"
"""Header: what the page asks with the next time."""


@never_cache
@require_GET
def changes(request: LoggedIn) -> HttpResponse:
    """Parts of the page, to be put in their places by id; nothing where nothing changed."""
    if not request.user.follows_people:
        raise PermissionDenied(_("Named people are for those who follow them: tutors and coordinators."))
    asked, beats = Asked.of(request.GET), pulse.current()
    person = _person(request, asked)
    context = _presence(request, person, asked) if person else {}
    token = asked.token
    if not token.holds(beats):
        token = Token.now(beats)
        context |= _list(request, asked)
        if person and stamps.of_file(person, request.user) != asked.stamp:
            context |= _panel(request, asked)
    headers = {TOKEN: str(token)}
    if not context:
        return HttpResponse(status=NO_CONTENT, headers=headers)
    return HttpResponse(render_to_string("dashboard/live/_parts.html", context, request), headers=headers)


def _person(request: LoggedIn, asked: Asked) -> Person | None:
    """Whose file is open, if the user may see it."""
    if asked.open is None:
        return None
    seen = visible_enrolments(request.user).filter(pk=asked.open, participant__account__isnull=False)
    enrolment = seen.select_related("participant__account__person").first()
    return enrolment.participant.account.person if enrolment else None


def _presence(request: LoggedIn, person: Person, asked: Asked) -> dict[str, Any]:
    watching = presence.looking(person, request.user)
    if ",".join(str(colleague.pk) for colleague in watching) == asked.beside:
        return {}
    return {"tells_presence": True, "watching": watching, "opened": asked.open}


def _list(request: LoggedIn, asked: Asked) -> dict[str, Any]:
    shown = shown_list(request)
    found = list_changes(shown, asked) if shown else {}
    if not shown or not found:
        return {}
    if isinstance(shown, Queue):
        queue_counts.remember(shown.desk)
        return {"queue": shown, **found}
    queue_counts.forget(request.user)
    context = {"roster": shown, "here": shown.here, **found}
    shown.rows = [row for row in shown.rows if row.record.pk in found["changed"]]
    return context


def _panel(request: LoggedIn, asked: Asked) -> dict[str, Any]:
    """The file as it is now; the page keeps what is being typed in it."""
    assert asked.open is not None
    file = open_file(request.user, asked.open)
    if file.follow_up is None and not file.follow_ups:
        return {}
    told = words.by_others(file.follow_ups, request.user, after=asked.last)
    return {"file_changed": True, **panel_context(request, asked.open), "meanwhile": told}
