"""The bulk bar's buttons. Whoever ticked rows of a page acts at once; who selected all that matches confirms."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.bulk import work
from dashboard.bulk.addresses import addresses
from dashboard.bulk.report import Report
from dashboard.bulk.steps import ON_THE_BAR, STEPS
from dashboard.bulk.words import told
from dashboard.courses.requests import LoggedIn
from dashboard.exports import asking
from dashboard.models import BulkAct, Export
from dashboard.person.answers import UNPROCESSABLE
from dashboard.roster.answers import answer, changed, redirected
from dashboard.selection.picked import Picked, picked
from dashboard.selection.stored import MOST, TooMany, select_all

BEGUN = "bulk-begun"
"""What the browser is told when what was picked has been acted on."""


@require_POST
def select(request: LoggedIn) -> HttpResponse:
    """All that the list of `query` finds, kept: the bar's own answer, or a page of its buttons without script."""
    _only_who_follow(request)
    try:
        selection = select_all(request.user, QueryDict(request.POST.get("query", "")))
    except TooMany:
        words = _("More than %(most)s people at once are too many: narrow the list down.") % {"most": MOST}
        return answer(request, [], words, level="warning")
    context = {"selection": selection, "total": len(selection.enrolments), "steps": ON_THE_BAR}
    template = "dashboard/bulk/_all.html" if request.htmx else "dashboard/bulk/selected.html"
    return render(request, template, context)


@require_POST
def act(request: LoggedIn, step: str) -> HttpResponse:
    """`go`: the step's form was filled in. Without, it is asked for, where there is something to ask."""
    _only_who_follow(request)
    asked = STEPS.get(step)
    if asked is None:
        raise Http404
    who = picked(request.user, request.POST)
    if not who.present:
        return answer(request, [], _nobody(who), level="warning")
    going = "go" in request.POST
    form = asked.build(request.POST if going else None, who)
    if not going and not form.fields and not who.selection:
        form = asked.build(request.POST, who)
        going = True
    if not going or not form.is_valid():
        return _ask(request, "dashboard/bulk/step.html", who, {"step": asked, "form": form}, failed=going)
    done = work.begin(who, form.act, form.parameters)
    return _tell(request, done, who.ids)


@require_POST
def copy_addresses(request: LoggedIn) -> HttpResponse:
    """To write to them with one's own mail program, and to say so afterwards."""
    _only_who_follow(request)
    who = picked(request.user, request.POST)
    if not who.present:
        return answer(request, [], _nobody(who), level="warning")
    asking.record(request.user, asking.of_picked(who), Export.Format.EMAIL)
    recent_too = "recent" in request.POST
    found = addresses(who, timezone.now(), recent_too=recent_too)
    return _ask(request, "dashboard/bulk/addresses.html", who, {"addresses": found, "recent_too": recent_too})


@never_cache
@require_http_methods(["GET"])
def report(request: LoggedIn, pk: UUID) -> HttpResponse:
    """How far one's own act is, and who was left out, and why."""
    found = get_object_or_404(BulkAct, pk=pk, user=request.user)
    if not request.htmx:
        BulkAct.objects.filter(pk=pk, state__in=[work.State.DONE, work.State.UNDONE]).update(told=True)
        return render(request, "dashboard/bulk/report.html", {"report": Report(found), "told": told(found)})
    if found.is_busy:
        return render(request, "dashboard/bulk/_progress.html", {"act": found})
    BulkAct.objects.filter(pk=pk).update(told=True)
    said = told(found)
    return changed(request, found.enrolments, message=said.text, act=said.act, level=said.level, more_url=_more(found))


def undo(request: LoggedIn, found: BulkAct) -> HttpResponse:
    """The whole act. What changed since stays, and is told."""
    if not work.undo(found):
        return answer(request, [], _("This was undone already."), level="warning")
    return _tell(request, found, found.enrolments)


def _tell(request: LoggedIn, done: BulkAct, ids: list[int]) -> HttpResponse:
    if done.is_busy:
        if not request.htmx:
            return redirect("dashboard:bulk-report", done.pk)
        extra = render_to_string("dashboard/bulk/_begun.html", {"act": done}, request)
        response = HttpResponse(extra)
        response["HX-Trigger"] = BEGUN
        return response
    said = told(done)
    if not request.htmx:
        level = messages.WARNING if said.level == "warning" else messages.SUCCESS
        return redirected(request, said.text, act=said.act, level=level)
    more = _more(done) if done.left_out or done.kept else ""
    response = changed(request, ids, message=said.text, act=said.act, level=said.level, more_url=more)
    response["HX-Trigger"] = f"{response['HX-Trigger']}, {BEGUN}"
    return response


def _more(done: BulkAct) -> str:
    return reverse("dashboard:bulk-report", args=[done.pk])


def _ask(
    request: LoggedIn, template: str, who: Picked, context: dict[str, Any], *, failed: bool = False
) -> HttpResponse:
    """In the dialog; as a page without script."""
    layout = "dashboard/bulk/dialog.html" if request.htmx else "base.html"
    context |= {"picked": who, "layout": layout, "number": len(who.present), "all": len(who.ids)}
    return render(request, template, context, status=UNPROCESSABLE if failed else 200)


def _nobody(who: Picked) -> str:
    return _("None of those selected is still there.") if who else _("Tick the people first.")


def _only_who_follow(request: LoggedIn) -> None:
    if not request.user.follows_people:
        raise PermissionDenied(_("Named people are for those who follow them: tutors and coordinators."))
