"""People handed over: one from the file, many from the page."""

import re
from collections.abc import Mapping
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import User
from dashboard.courses.requests import LoggedIn
from dashboard.follow_up.handing import HandedMeanwhile, hand_over
from dashboard.handover.colleagues import receivers
from dashboard.handover.forms import HandOverForm
from dashboard.handover.listing import SHOWN, Candidates, courses_of, handable
from dashboard.handover.meanwhile import meanwhile
from dashboard.handover.notices import tell_of_people
from dashboard.models import FollowUp, Notice
from dashboard.person.answers import UNPROCESSABLE, conflict, done, posted_version, screen
from dashboard.person.file import open_file
from dashboard.roster.answers import forget
from dashboard.scope import own_enrolments, visible_enrolments

TICKED = re.compile(r"([0-9]{1,18})(?::([0-9]{1,9}))?")


@never_cache
@require_http_methods(["GET", "POST"])
def many(request: LoggedIn) -> HttpResponse:
    """GET: whom one may hand over. POST `people` (`enrolment:version`), `to` and `reason`: all of them, or none."""
    if not request.user.follows_people:
        raise PermissionDenied(_("Named people are for those who follow them: tutors and coordinators."))
    listing = Candidates(request.user, request.GET)
    if request.method == "GET":
        return _page(request, listing, HandOverForm(receivers=listing.receivers))
    people = _posted(request)
    found = handable(request.user).filter(enrolment__in=people)
    there = set(found.values_list("enrolment", flat=True))
    if people and (not there or visible_enrolments(request.user).filter(pk__in=people).count() < len(people)):
        raise Http404
    if len(there) < len(people):
        return _overtaken(request, listing, people)
    form = HandOverForm(request.POST, receivers=receivers(request.user, courses_of(found)))
    if not people:
        form.add_error(None, _("Tick the people to hand over first."))
    if not form.is_valid():
        return _page(request, listing, form, chosen=people, status=UNPROCESSABLE)
    to = form.cleaned_data["to"]
    try:
        act, moved = _hand_over(found, people, to, by=request.user, reason=form.cleaned_data["reason"])
    except HandedMeanwhile:
        return _overtaken(request, listing, people)
    if not moved:
        messages.info(request, _("%(name)s has all of them already.") % {"name": to})
    else:
        forget(request)
        messages.success(request, _told(len(moved), to), extra_tags=str(act))
    return redirect(request.get_full_path())


def _overtaken(request: LoggedIn, listing: Candidates, people: Mapping[int, int]) -> HttpResponse:
    """Who has them now, with the ticks, the colleague and the reason as they were: the same button does it."""
    there = handable(request.user).filter(enrolment__in=people)
    form = HandOverForm(request.POST, receivers=receivers(request.user, courses_of(there)))
    form.add_error(None, meanwhile(there, people, request.user))
    return _page(request, listing, form, chosen=people, status=UNPROCESSABLE)


def _page(
    request: LoggedIn,
    listing: Candidates,
    form: HandOverForm,
    *,
    chosen: Mapping[int, int] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"listing": listing, "form": form, "chosen": chosen or {}, "shown_at_most": SHOWN, "section": "people"}
    return render(request, "dashboard/handover/people.html", context, status=status)


@require_http_methods(["GET", "POST"])
def one(request: LoggedIn, pk: int) -> HttpResponse:
    """From the file of a person: this enrolment only."""
    file = open_file(request.user, pk)
    found = handable(request.user).filter(enrolment=pk)
    if not found:
        raise Http404
    posted = request.POST if request.method == "POST" else None
    form = HandOverForm(posted, receivers=receivers(request.user, [file.enrolment.course]))
    if not form.is_valid():
        status = UNPROCESSABLE if posted is not None else 200
        return screen(request, file, "dashboard/handover/_one.html", {"form": form}, status=status)
    to, version = form.cleaned_data["to"], posted_version(request)
    try:
        act, moved = _hand_over(found, {pk: version}, to, by=request.user, reason=form.cleaned_data["reason"])
    except HandedMeanwhile:
        context = {"form": form, "conflict": conflict(request, found[0], version)}
        return screen(request, open_file(request.user, pk), "dashboard/handover/_one.html", context)
    if not moved:
        return done(request, pk, [pk], message=_("%(name)s has this person already.") % {"name": to})
    if not own_enrolments(request.user).filter(pk=pk).exists():  # given away by who had it by name only
        messages.success(request, _told(1, to), extra_tags=str(act))
        return _away(request)
    return done(request, pk, [pk], message=_told(1, to), act=act)


def _away(request: LoggedIn) -> HttpResponse:
    """The file is no longer the user's: back to the list."""
    return HttpResponseClientRedirect(reverse("dashboard:roster")) if request.htmx else redirect("dashboard:roster")


@transaction.atomic
def _hand_over(
    found: QuerySet[FollowUp], versions: Mapping[int, int], to: User, *, by: User, reason: str
) -> tuple[UUID, list[FollowUp]]:
    seen = {pk: versions[enrolment] for pk, enrolment in found.values_list("pk", "enrolment")}
    act, moved = hand_over(seen, to, by=by, reason=reason)
    if moved:
        persons = FollowUp.objects.filter(pk__in=[row.pk for row in moved])
        number = persons.values("enrolment__participant__account__person").distinct().count()
        tell_of_people(to, by=by, act=act, number=number, reason=reason)
    return act, moved


def _told(number: int, to: User) -> str:
    words = ngettext("%(n)s person handed over to %(name)s.", "%(n)s people handed over to %(name)s.", number)
    return words % {"n": number, "name": to}


def _posted(request: LoggedIn) -> dict[int, int]:
    """The version that was seen of each enrolment; one that never was, where it is missing."""
    found = [TICKED.fullmatch(value) for value in request.POST.getlist("people")[:SHOWN]]
    return {int(tick[1]): int(tick[2] or -1) for tick in found if tick}


@require_POST
def notice_seen(request: LoggedIn, pk: int) -> HttpResponse:
    """Put away by whom it was for."""
    notice = get_object_or_404(Notice, pk=pk, user=request.user)
    Notice.objects.filter(pk=notice.pk, seen_at=None).update(seen_at=timezone.now())
    undo, words = reverse("dashboard:notice-back", args=[pk]), _("Note put away.")
    if request.htmx:
        return _notes(request, words, undo_url=undo)
    messages.success(request, words, extra_tags=undo)
    return _where_it_was(request)


@require_POST
def notice_back(request: LoggedIn, pk: int) -> HttpResponse:
    notice = get_object_or_404(Notice, pk=pk, user=request.user)
    Notice.objects.filter(pk=notice.pk).update(seen_at=None)
    if request.htmx:
        return _notes(request, _("Undone."))
    return _where_it_was(request)


def _notes(request: LoggedIn, message: str, *, undo_url: str = "") -> HttpResponse:
    """No list is drawn anew for a note."""
    context = {"message": message, "undo_url": undo_url, "level": "success", "oob": True}
    return render(request, "dashboard/handover/_noted.html", context)


def _where_it_was(request: LoggedIn) -> HttpResponse:
    here = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(here, {request.get_host()}, require_https=request.is_secure())
    return redirect(here if safe else "home")
