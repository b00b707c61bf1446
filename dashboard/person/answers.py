"""How the panel's forms answer: in place with htmx, by a redirect or a full page without."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from dashboard.courses.requests import LoggedIn
from dashboard.person.panel import Forms, panel_context, render_panel
from dashboard.roster.answers import changed, redirected

UNPROCESSABLE = 422


def done(request: LoggedIn, pk: int, enrolments: list[int], *, message: str, act: UUID | None = None) -> HttpResponse:
    """The fresh panel of `pk`, the rows that changed, and the message with its undo."""
    if request.htmx:
        return changed(request, enrolments, message=message, act=act, extra=render_panel(request, pk))
    return redirected(request, message, act=act)


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
