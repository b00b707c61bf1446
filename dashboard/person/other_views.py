"""«Other actions» of the file: no further action, take up again, came in as the person says."""

from collections.abc import Callable

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.courses.requests import LoggedIn
from dashboard.follow_up import closing, moves
from dashboard.models import Contact, FollowUp
from dashboard.person.answers import UNPROCESSABLE, conflict, done, overtaken, posted_version, screen
from dashboard.person.file import File, open_file
from dashboard.person.forms import CloseForm
from dashboard.person.panel import Forms
from moodle_sync.enums import Access


@require_http_methods(["GET", "POST"])
def close_out(request: LoggedIn, pk: int) -> HttpResponse:
    file = _open(request, pk)
    posted = request.POST if request.method == "POST" else None
    form = CloseForm(posted)
    if not form.is_valid():
        status = UNPROCESSABLE if posted is not None else 200
        return screen(request, file, "dashboard/person/_close.html", {"form": form}, status=status)
    assert file.follow_up is not None
    version, words = posted_version(request), form.cleaned_data["words"]
    try:
        entry = closing.close_out(file.follow_up, version, form.chosen, by=request.user, words=words)
    except moves.Stale:
        file = _open(request, pk)  # with the version that saving again is for
        assert file.follow_up is not None
        context = {"form": form, "conflict": conflict(request, file.follow_up, version)}
        return screen(request, file, "dashboard/person/_close.html", context)
    return done(request, pk, [pk], message=_("No further action: closed."), act=entry.act)


@require_POST
def reopen(request: LoggedIn, pk: int) -> HttpResponse:
    file = _open(request, pk)
    access = Access(file.enrolment.access)
    return _do(
        request,
        file,
        lambda follow_up, version: closing.reopen(follow_up, version, access, by=request.user),
        _("Taken up again."),
    )


@require_POST
def declare_in(request: LoggedIn, pk: int) -> HttpResponse:
    file = _open(request, pk)
    access = Access(file.enrolment.access)
    return _do(
        request,
        file,
        lambda follow_up, version: closing.declare_in(follow_up, version, access, by=request.user),
        _("Noted: came in, as declared."),
    )


def _open(request: LoggedIn, pk: int) -> File:
    file = open_file(request.user, pk)
    if file.follow_up is None:
        raise Http404
    return file


def _do(request: LoggedIn, file: File, act: Callable[[FollowUp, int], Contact], message: str) -> HttpResponse:
    assert file.follow_up is not None
    pk = file.enrolment.pk
    try:
        contact = act(file.follow_up, posted_version(request))
    except moves.Stale:
        words = _("Somebody was faster: here is the file as it is now. Nothing was changed.")
        return overtaken(request, pk, [pk], Forms(), message=words)
    return done(request, pk, [pk], message=message, act=contact.act)
