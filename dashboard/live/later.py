"""«Call back later», which has a key of its own."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from dashboard.courses.requests import LoggedIn
from dashboard.enums import OPEN_STATES
from dashboard.follow_up import dating, moves
from dashboard.live import words
from dashboard.person.answers import UNPROCESSABLE, posted_version
from dashboard.person.file import open_file
from dashboard.roster.answers import answer
from dashboard.shell.forms import WallClockField


class LaterForm(forms.Form):
    """So many days from today, or a date and time."""

    days = forms.ChoiceField(choices=[(days, days) for days in ("1", "3", "7")], required=False)
    date = WallClockField(required=False, error_messages={"invalid": gettext_lazy("Give the date.")})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned["days"] and cleaned["date"] is None:
            raise ValidationError(_("Give the date."))
        return cleaned


@require_POST
def call_back(request: LoggedIn, pk: int) -> HttpResponse:
    """One person, from the list or the file: the user calls back then."""
    file = open_file(request.user, pk)
    if file.follow_up is None:
        raise Http404
    form, zone, version = LaterForm(request.POST), file.enrolment.course.site.zone, posted_version(request)
    if not form.is_valid():
        return _refused(request, " ".join(str(error) for found in form.errors.values() for error in found))
    typed, days = form.cleaned_data["date"], form.cleaned_data["days"]
    due = dating.in_days(int(days), zone) if days else typed.replace(tzinfo=zone)
    if due <= timezone.now():
        return _refused(request, _("This date has passed: choose a later one."))
    if file.follow_up.state not in OPEN_STATES:
        return answer(request, [pk], _("This follow-up is closed: take it up again first."), level="warning")
    name = file.name or _("Unknown name")
    try:
        entry = dating.call_back(file.follow_up, version, due, by=request.user)
    except moves.Stale:
        told = words.since_versions([(file.follow_up, version)], request.user)
        text = _("%(name)s: somebody was faster. Here is the row as it is now; nothing was changed.") % {"name": name}
        return answer(request, [pk], f"{text} {told}".strip(), level="warning")
    return answer(request, [pk], _("%(name)s: to call back.") % {"name": name}, act=entry.act)


def _refused(request: LoggedIn, error: str) -> HttpResponse:
    context = {"error": error, "oob": True}
    return HttpResponse(render_to_string("dashboard/live/_snooze_error.html", context, request), status=UNPROCESSABLE)
