"""How a user wants the list, and what its long menus offer once opened."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from dashboard import preferences
from dashboard.courses.requests import LoggedIn, posted_next
from dashboard.models.preference import PAGE_SIZES, Density
from dashboard.roster.display import NEVER_HIDDEN, complete, is_sort, moved
from dashboard.roster.filters import RosterFilter
from dashboard.roster.listing import Roster
from dashboard.roster.menus import menu


@never_cache
@require_GET
def choices(request: LoggedIn, name: str) -> HttpResponse:
    """The boxes of one menu; or, where its search asks, those that it finds."""
    only_named_people(request)
    roster_filter: RosterFilter = Roster.of(request.user, request.GET).filter
    source = roster_filter.sources.get(name)
    if source is None:
        raise Http404
    label = roster_filter.filters[name].label
    context = {"menu": menu(name, source, request.GET, roster_filter.chosen[name], drawn=True), "label": label}
    part = "_found" if request.htmx.target == f"{name}-found" else "_boxes"
    return render(request, f"dashboard/roster/{part}.html", context)


@require_POST
def lay_out(request: LoggedIn) -> HttpResponse:
    """Columns, their order, density, rows a page; or the sort alone, which a click on a heading sends."""
    only_named_people(request)
    if "sort" in request.POST and "density" not in request.POST:
        if not is_sort(request.POST["sort"]):
            return HttpResponseBadRequest()
        preferences.keep(request.user, sort=request.POST["sort"])
        return HttpResponse(status=204)
    chosen = _understood(request.POST)
    if chosen is None:
        return HttpResponseBadRequest()
    preferences.keep(request.user, **chosen)
    return redirect(_without_layout(request))


def _understood(data: QueryDict) -> dict[str, Any] | None:
    """None: not what our form sends."""
    if "reset" in data:
        return {"column_order": [], "hidden_columns": [], "sort": "", "density": Density.COMFORTABLE, "page_size": 25}
    density, size = data.get("density", ""), data.get("page_size", "")
    if density not in Density.values or size not in map(str, PAGE_SIZES):
        return None
    order = list(complete(data.getlist("order")))
    name, _colon, way = data.get("move", "").partition(":")
    if name in order and way in {"up", "down"}:
        order = moved(order, name, -1 if way == "up" else 1)
    shown = {NEVER_HIDDEN, *data.getlist("column")}
    hidden = [name for name in order if name not in shown]
    return {"column_order": order, "hidden_columns": hidden, "density": density, "page_size": int(size)}


def _without_layout(request: LoggedIn) -> str:
    """Where the user is. What the address says of the layout would win over what was just chosen."""
    here = (request.htmx.current_url_abs_path if request.htmx else None) or posted_next(request, otherwise="")
    path, _mark, query = here.partition("?")
    params = QueryDict(query, mutable=True)
    for name in ("page", "columns", "per", *(("sort",) if "reset" in request.POST else ())):
        params.pop(name, None)
    return f"{path or '/'}?{params.urlencode()}" if params else path or "/"


def only_named_people(request: LoggedIn) -> None:
    if not request.user.follows_people:
        raise PermissionDenied(_("Named people are for those who follow them: tutors and coordinators."))
