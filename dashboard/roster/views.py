from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from dashboard.bulk.steps import ON_THE_BAR
from dashboard.courses.requests import LoggedIn
from dashboard.enums import CLOSED_STATES
from dashboard.follow_up import acts, moves
from dashboard.models import BulkAct, FollowUp
from dashboard.person.answers import posted_version
from dashboard.roster.answers import answer, panel
from dashboard.roster.layout import only_named_people
from dashboard.roster.listing import Roster
from dashboard.scope import visible_enrolments
from dashboard.views_saved.shelf import default_of, forget_lost_default
from moodle_sync.enums import Standing

SWAPPED = {"roster", "results"}
"""What links and the form of the list swap; whoever asks for more gets the whole page."""


@never_cache
@require_GET
def roster(request: LoggedIn) -> HttpResponse:
    only_named_people(request)
    opened = None if request.GET or request.htmx else default_of(request.user)
    if opened:
        return redirect(opened.url)
    if not request.GET and forget_lost_default(request.user):
        words = _("The view that opened this list was deleted, or is no longer shared with you: here is everybody.")
        messages.warning(request, words)
    listing = Roster.of(request.user, request.GET, waits=False)
    context: dict[str, Any] = {"roster": listing}
    if request.htmx.target == "tiles":
        return render(request, "dashboard/roster/_counted.html", context)
    if request.htmx.target in SWAPPED:
        # The form swaps the parts it changes, and never the menus one is choosing from.
        context |= {"layout": "dashboard/roster/swapped.html", "parts_only": _parts(request)}
    else:
        under_way = BulkAct.objects.filter(user=request.user, told=False).defer("versions", "skipped")
        context |= {"bulk_steps": ON_THE_BAR, "bulk_acts": under_way}
        context |= {"layout": "base.html", **panel(request, listing)}
    return render(request, "dashboard/roster/list.html", context)


def _parts(request: LoggedIn) -> str:
    if request.htmx.target != "results":
        return ""
    return "display" if request.htmx.trigger == "display-form" else "results"


@require_POST
def mark_contacted(request: LoggedIn, pk: int) -> HttpResponse:
    follow_up = get_object_or_404(
        FollowUp.objects.select_related("enrolment__course__site", "enrolment__participant"),
        enrolment__in=visible_enrolments(request.user).exclude(standing=Standing.STAFF),
        enrolment=pk,
    )
    name = follow_up.enrolment.participant.full_name or _("Unknown name")
    try:
        done = acts.mark_contacted(follow_up, by=request.user, version=posted_version(request))
    except moves.Stale:
        words = _("%(name)s: somebody was faster. Here is the row as it is now; nothing was changed.")
        return answer(request, [pk], words % {"name": name}, level="warning")
    moved = done.to_state not in CLOSED_STATES
    words = _("%(name)s: now contacted.") if moved else _("%(name)s: contact noted; the follow-up stays closed.")
    return answer(request, [pk], words % {"name": name}, act=done.act)
