from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from dashboard.calls.forms import CallForm, renewed
from dashboard.courses.requests import LoggedIn
from dashboard.follow_up import acts, moves
from dashboard.person.answers import done, overtaken, page, refused
from dashboard.person.file import open_file
from dashboard.person.panel import Forms, render_panel


@require_http_methods(["GET", "POST"])
def call(request: LoggedIn, pk: int) -> HttpResponse:
    """GET: the panel, ready to report a call. POST: the report."""
    file = open_file(request.user, pk)
    if file.follow_up is None:
        raise Http404
    if request.method == "GET":
        forms = Forms(call=CallForm(file=file))
        return (
            HttpResponse(render_panel(request, pk, forms))
            if request.htmx.target == "panel"
            else page(request, pk, forms)
        )
    form = CallForm(request.POST, file=file)
    if not form.is_valid():
        return refused(request, pk, Forms(call=form))
    counted = form.counted
    try:
        act = acts.log_call(file.person, form.follow_ups, form.call, by=file.user)
    except moves.Stale:
        message = _("Something changed in this file meanwhile. Your text is kept: look, then save again.")
        forms = Forms(call=renewed(request.POST, open_file(request.user, pk), message))
        return overtaken(request, pk, counted, forms, message=message)
    message = ngettext("Call saved.", "Call saved for %(n)s courses.", len(counted)) % {"n": len(counted)}
    return done(request, pk, counted, message=message, act=act)
