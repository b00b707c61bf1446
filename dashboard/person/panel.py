"""What the panel shows, beside the list or alone on its page."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts.links import public_url
from accounts.models import User
from dashboard.calls import leases
from dashboard.calls.attempts import attempts, must_write
from dashboard.calls.forms import CallForm, fresh_form
from dashboard.calls.sensitive import PATTERN
from dashboard.courses.requests import LoggedIn
from dashboard.follow_up.reminding import written_lately
from dashboard.live import presence, stamps
from dashboard.models import AuditEntry, Person
from dashboard.person.details import Kind, schools
from dashboard.person.file import open_file
from dashboard.person.forms import CorrectionForm, DetailForm, NoteForm
from dashboard.person.others import others
from dashboard.person.place import Place, file_url, kept, list_of, place_of
from dashboard.person.timeline import timeline
from dashboard.person.union import may_change, recent_changes
from dashboard.plan.why import why
from dashboard.queue.page import Queue
from dashboard.roster.listing import Roster

SHOWN_AT_FIRST = 3
LISTS = ["dashboard:roster", "dashboard:queue"]
"""The pages a panel may stand beside."""
LOOKED_AT_AGAIN = timedelta(hours=1)


@dataclass
class Forms:
    """Those being refused; a fresh one stands where there is none. `focus` goes to the one being used."""

    call: CallForm | None = None
    note: NoteForm | None = None
    detail: DetailForm | None = None
    correction: CorrectionForm | None = None


def panel_context(
    request: LoggedIn, pk: int, forms: Forms | None = None, *, shown: Roster | Queue | None = None
) -> dict[str, Any]:
    """For `dashboard/person/_panel.html`. 404 for a stranger's enrolment; writes down that the file was seen.

    `shown`: the list beside it, where that is being drawn too.
    """
    file = open_file(request.user, pk)
    record_view(file.user, file.person)
    forms = forms or Forms()
    told = timeline(file)
    entries = [entry for entry in told if not entry.undone]
    call_form = forms.call or fresh_form(file)
    tries = attempts(file.person, file.enrolment.course.site.zone)
    ways = call_form.ways
    instead = must_write(file.follow_up, may_dial=bool(call_form.dialled) and not file.person.do_not_call)
    lease = leases.holder(file.person, but=file.user)
    return {
        "file": file,
        "person": file.person,
        "enrolment": file.enrolment,
        "several_sites": len({enrolment.course.site_id for enrolment in file.enrolments}) > 1,
        "why": why(file.enrolment, timezone.now()) if file.follow_up else None,
        "phones": [way for way in ways if way.kind == Kind.PHONE],
        "emails": [way for way in ways if way.kind == Kind.EMAIL],
        "schools": schools(file),
        "entries": entries,
        "undone_entries": [entry for entry in told if entry.undone],
        "shown_at_first": f":{SHOWN_AT_FIRST}",
        "rest": f"{SHOWN_AT_FIRST}:",
        "has_more": len(entries) > SHOWN_AT_FIRST,
        "beside": beside(request),
        "close_url": close_url(request),
        "place": place(request, pk, shown),
        "own_url": file_url(pk, list_of(here(request))),
        "shared_url": public_url(reverse("dashboard:person", args=[pk])),
        "may_change": may_change(request.user, file.person),
        "changes": recent_changes(file.person),
        "call_form": call_form,
        "lease": lease,
        "dial": next(iter(call_form.dialled), None) if not (lease or file.person.do_not_call) else None,
        "next": open_url(request, pk),
        "attempts": tries,
        "write_instead": instead,
        "written_lately": (tries.exhausted or instead) and written_lately(file.enrolment.pk, timezone.now()),
        "other_phones": call_form.dialled[1:],
        "email": next((way for way in ways if way.kind == Kind.EMAIL and not way.wrong), None),
        "note_form": forms.note or NoteForm(),
        "detail_form": forms.detail or DetailForm(file=file),
        "correction": forms.correction,
        "tab": "note" if forms.note else "call",
        "focus_call": "call" in request.GET or (forms.call is not None and "date" not in forms.call.errors),
        "sensitive_words": PATTERN,
        "stamp": stamps.of_file(file.person, file.user),
        "opened": pk,
        "watching": presence.looking(file.person, file.user),
        **others(file),
    }


def render_panel(request: LoggedIn, pk: int, forms: Forms | None = None) -> str:
    return render_to_string("dashboard/person/_panel.html", panel_context(request, pk, forms), request)


def here(request: LoggedIn) -> SplitResult:
    """The address the browser shows."""
    return urlsplit(request.htmx.current_url_abs_path or request.get_full_path())


def beside(request: LoggedIn) -> bool:
    return here(request).path in {reverse(name) for name in LISTS}


def close_url(request: LoggedIn) -> str:
    """The list the file was opened from, as it is filtered, without the panel."""
    listed = list_of(here(request))
    return listed.geturl() if listed else reverse("dashboard:roster")


def place(request: LoggedIn, pk: int, shown: Roster | Queue | None = None) -> Place | None:
    """None for a file that was opened by its address alone."""
    listed = list_of(here(request))
    if listed is None:
        return None
    carried = neighbours(request)
    if any(carried.values()):
        return kept(request.user, listed, **carried)
    return place_of(request.user, pk, listed, shown=shown)


def neighbours(request: LoggedIn) -> dict[str, str]:
    """Those that the panel carries along from the moment it was opened."""
    carried = request.POST if request.method == "POST" else request.GET
    return {name: carried.get(name, "") for name in ("before", "after")}


def open_url(request: LoggedIn, pk: int) -> str:
    """Where this file is open: the browser's address says so only once the panel has come."""
    address = here(request)
    if address.path != reverse("dashboard:roster"):
        return address.geturl()
    query = [(key, value) for key, value in parse_qsl(address.query) if key != "open"]
    return f"{address.path}?{urlencode([*query, ('open', pk)])}"


def record_view(user: User, person: Person) -> None:
    """Once an hour is enough to say who looked at a file: a panel is redrawn after each act."""
    recent = AuditEntry.objects.filter(
        user=user, person=person, action=AuditEntry.Action.VIEWED, at__gt=timezone.now() - LOOKED_AT_AGAIN
    )
    if not recent.exists():
        AuditEntry.objects.create(user=user, person=person, action=AuditEntry.Action.VIEWED)
