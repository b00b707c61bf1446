from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.calls import drafts, leases, rounds
from dashboard.calls.forms import CallForm, fresh_form, renewed, version_field
from dashboard.courses.requests import LoggedIn
from dashboard.enums import OPEN_STATES
from dashboard.follow_up import acts, moves, writing
from dashboard.hints.answers import answer_by_call
from dashboard.hints.likely import likely_cause
from dashboard.live.words import since_versions
from dashboard.models import Contact
from dashboard.person.answers import done, overtaken, page, refused
from dashboard.person.file import open_file
from dashboard.person.panel import Forms, render_panel
from dashboard.person.place import naming_its_list
from dashboard.roster.answers import redirected


@require_http_methods(["GET", "POST"])
def call(request: LoggedIn, pk: int) -> HttpResponse:
    """GET: the panel, ready to report a call. POST: the report."""
    file = open_file(request.user, pk)
    if file.follow_up is None:
        raise Http404
    if request.method == "GET":
        forms = Forms(call=fresh_form(file))
        return (
            HttpResponse(render_panel(request, pk, forms))
            if request.htmx.target == "panel"
            else naming_its_list(request) or page(request, pk, forms)
        )
    form = CallForm(request.POST, file=file)
    if not form.is_valid():
        return refused(request, pk, Forms(call=form))
    counted = form.counted
    try:
        act = save_call(form)
    except moves.Stale:
        message = _("Something changed in this file meanwhile. Your text is kept: look, then save again.")
        forms = Forms(call=renewed(request.POST, open_file(request.user, pk), message))
        return overtaken(request, pk, counted, forms, message=message)
    message = ngettext("Call saved.", "Call saved for %(n)s courses.", len(counted)) % {"n": len(counted)}
    return done(request, pk, counted, message=message, act=act)


def save_call(form: CallForm) -> UUID:
    """What was typed is saved now, and colleagues may call the person again. Raises moves.Stale."""
    file, call = form.file, form.call
    hint = likely_cause(file) if call.cause else None
    with transaction.atomic():
        act = acts.log_call(file.person, form.follow_ups, call, by=file.user)
        if hint and call.cause:
            contact = Contact.objects.get(act=act, follow_up=file.follow_up)
            answer_by_call(contact, hint, call.cause, by=file.user)
    drafts.forget(file.user, file.person)
    leases.release(file.person, file.user)
    return act


@require_POST
def wrote(request: LoggedIn, pk: int) -> HttpResponse:
    """«I wrote instead»: for every open course of the person's that the page showed. `round`: then the next person."""
    file = open_file(request.user, pk)
    if file.follow_up is None:
        raise Http404
    still_open = [f for f in file.countable if f.state in OPEN_STATES]
    shown = [(f, request.POST.get(version_field(f.enrolment_id), "")) for f in still_open]
    follow_ups = [(f, int(version)) for f, version in shown if version.isdecimal() and len(version) < 10]
    counted = [f.enrolment_id for f, _version in follow_ups]
    try:
        if file.follow_up not in [f for f, _version in follow_ups]:
            raise moves.Stale
        act = writing.log_message(follow_ups, by=file.user)
    except moves.Stale:
        told = since_versions(follow_ups, file.user)
        message = _("Somebody was faster: nothing was noted. Here is the file as it is now.")
        message = f"{message} {told}".strip()
        if request.htmx and "round" not in request.POST:
            return overtaken(request, pk, counted, Forms(), message=message)
        return redirected(request, message, level=messages.WARNING)
    message = _("Message noted.")
    if "round" in request.POST:
        rounds.saved(file.user, pk, pause=False)
        return redirected(request, message, act=act)
    return done(request, pk, counted, message=message, act=act)
