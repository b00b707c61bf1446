"""What the screen of call mode shows."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import User
from dashboard.calls import leases, rounds
from dashboard.calls.attempts import attempts, must_write
from dashboard.calls.forms import CallForm, fresh_form
from dashboard.calls.sensitive import PATTERN
from dashboard.courses.requests import LoggedIn
from dashboard.enums import OPEN_STATES
from dashboard.follow_up.reminding import written_lately
from dashboard.hints.likely import likely_cause
from dashboard.live import presence
from dashboard.models import CallRound
from dashboard.person.details import Kind
from dashboard.person.file import File, open_file
from dashboard.person.forms import DetailForm
from dashboard.person.panel import record_view
from dashboard.person.timeline import timeline
from dashboard.plan.why import why
from dashboard.queue.lists import Desk, Work, to_call
from dashboard.queue.upcoming import next_call
from dashboard.scope import visible_enrolments
from moodle_sync.enums import Standing

LAST_EVENTS = 3


def screen(user: User, form: CallForm | None = None, *, detail_form: DetailForm | None = None) -> dict[str, Any]:
    """`form`, `detail_form`: those being refused, of the person they are about, whatever became of the round."""
    found = rounds.round_of(user)
    context: dict[str, Any] = {"round": found, "place": "none"}
    if form:
        return context | _calling(form.file, found, form, None)
    if detail_form:
        return context | _calling(detail_form.file, found, None, detail_form)
    if found is None or (not found.total and found.current_id is None):
        return context | _what_next(user)
    if found.paused_at:
        return context | {"place": "paused", "waiting": len(found.left), "summary": rounds.summary(found)}
    if found.current_id is None:
        place = "held" if found.left else "ended"
        return context | {"place": place, "waiting": len(found.left), "summary": rounds.summary(found)}
    try:
        file = open_file(user, found.current_id)
    except Http404:  # handed over, or no longer followed, since it was taken
        return context | {"place": "gone", "gone": found.current_id}
    return context | _calling(file, found, None, None)


def shown_again(request: LoggedIn) -> HttpResponse | None:
    """Call mode as a whole, where that is what the browser shows: what is typed there is on the server."""
    address = reverse("dashboard:call-mode")
    here = urlsplit(request.htmx.current_url_abs_path or "").path
    if here != address:
        return None
    messages.success(request, _("Undone."))
    return HttpResponseClientRedirect(address)


def _what_next(user: User) -> dict[str, Any]:
    desk = Desk(user, timezone.now())
    return {
        "calls": len(to_call(desk)),
        "callbacks": len(to_call(desk, [Work.CALLBACK])),
        "upcoming": next_call(desk),
    }


def _calling(
    file: File, found: CallRound | None, form: CallForm | None, detail_form: DetailForm | None
) -> dict[str, Any]:
    record_view(file.user, file.person)
    form = form or fresh_form(file)
    taken = leases.take(file.person, file.user)
    phones = [way for way in form.ways if way.kind == Kind.PHONE]
    dialled = [] if file.person.do_not_call else form.dialled
    follow_up = file.follow_up
    tries = attempts(file.person, file.enrolment.course.site.zone)
    instead = must_write(follow_up, may_dial=bool(dialled))
    return {
        "place": "calling",
        "file": file,
        "person": file.person,
        "enrolment": file.enrolment,
        "courses": [e for e in file.enrolments if e.standing == Standing.PRESENT],
        "call_form": form,
        "detail_form": detail_form or DetailForm(file=file),
        "lease": None if taken else leases.holder(file.person, but=file.user),
        "dial": dialled[0] if dialled else None,
        "other_phones": [way for way in phones if not dialled or way is not dialled[0]],
        "email": next((way for way in form.ways if way.kind == Kind.EMAIL and not way.wrong), None),
        "emails": [way for way in form.ways if way.kind == Kind.EMAIL],
        "why": why(file.enrolment, timezone.now()),
        "is_closed": follow_up is not None and follow_up.state not in OPEN_STATES,
        "entries": [entry for entry in timeline(file) if not entry.undone][:LAST_EVENTS],
        "hint": likely_cause(file),
        "attempts": tries,
        "write_instead": instead,
        "written_lately": (tries.exhausted or instead) and written_lately(file.enrolment.pk, timezone.now()),
        "platform": urlsplit(file.enrolment.course.site.url).netloc,
        "sensitive_words": PATTERN,
        "opened": file.enrolment.pk,
        "watching": presence.looking(file.person, file.user),
        **_progress(found, file.user),
    }


def _progress(found: CallRound | None, user: User) -> dict[str, Any]:
    """«3 of 10», and who is likely to come next."""
    if found is None or not found.total:
        return {}
    number = max(found.total - len(found.left), 1)
    # Who was handed over since the round began is named no more.
    following = visible_enrolments(user).filter(pk__in=found.left[:1]).select_related("participant").first()
    return {
        "number": number,
        "share": f"{100 * (number - 1) / found.total:.2f}%",
        "finished": number - 1,
        "following": following.participant if following else None,
    }
