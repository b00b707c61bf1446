"""A tutor's answer to a likely cause, and how often tutors agreed."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from dashboard.courses.requests import LoggedIn
from dashboard.enums import Cause
from dashboard.follow_up import closing, moves
from dashboard.hints.answers import agree, refuse
from dashboard.hints.likely import Hint, likely_cause
from dashboard.live import pulse
from dashboard.live.words import since_versions
from dashboard.models import FollowUp, HintAnswer
from dashboard.person.answers import done, overtaken, posted_version
from dashboard.person.file import open_file
from dashboard.person.panel import Forms
from dashboard.scope import visible_enrolments

FEWEST = 5
"""Below, a figure would tell of persons."""


@require_POST
def answer(request: LoggedIn, pk: int) -> HttpResponse:
    """`cause`, and `agreed`: 1, 0, or nothing to take a «no» back. A toast's undo names the cause in its address."""
    file = open_file(request.user, pk)
    follow_up = file.follow_up
    if follow_up is None:
        raise Http404
    hint, agreed = likely_cause(file), request.POST.get("agreed", "")
    own = HintAnswer.objects.filter(follow_up=follow_up, by=request.user)
    if hint is None or request.POST.get("cause", request.GET.get("cause")) != hint.cause:
        return _overtaken(request, pk, follow_up)
    if agreed == "1":
        return _accept(request, pk, posted_version(request), hint)
    if agreed == "0":
        refuse(follow_up, hint, by=request.user)
    else:
        own.filter(cause=hint.cause, agreed=False).delete()
    pulse.beat_later()
    if agreed == "0":
        undo = f"{request.path}?{urlencode({'cause': hint.cause})}"
        return done(request, pk, [pk], message=_("Noted: that is not the cause."), undo_url=undo)
    return done(request, pk, [pk], message=_("Undone."))


def _accept(request: LoggedIn, pk: int, version: int, hint: Hint) -> HttpResponse:
    file = open_file(request.user, pk)
    assert file.follow_up is not None
    try:
        with transaction.atomic():
            contact = closing.accept_cause(file.follow_up, version, hint.cause, by=request.user)
            agree(contact, hint, by=request.user)
    except moves.Stale:
        return _overtaken(request, pk, file.follow_up)
    return done(request, pk, [pk], message=_("Cause noted: %(cause)s.") % {"cause": hint.cause.label}, act=contact.act)


def _overtaken(request: LoggedIn, pk: int, follow_up: FollowUp) -> HttpResponse:
    """What is typed elsewhere in the file stays: a call's is kept on the server, a note's on the page."""
    version = posted_version(request)
    told = since_versions([(follow_up, version)], request.user) if version >= 0 else ""
    words = _("Something changed in this file meanwhile: look at it again. Nothing was changed.")
    return overtaken(request, pk, [pk], Forms(), message=f"{words} {told}".strip())


@dataclass(frozen=True)
class Figure:
    """How tutors answered one cause. None: too few answers to be told."""

    cause: str
    answers: int | None
    agreed: int | None

    @property
    def percent(self) -> int | None:
        return round(100 * self.agreed / self.answers) if self.answers and self.agreed is not None else None


@require_GET
def figures(request: LoggedIn) -> HttpResponse:
    if not request.user.is_coordinator:
        raise PermissionDenied(_("These figures are for coordinators."))
    context = {"figures": _figures(request.user), "fewest": FEWEST, "section": "hints"}
    return render(request, "dashboard/hints/figures.html", context)


def _figures(user: User) -> list[Figure]:
    seen = HintAnswer.objects.filter(follow_up__enrolment__in=visible_enrolments(user))
    # What was accepted and then undone is no answer.
    counted = seen.filter(contact__undone_by=None).values("cause").order_by("cause")
    rows = counted.annotate(n=Count("pk"), yes=Count("pk", filter=Q(agreed=True)))
    return [
        Figure(str(Cause(row["cause"]).label), *((row["n"], row["yes"]) if row["n"] >= FEWEST else (None, None)))
        for row in rows
    ]
