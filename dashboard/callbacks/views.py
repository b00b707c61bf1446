"""Callbacks: the list, other dates, and the private calendar."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.links import public_url
from dashboard.callbacks import feed
from dashboard.callbacks.forms import RedateForm
from dashboard.callbacks.listing import Callbacks, callbacks_of
from dashboard.courses.requests import LoggedIn
from dashboard.follow_up import dating, moves
from dashboard.live.words import since_versions
from dashboard.models import CalendarFeed, FollowUp
from dashboard.roster.answers import forget
from dashboard.scope import visible_enrolments
from dashboard.shell import throttle

UNPROCESSABLE, TOO_MANY = 422, 429
WRONG_TRIES, READS, SECONDS = 20, 60, 600


@never_cache
@require_GET
def callbacks(request: LoggedIn) -> HttpResponse:
    _require_people(request)
    return _page(request, Callbacks(request.user, request.GET))


@require_POST
def redate(request: LoggedIn) -> HttpResponse:
    """All the chosen ones, or none: another date, or another one to call back."""
    _require_people(request)
    rows = callbacks_of(request.user).select_related("enrolment__course__site")
    form = RedateForm(request.POST, seen={row.enrolment_id: row for row in rows})
    if form.has_gone:
        return _overtaken(request, form)
    if not form.is_valid():
        errors = " ".join(str(error) for found in form.errors.values() for error in found)
        chosen = set(request.POST.getlist("callback"))
        listing = Callbacks(request.user, _query(request))
        return _page(request, listing, error=errors, chosen=chosen, status=UNPROCESSABLE)
    try:
        act, words = _write(form, request)
    except moves.Stale:
        return _overtaken(request, form)
    messages.success(request, words, extra_tags=act)
    forget(request)
    return _back(request)


def _overtaken(request: LoggedIn, form: RedateForm) -> HttpResponse:
    """The callbacks as they are now, with the ticks and the date that were given: the same button does it."""
    rows = FollowUp.objects.filter(enrolment__in=visible_enrolments(request.user))
    posted = form.posted
    changed = [(row, posted[row.enrolment_id]) for row in rows.filter(enrolment__in=posted)]
    told = since_versions(changed, request.user)
    text = _("Somebody was faster: here are the callbacks as they are now. Nothing was changed.")
    listing = Callbacks(request.user, _query(request))
    text = f"{text} {told}".strip()
    if not listing.sections:  # nothing is left that could be given another date
        messages.warning(request, text)
    ticked = {key.partition(":")[0] for key in request.POST.getlist("callback")}
    now = callbacks_of(request.user).values_list("enrolment", "version")
    chosen = {f"{pk}:{version}" for pk, version in now if str(pk) in ticked}
    return _page(request, listing, error=text, chosen=chosen, status=UNPROCESSABLE)


def _write(form: RedateForm, request: LoggedIn) -> tuple[str, str]:
    number = {"n": len(form.chosen)}
    what = form.cleaned_data["what"]
    if what in {"mine", "anyone"}:
        to = request.user if what == "mine" else None
        act = dating.entrust_callbacks(form.chosen, to, by=request.user)
        if to:
            words = ngettext("%(n)s callback is yours.", "%(n)s callbacks are yours.", number["n"])
        else:
            words = ngettext("Anyone may make %(n)s callback.", "Anyone may make %(n)s callbacks.", number["n"])
    else:
        act = dating.redate(form.chosen, form.new_date, by=request.user)
        words = ngettext("%(n)s callback has a new date.", "%(n)s callbacks have a new date.", number["n"])
    return str(act), words % number


@never_cache
@require_POST
def make_feed(request: LoggedIn) -> HttpResponse:
    """A new address, shown this once; an earlier one ends."""
    _require_people(request)
    path = reverse("dashboard:callback-feed", args=[feed.make_token(request.user)])
    return _page(request, Callbacks(request.user, _query(request)), address=public_url(path))


@require_POST
def revoke_feed(request: LoggedIn) -> HttpResponse:
    _require_people(request)
    CalendarFeed.objects.filter(user=request.user).delete()
    messages.success(request, _("The address is revoked: calendars that used it get nothing any more."))
    return _back(request)


@login_not_required
@never_cache
@require_safe
def read_feed(request: HttpRequest, token: str) -> HttpResponse:
    """For calendars, which cannot log in: the token is the key. Whoever tries out tokens is soon not answered."""
    wrong = f"calendar:wrong:{throttle.caller(request)}"
    if throttle.attempts(wrong) >= WRONG_TRIES:
        return HttpResponse(status=TOO_MANY, headers={"Retry-After": str(SECONDS)})
    user = feed.reader(token)
    if user is None:
        throttle.count(wrong, seconds=SECONDS)
        raise Http404
    if throttle.count(f"calendar:reads:{user.pk}", seconds=SECONDS) > READS:
        return HttpResponse(status=TOO_MANY, headers={"Retry-After": str(SECONDS)})
    return HttpResponse(feed.calendar(user), content_type="text/calendar; charset=utf-8")


def _page(
    request: LoggedIn,
    listing: Callbacks,
    *,
    error: str = "",
    chosen: set[str] | None = None,
    address: str = "",
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "listing": listing,
        "sections": listing.sections,
        "error": error,
        "chosen": chosen or set(),
        "typed_date": request.POST.get("date", ""),
        "address": address,
        "feed": CalendarFeed.objects.filter(user=request.user).first(),
    }
    return render(request, "dashboard/callbacks/list.html", context, status=status)


def _require_people(request: LoggedIn) -> None:
    if not request.user.follows_people:
        raise PermissionDenied(_("Named people are for those who follow them: tutors and coordinators."))


def _query(request: LoggedIn) -> QueryDict:
    """Which callbacks the page showed."""
    found = QueryDict(mutable=True)
    found["whose"] = request.POST.get("whose", "")
    return found


def _back(request: LoggedIn) -> HttpResponse:
    return redirect(Callbacks(request.user, _query(request)).url)
