from typing import cast

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from dashboard import preferences
from dashboard.courses.requests import LoggedIn
from dashboard.shell.themes import COOKIE, THEMES

A_YEAR = 365 * 24 * 3600


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    return redirect("dashboard:queue" if user.follows_people else "dashboard:courses")


@require_GET
def figures(request: HttpRequest) -> HttpResponse:
    """Of the navigation, to be swapped out of band: asked for after an act, whose answer need not wait for them."""
    return render(request, "dashboard/shell/_figures.html", {"oob": True})


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    chosen = request.POST.get("theme", "")
    if chosen not in THEMES:
        return HttpResponseBadRequest()
    response = redirect(_back(request))
    response.set_cookie(COOKIE, chosen, max_age=A_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True)
    return response


@require_POST
def shortcuts(request: LoggedIn) -> HttpResponse:
    chosen = request.POST.get("shortcuts", "")
    if chosen not in {"on", "off"}:
        return HttpResponseBadRequest()
    preferences.keep(request.user, shortcuts=chosen == "on")
    if request.htmx:  # the page says so itself: a half-typed note is not lost for it
        return HttpResponse(status=204)
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    """Where the visitor was; never another host, whatever the form says."""
    here = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(here, {request.get_host()}, require_https=request.is_secure())
    return here if safe else "home"


@never_cache
@login_not_required
@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when PostgreSQL and Redis answer; anything else raises, so 500: what a load balancer needs to know."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    cache.get("healthz")
    return HttpResponse("ok", content_type="text/plain")
