"""What a page says by itself while somebody calls: «I still work on this person», and «this is typed so far»."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.calls import drafts, leases
from dashboard.calls.forms import version_field
from dashboard.calls.screen import shown_again
from dashboard.courses.requests import LoggedIn, posted_next
from dashboard.person.file import open_file
from dashboard.roster.answers import answer

CONFLICT = 409
NO_CONTENT = 204


@require_POST
def take(request: LoggedIn, pk: int) -> HttpResponse:
    """Take or renew; `long`: the number was tapped; `over`: knowingly from a colleague, which no script ever asks."""
    file = open_file(request.user, pk)
    over = "over" in request.POST
    length = leases.ON_THE_PHONE if "long" in request.POST else leases.USUAL
    lease = leases.take(file.person, file.user, length=length, over=over)
    if over:
        return redirect(posted_next(request, otherwise=reverse("dashboard:call", args=[pk])))
    if lease:
        return HttpResponse(status=NO_CONTENT)
    context = {
        "enrolment": file.enrolment,
        "lease": leases.holder(file.person, but=file.user),
        "next": request.POST.get("next", ""),
        "taken_over": "held" in request.POST,
    }
    return HttpResponse(render_to_string("dashboard/calls/_held.html", context, request), status=CONFLICT)


@require_POST
def release(request: LoggedIn, pk: int) -> HttpResponse:
    leases.release(open_file(request.user, pk).person, request.user)
    return HttpResponse(status=NO_CONTENT)


@require_POST
def draft(request: LoggedIn, pk: int) -> HttpResponse:
    """Keeps what is typed; `forget`: the user does not want it any more."""
    file = open_file(request.user, pk)
    if file.follow_up is None:
        raise Http404
    if "forget" in request.POST:
        drafts.drop(file.user, file.person)
        messages.success(request, _("Draft discarded."), extra_tags=reverse("dashboard:draft-back", args=[pk]))
        return redirect(posted_next(request, otherwise=reverse("dashboard:call", args=[pk])))
    version = request.POST.get(version_field(pk), "")
    drafts.keep(
        file.user,
        file.person,
        request.POST,
        follow_up=file.follow_up,
        version=int(version) if version.isdecimal() and len(version) < 10 else file.follow_up.version,
    )
    return HttpResponse(status=NO_CONTENT)


@require_POST
def draft_back(request: LoggedIn, pk: int) -> HttpResponse:
    """The undo of `forget`."""
    file = open_file(request.user, pk)
    if not drafts.pick_up(file.user, file.person):
        words = _("Too late to undo: something happened since. Nothing was changed.")
        return answer(request, [pk], words, level="warning")
    return shown_again(request) or answer(request, [pk], _("Undone."))
