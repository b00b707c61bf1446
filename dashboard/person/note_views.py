"""A note is corrected in its place on the timeline, and the correction taken back."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.courses.requests import LoggedIn
from dashboard.follow_up import correcting, moves
from dashboard.models import Contact, FollowUp
from dashboard.person.answers import done, overtaken, posted_version, refused
from dashboard.person.corrections import may_correct
from dashboard.person.file import open_file
from dashboard.person.forms import CorrectionForm
from dashboard.person.panel import Forms
from dashboard.roster.answers import changed, redirected
from dashboard.scope import visible_enrolments


@require_POST
def correct(request: LoggedIn, pk: int, act: UUID) -> HttpResponse:
    file = open_file(request.user, pk)
    found = correcting.entries_of(act, file.person)
    entries = list(found.select_related("undone_by").order_by("pk"))
    visible = {follow_up.pk for follow_up in file.follow_ups}
    if not may_correct(request.user, entries, [entry for entry in entries if entry.follow_up_id in visible]):
        raise Http404
    form = CorrectionForm(request.POST, act=act, now=entries[0].note)
    if not form.is_valid():
        return refused(request, pk, Forms(correction=form))
    try:
        done_by = correcting.correct(found, form.cleaned_data["text"], by=request.user, version=posted_version(request))
    except moves.Stale:
        words = _("Somebody corrected this note meanwhile. Your text is kept: look, then save again.")
        form.add_error("text", words)
        return overtaken(request, pk, [pk], Forms(correction=form), message=words)
    undo = reverse("dashboard:undo-correction", args=[done_by])
    return done(request, pk, [pk], message=_("Note corrected. The text before is kept."), undo_url=undo)


@require_POST
def undo_correction(request: LoggedIn, act: UUID) -> HttpResponse:
    seen = FollowUp.objects.filter(enrolment__in=visible_enrolments(request.user))
    try:
        enrolments = correcting.take_back(act, by=request.user, among=seen.values_list("pk", flat=True))
    except Contact.DoesNotExist as exc:
        raise Http404 from exc
    except moves.NotUndoable:
        words = _("Too late to undo: something happened since. Nothing was changed.")
        mine = seen.filter(contacts__versions__act=act).values_list("enrolment", flat=True)
        return _answer(request, list(mine), words, level="warning")
    return _answer(request, enrolments, _("Undone."), level="success")


def _answer(request: LoggedIn, enrolments: list[int], words: str, *, level: str) -> HttpResponse:
    if request.htmx:
        return changed(request, enrolments, message=words, level=level)
    return redirected(request, words, level=messages.WARNING if level == "warning" else messages.SUCCESS)
