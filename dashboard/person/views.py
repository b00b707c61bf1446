from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dashboard.courses.requests import LoggedIn
from dashboard.follow_up import acts
from dashboard.live import pulse
from dashboard.models import ContactDetail
from dashboard.person.answers import done, page, posted_version, refused
from dashboard.person.file import File, open_file
from dashboard.person.forms import DetailForm, NoteForm
from dashboard.person.panel import Forms, place, render_panel
from dashboard.person.place import naming_its_list
from dashboard.plan.recompute import recompute_people_later
from dashboard.roster.answers import changed, redirected
from dashboard.scope import visible_enrolments, visible_people


@require_GET
def person(request: LoggedIn, pk: int) -> HttpResponse:
    """The panel for the list beside it; alone, a page of its own."""
    if request.htmx.target == "panel":
        return HttpResponse(render_panel(request, pk))
    if request.htmx.target == "panel-place":
        get_object_or_404(visible_enrolments(request.user), pk=pk)
        return render(request, "dashboard/person/_place.html", {"place": place(request, pk), "beside": True})
    return naming_its_list(request) or page(request, pk)


@require_POST
def note(request: LoggedIn, pk: int) -> HttpResponse:
    file = open_file(request.user, pk)
    if file.follow_up is None:
        raise Http404
    form = NoteForm(request.POST)
    if not form.is_valid():
        return refused(request, pk, Forms(note=form))
    entry = acts.add_note(file.follow_up, form.cleaned_data["text"], by=file.user, seen=posted_version(request))
    return done(request, pk, [pk], message=_("Note saved."), act=entry.act)


@require_POST
def add_detail(request: LoggedIn, pk: int) -> HttpResponse:
    form = DetailForm(request.POST, file=open_file(request.user, pk))
    if not form.is_valid() or not form.save():
        return refused(request, pk, Forms(detail=form))
    undo = reverse("dashboard:remove-detail", args=[form.saved.pk])
    return done(request, pk, [pk], message=_("Contact details saved."), undo_url=undo)


@require_POST
def remove_detail(request: LoggedIn, pk: int) -> HttpResponse:
    """Kept, with who removed it; the file it is removed from is posted along."""
    seen = visible_people(request.user)
    detail = get_object_or_404(ContactDetail, pk=pk, person__in=seen, removed_at=None)
    file = _file_of(request, detail)
    detail.removed_at, detail.removed_by = timezone.now(), request.user
    detail.save(update_fields=["removed_at", "removed_by"])
    recompute_people_later([detail.person_id])
    pulse.beat_later()
    undo = reverse("dashboard:restore-detail", args=[detail.pk])
    rows = [file.enrolment.pk]
    return done(request, file.enrolment.pk, rows, message=_("Contact details removed."), undo_url=undo)


@require_POST
def restore_detail(request: LoggedIn, pk: int) -> HttpResponse:
    """Back as it was typed. Nothing where a colleague typed the same again meanwhile."""
    seen = visible_people(request.user)
    detail = get_object_or_404(ContactDetail, pk=pk, person__in=seen, removed_at__isnull=False)
    file = _file_of(request, detail)
    try:
        with transaction.atomic():
            detail.removed_at = detail.removed_by = None
            detail.save(update_fields=["removed_at", "removed_by"])
    except IntegrityError:
        return _restored(request, file, _("Already in this file."), "warning")
    recompute_people_later([detail.person_id])
    pulse.beat_later()
    return _restored(request, file, _("Undone."), "success")


def _restored(request: LoggedIn, file: File, message: str, level: str) -> HttpResponse:
    if request.htmx:
        return changed(request, [file.enrolment.pk], message=message, level=level)
    return redirected(request, message, level=messages.WARNING if level == "warning" else messages.SUCCESS)


def _file_of(request: LoggedIn, detail: ContactDetail) -> File:
    own = visible_enrolments(request.user).filter(participant__account__person=detail.person_id)
    posted = request.POST.get("enrolment", "")
    asked = own.filter(pk=posted) if posted.isdecimal() and len(posted) < 19 else own.none()
    enrolment = asked.first() or own.order_by("pk").first()
    assert enrolment is not None  # the person is visible by one of these
    return open_file(request.user, enrolment.pk)
