"""What a button answers: the list the browser shows, as it now is, and a word about what happened."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from dashboard.courses.requests import LoggedIn
from dashboard.queue import counts as queue_counts
from dashboard.queue.page import Queue
from dashboard.roster import counts
from dashboard.roster.listing import Roster
from dashboard.views_saved import counts as view_counts

ACTED = "acted"
"""What the browser is told when something was done or undone."""


def changed(
    request: LoggedIn,
    enrolment_ids: Iterable[int],
    *,
    message: str,
    act: UUID | None = None,
    extra: str = "",
    level: str = "success",
    undo_url: str = "",
    more_url: str = "",
) -> HttpResponse:
    """The browser's list and the navigation's figures out of band, and a toast; `extra` is a rendered main content.

    The list is rebuilt whole, from the address the browser shows: a row that no longer belongs leaves it, exactly as
    after a reload. Without `extra`, a panel that shows one of `enrolment_ids` is redrawn too. `more_url`: a page that
    tells more than the toast.
    """
    forget(request)
    context: dict[str, Any] = {"message": message, "act": act, "level": level, "oob": True, "extra": extra}
    context |= {"undo_url": undo_url, "more_url": more_url}
    shown = shown_list(request)
    if shown:
        context["queue" if isinstance(shown, Queue) else "roster"] = shown
        if isinstance(shown, Queue):
            queue_counts.remember(shown.desk)
        if not extra and shown.open_pk in set(enrolment_ids):
            context |= {"redrawn": True, **panel(request, shown)}
    # Other lists than these read themselves again: see `hx-trigger` in their templates.
    headers = {"HX-Trigger": ACTED}
    return HttpResponse(render_to_string("dashboard/roster/_answer.html", context, request), headers=headers)


def forget(request: LoggedIn) -> None:
    """What was counted before this act."""
    counts.forget(by=request.user)
    queue_counts.forget(request.user)
    view_counts.forget(request.user)


def shown_list(request: LoggedIn) -> Roster | Queue | None:
    """The list that the browser shows."""
    here = urlsplit(request.htmx.current_url_abs_path or "")
    lists: dict[str, type[Roster] | type[Queue]] = {
        reverse("dashboard:roster"): Roster,
        reverse("dashboard:queue"): Queue,
    }
    kind = lists.get(here.path)
    if kind is Roster:
        return Roster.of(request.user, QueryDict(here.query), waits=False)
    return kind.of(request.user, QueryDict(here.query)) if kind else None


def panel(request: LoggedIn, roster: Roster | Queue) -> dict[str, Any]:
    """The context of the panel beside the list; nothing for one that is not, or no longer, the user's."""
    from dashboard.person.panel import panel_context  # late: the panel answers with this module

    if not roster.open_pk:
        return {}
    try:
        return {"panel": True, **panel_context(request, roster.open_pk, shown=roster)}
    except Http404:
        return {}


def answer(
    request: LoggedIn, ids: Iterable[int], message: str, *, act: UUID | None = None, level: str = "success"
) -> HttpResponse:
    """Of a button in a list: in place with htmx, by a redirect without."""
    if request.htmx:
        return changed(request, ids, message=message, act=act, level=level)
    return redirected(request, message, act=act, level=messages.WARNING if level == "warning" else messages.SUCCESS)


def redirected(
    request: LoggedIn, message: str, *, act: UUID | None = None, level: int = messages.SUCCESS, undo_url: str = ""
) -> HttpResponseRedirect:
    """Without script: back to where the button was, with the same words and the same undo."""
    forget(request)
    messages.add_message(request, level, message, extra_tags=str(act) if act else undo_url)
    here = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(here, {request.get_host()}, require_https=request.is_secure())
    return redirect(here if safe else "dashboard:roster")
