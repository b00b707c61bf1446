"""What somebody else must lift: named, asked for, lifted."""

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from dashboard.blocked.forms import BlockForm
from dashboard.blocked.listing import SHOWN, lines
from dashboard.courses.requests import LoggedIn
from dashboard.enums import OPEN_STATES, State
from dashboard.follow_up import blocking, moves
from dashboard.follow_up.blocking import current_blockages
from dashboard.handover.notices import tell_of_blockage
from dashboard.models import Blockage, FollowUp
from dashboard.person.answers import UNPROCESSABLE, conflict, done, overtaken, posted_version, screen
from dashboard.person.file import File, open_file
from dashboard.person.panel import Forms
from dashboard.roster.answers import answer, redirected

BACK = "blockage-asked"
TOO_LATE = gettext_lazy("Too late to undo: something happened since. Nothing was changed.")
FASTER = gettext_lazy("Somebody was faster: here is the file as it is now. Nothing was changed.")


@never_cache
@require_GET
def blockages(request: LoggedIn) -> HttpResponse:
    if not request.user.follows_people:
        raise PermissionDenied(_("Named people are for those who follow them: tutors and coordinators."))
    found = lines(request.user)
    mine = [line for line in found if line.is_mine]
    context = {"mine": mine, "others": [line for line in found if not line.is_mine], "is_cut": len(found) == SHOWN}
    return render(request, "dashboard/blocked/list.html", context)


@require_http_methods(["GET", "POST"])
def block(request: LoggedIn, pk: int) -> HttpResponse:
    """GET: what keeps the person out, and who must act. POST: blocked until then."""
    file = open_file(request.user, pk)
    if file.follow_up is None:
        raise Http404
    if request.method == "GET":
        if file.follow_up.state not in OPEN_STATES:
            raise Http404
        return _block_screen(request, file, BlockForm(file=file, follow_up=file.follow_up))
    form = BlockForm(request.POST, file=file, follow_up=file.follow_up)
    if not form.is_valid():
        return _block_screen(request, file, form, status=UNPROCESSABLE)
    try:
        act = _write_blockage(form, file.follow_up, by=request.user)
    except moves.Stale:
        return _block_again(request, open_file(request.user, pk), form.cleaned_data["version"])
    return done(request, pk, [pk], message=_("Blocked until somebody acts; it comes back by itself."), act=act)


def _block_again(request: LoggedIn, file: File, version: int) -> HttpResponse:
    """What was typed, for the version that is current now."""
    assert file.follow_up is not None
    posted = request.POST.copy()
    posted["version"] = str(file.follow_up.version)
    form = BlockForm(posted, file=file, follow_up=file.follow_up)
    return _block_screen(request, file, form, conflict=conflict(request, file.follow_up, version))


def _block_screen(request: LoggedIn, file: File, form: BlockForm, *, status: int = 200, **told: str) -> HttpResponse:
    context = {"form": form, "again": form.follow_up.state == State.BLOCKED, **told}
    return screen(request, file, "dashboard/blocked/_block.html", context, status=status)


@transaction.atomic
def _write_blockage(form: BlockForm, follow_up: FollowUp, *, by: User) -> UUID:
    contact = blocking.block(
        follow_up,
        form.cleaned_data["version"],
        by=by,
        cause=form.chosen_cause,
        owner=form.chosen_owner,
        address=form.cleaned_data["address"],
    )
    if form.chosen_owner:
        tell_of_blockage(form.chosen_owner, by=by, act=contact.act, enrolment=follow_up.enrolment_id)
    return contact.act


@require_POST
def lift(request: LoggedIn, pk: int) -> HttpResponse:
    """From the file or from the list of blockages."""
    file = open_file(request.user, pk)
    if file.follow_up is None:
        raise Http404
    try:
        contact = blocking.lift(file.follow_up, posted_version(request), by=request.user)
    except moves.Stale:
        if "list" in request.POST:
            return redirected(request, str(FASTER), level=messages.WARNING)
        return overtaken(request, pk, [pk], Forms(), message=str(FASTER))
    words = _("Lifted: to do today.")
    if "list" in request.POST:
        return redirected(request, words, act=contact.act)
    return done(request, pk, [pk], message=words, act=contact.act)


@require_POST
def asked(request: LoggedIn, pk: int) -> HttpResponse:
    """The request was sent, or was not after all: says so, and moves nothing. `back`: of a toast's undo."""
    file = open_file(request.user, pk)
    blockage = current_blockages([file.follow_up]).get(file.follow_up.pk) if file.follow_up else None
    if blockage is None:
        raise Http404
    if "back" in request.GET:
        return _ask_undone(request, pk, blockage, request.GET["back"])
    was, at = blockage.asked_at, None if "unsent" in request.POST else timezone.now()
    try:
        blocking.mark_asked(blockage.pk, at, was=was)
    except moves.Stale:
        return overtaken(request, pk, [pk], Forms(), message=str(FASTER))
    words = _("Request marked as sent.") if at else _("Request no longer marked as sent.")
    undo = f"{request.path}?{urlencode({'back': _signed(blockage.pk, was, at)})}"
    if "list" in request.POST:
        return redirected(request, words, undo_url=undo)
    return done(request, pk, [pk], message=words, undo_url=undo)


def _signed(blockage: int, was: datetime | None, at: datetime | None) -> str:
    """The date that an undo brings back is the one it had: nobody types another into the address."""
    return signing.dumps([blockage, *(moment and moment.isoformat() for moment in (was, at))], salt=BACK)


def _ask_undone(request: LoggedIn, pk: int, blockage: Blockage, token: str) -> HttpResponse:
    try:
        found, *moments = signing.loads(token, salt=BACK)
    except signing.BadSignature as exc:
        raise Http404 from exc
    was, at = (moment and datetime.fromisoformat(moment) for moment in moments)
    try:
        if found != blockage.pk:
            raise moves.Stale
        blocking.mark_asked(blockage.pk, was, was=at)
    except moves.Stale:
        return answer(request, [pk], str(TOO_LATE), level="warning")
    return answer(request, [pk], _("Undone."))
