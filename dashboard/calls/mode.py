"""Call mode: every act ends with a redirect to its one screen, which htmx follows too."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from dashboard.calls import lists, rounds
from dashboard.calls.forms import CallForm, renewed
from dashboard.calls.screen import screen, shown_again
from dashboard.calls.views import save_call
from dashboard.courses.requests import LoggedIn, posted_next
from dashboard.follow_up import moves
from dashboard.person.answers import UNPROCESSABLE
from dashboard.person.file import open_file
from dashboard.person.forms import DetailForm
from dashboard.roster.answers import answer, forget

TEMPLATE = "dashboard/calls/mode.html"


def _refuse_others(user: User) -> None:
    if not user.follows_people:
        raise PermissionDenied(_("Named people are for those who follow them: tutors and coordinators."))


@never_cache
@require_GET
def show(request: LoggedIn) -> HttpResponse:
    _refuse_others(request.user)
    return render(request, TEMPLATE, screen(request.user))


@require_POST
def start(request: LoggedIn) -> HttpResponse:
    """`list`: queue, callbacks, or roster with its address's `query`; `first`: the one to begin with."""
    _refuse_others(request.user)
    found = lists.call_list(request.user, request.POST.get("list", ""), request.POST.get("query", ""))
    if found is None:
        raise Http404
    back = found.back or posted_next(request, otherwise=reverse("home"))
    asked = request.POST.get("first", "")
    first = int(asked) if asked.isdecimal() and len(asked) < 19 else None
    people = lists.beginning_with(request.user, first, found.enrolments)
    if people is None:
        messages.warning(request, _("This person is not to be called now."))
        return redirect(posted_next(request, otherwise=back))
    if not people and found.back:  # filters nobody matches; an earlier round goes on
        messages.warning(request, _("Nobody to call: the list is empty."))
        return redirect(back)
    begun = rounds.begin(request.user, people, title=found.title, back=back)
    if first is not None and begun.current_id != first:
        messages.info(request, _("A colleague is on the line with this person: here is the next one."))
    return redirect("dashboard:call-mode")


@require_POST
def go_on(request: LoggedIn) -> HttpResponse:
    """After a pause, or when colleagues have finished."""
    _refuse_others(request.user)
    rounds.go_on(request.user)
    return redirect("dashboard:call-mode")


@require_POST
def pause(request: LoggedIn) -> HttpResponse:
    _refuse_others(request.user)
    rounds.pause(request.user)
    return redirect("dashboard:call-mode")


@require_POST
def leave(request: LoggedIn) -> HttpResponse:
    _refuse_others(request.user)
    return redirect(rounds.leave(request.user) or reverse("home"))


@require_POST
def skip(request: LoggedIn, pk: int) -> HttpResponse:
    """Also of a file that is no longer the user's: it then does not come back."""
    _refuse_others(request.user)
    rounds.skip(request.user, pk)
    found = rounds.round_of(request.user)
    if found and found.current_id == pk:
        messages.info(request, _("Nobody else is left in this round for the moment."))
    elif found and pk in found.left:
        messages.success(
            request, _("Skipped: comes again last."), extra_tags=reverse("dashboard:call-unskip", args=[pk])
        )
    return redirect("dashboard:call-mode")


@require_POST
def unskip(request: LoggedIn, pk: int) -> HttpResponse:
    _refuse_others(request.user)
    if not rounds.unskip(request.user, pk):
        words = _("Too late to undo: something happened since. Nothing was changed.")
        return answer(request, [], words, level="warning")
    return shown_again(request) or answer(request, [], _("Undone. In call mode, this person comes next."))


@require_POST
def save(request: LoggedIn, pk: int) -> HttpResponse:
    """The report of the call, then the next person; with `pause`, a pause."""
    file = open_file(request.user, pk)
    if file.follow_up is None:
        raise Http404
    form = CallForm(request.POST, file=file)
    if not form.is_valid():
        return _refused(request, form)
    try:
        act = save_call(form)
    except moves.Stale:
        message = _("Something changed in this file meanwhile. Your text is kept: look, then save again.")
        return _refused(request, renewed(request.POST, open_file(request.user, pk), message))
    forget(request)
    rounds.saved(request.user, pk, pause="pause" in request.POST)
    name = file.name or _("Unknown name")
    messages.success(request, _("%(name)s: call saved.") % {"name": name}, extra_tags=str(act))
    return redirect("dashboard:call-mode")


@require_POST
def add_detail(request: LoggedIn, pk: int) -> HttpResponse:
    """A number typed in without leaving the call."""
    form = DetailForm(request.POST, file=open_file(request.user, pk))
    if not form.is_valid() or not form.save():
        return render(request, TEMPLATE, screen(request.user, detail_form=form), status=UNPROCESSABLE)
    undo = reverse("dashboard:remove-detail", args=[form.saved.pk])
    messages.success(request, _("Contact details saved."), extra_tags=undo)
    return redirect("dashboard:call-mode")


def _refused(request: LoggedIn, form: CallForm) -> HttpResponse:
    return render(request, TEMPLATE, screen(request.user, form), status=UNPROCESSABLE)
