"""Taking a list out: a short one at once, a long one when a worker has written it."""

import io
from itertools import chain
from typing import Any, TypeVar

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from dashboard.courses.requests import LoggedIn, posted_next
from dashboard.exports import asking, making, writers
from dashboard.exports.asking import MOST, Asked
from dashboard.exports.lines import lines
from dashboard.models import Export
from moodle_sync.crypto import TokenUnreadable

FILES = [Export.Format.CSV, Export.Format.XLSX]
TYPES = {
    Export.Format.CSV: "text/csv; charset=utf-8",
    Export.Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
SHOWN = 20
Answer = TypeVar("Answer", bound=HttpResponseBase)


@require_POST
def export(request: LoggedIn) -> HttpResponseBase:
    """`query` (of the roster's address), `row` or `selection`; `format`."""
    only_who_follows(request)
    format = request.POST.get("format", "")
    if format not in FILES:
        raise BadRequest("format")
    asked = asking.asked(request.user, request.POST)
    back = posted_next(request, otherwise="dashboard:roster")
    if not asked.ids:
        messages.warning(request, _("Nobody to export: the list is empty."))
        return redirect(back)
    if asked.is_too_long:
        words = ngettext("More than %(n)s person", "More than %(n)s people", MOST) % {
            "n": f"{MOST:,}".replace(",", " ")
        }
        messages.warning(request, _("%(many)s: no file was made. Narrow the list by its filters.") % {"many": words})
        return redirect(back)
    if asked.is_long:
        made = asking.record(request.user, asked, format)
        if not asking.send(made):
            messages.error(request, _("The list is long and no worker can be reached: try again later."))
        return redirect("dashboard:exports")
    return _at_once(request, asked, format)


def _at_once(request: LoggedIn, asked: Asked, format: str) -> HttpResponse:
    made = asking.record(request.user, asked, format)
    file = io.BytesIO()
    writers.write(format, lines(request.user, asked.ids, timezone.now()), file)
    return _attached(HttpResponse(file.getvalue()), made)


@never_cache
@require_GET
def exports(request: LoggedIn) -> HttpResponse:
    """What the user took out; looked at again by itself while a file is being prepared."""
    only_who_follows(request)
    return _list(request)


@never_cache
@require_GET
def fetch(request: LoggedIn, pk: int) -> HttpResponseBase:
    """Its author's only, as long as it is kept and everybody in it is still theirs."""
    only_who_follows(request)
    found = _own(request, pk)
    if found.state == Export.State.FORGOTTEN:
        return _list(
            request, trouble=_("This file has expired: files are kept for a day. Export the list again."), status=410
        )
    if found.state != Export.State.READY:
        return redirect("dashboard:exports")
    if not making.still_seen(found):
        words = _("Some of the people in this file are no longer yours to follow. Export the list again.")
        return _list(request, trouble=words, status=410)
    try:
        pieces = making.content_of(found)
        first = next(pieces)
    except (TokenUnreadable, StopIteration):
        return _list(request, trouble=_("This file can no longer be read. Export the list again."), status=410)
    Export.objects.filter(pk=pk).update(fetched_at=timezone.now())
    return _attached(StreamingHttpResponse(chain([first], pieces)), found)


@require_POST
def again(request: LoggedIn, pk: int) -> HttpResponse:
    only_who_follows(request)
    found = _own(request, pk)
    if making.again(found) and not asking.send(found):
        messages.error(request, _("No worker can be reached: try again later."))
    return redirect("dashboard:exports")


def only_who_follows(request: LoggedIn) -> None:
    if not request.user.follows_people:
        raise PermissionDenied(_("Named people are for those who follow them: tutors and coordinators."))


def _own(request: LoggedIn, pk: int) -> Export:
    return get_object_or_404(Export.objects.select_related("by"), pk=pk, by=request.user)


def _list(request: LoggedIn, *, trouble: str = "", status: int = 200) -> HttpResponse:
    found = list(Export.objects.filter(by=request.user).defer("ids").order_by("-pk")[:SHOWN])
    context: dict[str, Any] = {
        "exports": found,
        "busy": any(one.is_busy for one in found),
        "trouble": trouble,
        "kept_hours": int(making.KEPT.total_seconds() // 3600),
    }
    return render(request, "dashboard/exports/list.html", context, status=status)


def _attached(response: Answer, made: Export) -> Answer:
    day = timezone.localtime(made.asked_at).date()
    name = _("vigie-teachers")
    response["Content-Type"] = TYPES[Export.Format(made.format)]
    response["Content-Disposition"] = f'attachment; filename="{name}-{day:%Y-%m-%d}.{made.format}"'
    return response
