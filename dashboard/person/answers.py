"""How the panel's forms answer: in place with htmx, by a redirect or a full page without."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from dashboard.courses.requests import LoggedIn
from dashboard.enums import OPEN_STATES
from dashboard.live import words
from dashboard.models import FollowUp
from dashboard.person.file import File
from dashboard.person.panel import Forms, close_url, neighbours, panel_context, render_panel
from dashboard.roster.answers import changed, redirected

UNPROCESSABLE = 422


def done(
    request: LoggedIn,
    pk: int,
    enrolments: list[int],
    *,
    message: str,
    act: UUID | None = None,
    undo_url: str = "",
) -> HttpResponse:
    """The fresh panel of `pk`, the rows that changed, and the message with its undo.

    A toast, or the key of its undo, has no panel around it: an open one is redrawn beside it. What is undone offers
    no undo of its own, else the key would go to and fro.
    """
    if request.htmx.target == "toasts":
        return changed(request, enrolments, message=_("Undone."))
    if request.htmx:
        panel = render_panel(request, pk)
        return changed(request, enrolments, message=message, act=act, extra=panel, undo_url=undo_url)
    return redirected(request, message, act=act, undo_url=undo_url)


def refused(request: LoggedIn, pk: int, forms: Forms) -> HttpResponse:
    """The form in place, with what was typed."""
    if request.htmx:
        return HttpResponse(render_panel(request, pk, forms), status=UNPROCESSABLE)
    return page(request, pk, forms, status=UNPROCESSABLE)


def overtaken(request: LoggedIn, pk: int, enrolments: list[int], forms: Forms, *, message: str) -> HttpResponse:
    """Somebody was faster: the rows as they are now, and the form with what was typed, ready to save again."""
    if not request.htmx:
        return page(request, pk, forms, status=UNPROCESSABLE)
    response = changed(request, enrolments, message=message, extra=render_panel(request, pk, forms), level="warning")
    response.status_code = UNPROCESSABLE
    return response


def page(request: LoggedIn, pk: int, forms: Forms | None = None, *, status: int = 200) -> HttpResponse:
    return render(request, "dashboard/person/person.html", panel_context(request, pk, forms), status=status)


def screen(request: LoggedIn, file: File, body: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A screen about this person: in the panel's place beside a list, or a page of its own."""
    if context.get("overtaken") or context.get("conflict"):
        status = UNPROCESSABLE
    context |= {
        "file": file,
        "enrolment": file.enrolment,
        "body": body,
        "close_url": close_url(request),
        **neighbours(request),
    }
    inside = request.htmx and not request.htmx.boosted
    template = "dashboard/person/_union.html" if inside else "dashboard/person/union.html"
    return render(request, template, context, status=status)


def conflict(request: LoggedIn, follow_up: FollowUp, version: int) -> str:
    """For the screen that comes back with what was typed: what others did since `version`, and that saving is still
    possible."""
    told = words.since_versions([(follow_up, version)], request.user)
    text = _("Something changed in this file meanwhile. What you typed is kept: look, then save again.")
    if follow_up.state not in OPEN_STATES:
        text = _("This follow-up was closed meanwhile: take it up again in the file first. What you typed is below.")
    return f"{text} {told}".strip()


def posted_version(request: LoggedIn) -> int:
    """The version the form was made for; one that never was, where it is missing."""
    version = request.POST.get("version", "")
    return int(version) if version.isascii() and version.isdigit() and len(version) < 10 else -1
