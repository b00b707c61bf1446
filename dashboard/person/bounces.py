"""No mailbox is read: whoever sent a message tells that it came back."""

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.courses.requests import LoggedIn
from dashboard.follow_up import acts
from dashboard.person.answers import done
from dashboard.person.details import Kind, ways_to_reach
from dashboard.person.file import open_file
from dashboard.roster.answers import redirected


@require_POST
def bounced(request: LoggedIn, pk: int) -> HttpResponse:
    """`address`: one that the file shows. With `round`, from call mode: back to its screen."""
    file = open_file(request.user, pk)
    asked = request.POST.get("address", "").lower()
    shown = [way for way in ways_to_reach(file) if way.kind == Kind.EMAIL and way.shown.lower() == asked]
    if file.follow_up is None or not shown:
        raise Http404
    message = _("Noted: no reminder goes to this address any more.")
    if shown[0].wrong:  # said already: another tab, or a colleague
        return redirected(request, message) if "round" in request.POST else done(request, pk, [pk], message=message)
    entry = acts.note_bounce(file.follow_up, asked, by=request.user)
    if "round" in request.POST:
        return redirected(request, message, act=entry.act)
    return done(request, pk, [pk], message=message, act=entry.act)
