"""Import in three steps: the file, its columns, what will change. Nothing is written before the last is confirmed."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.courses.requests import LoggedIn
from dashboard.imports import reading, work
from dashboard.imports.forms import MappingForm, UploadForm
from dashboard.imports.places import importable_courses, importable_sites
from dashboard.imports.preview import preview
from dashboard.imports.progress import STUCK_AFTER, Progress
from dashboard.models import ImportFile
from moodle_sync.crypto import TokenUnreadable
from moodle_sync.models import Site

State = ImportFile.State
LAST_SHOWN = 10


@require_http_methods(["GET", "POST"])
def upload(request: LoggedIn, pk: int) -> HttpResponse:
    site = get_object_or_404(importable_sites(request.user), pk=pk)
    with timezone.override(site.zone):
        if request.method == "POST":
            form = UploadForm(request.POST, request.FILES, user=request.user, site=site)
            if form.is_valid():
                if draft := form.save():
                    return redirect("dashboard:import-draft", site.pk, draft.pk)
                _say_no_queue(request)
        else:
            course = request.GET.get("course", "")
            initial = {"course": course} if course.isdecimal() else {}
            form = UploadForm(user=request.user, site=site, initial=initial)
        # In the site's time, and in full: the form is rendered here.
        return render(
            request,
            "dashboard/imports/upload.html",
            {"site": site, "form": form, "last": _last(request, site)},
        )


@require_GET
def draft(request: LoggedIn, pk: int, draft: int) -> HttpResponse:
    """The step the file has reached; polled while a worker has it."""
    found = _own(request, pk, draft)
    try:
        return _page(request, found)
    except TokenUnreadable:  # the keys were changed meanwhile: the file must be given again
        work.fail(found.pk)
        return redirect("dashboard:import-draft", pk, draft)


@require_POST
def columns(request: LoggedIn, pk: int, draft: int) -> HttpResponse:
    """The columns as corrected: compare the file with what is known."""
    found = _own(request, pk, draft)
    if not found.has_rows:
        return redirect("dashboard:import-draft", pk, draft)
    try:
        form = MappingForm(request.POST, draft=found, content=work.content_of(found))
    except TokenUnreadable:
        work.fail(found.pk)
        return redirect("dashboard:import-draft", pk, draft)
    if not form.is_valid():
        found.state = State.MAPPING  # shown so; kept when it is right
        return _page(request, found, form=form)
    among, stuck = [State.MAPPING, State.READY], [State.CHECKING, State.APPLYING]
    taken = work.take(found, among=among, stuck=stuck, to=State.CHECKING, mapping=form.mapping, outcome=None)
    if taken and not work.ask(found, work.check, "dashboard.tasks.check_import", back_to=State.MAPPING):
        _say_no_queue(request)
    return redirect("dashboard:import-draft", pk, draft)


@require_POST
def confirm(request: LoggedIn, pk: int, draft: int) -> HttpResponse:
    found = _own(request, pk, draft)
    taken = work.take(found, among=[State.READY], stuck=[State.APPLYING], to=State.APPLYING)
    if taken and not work.ask(found, work.write, "dashboard.tasks.write_import", back_to=State.READY):
        _say_no_queue(request)
    return redirect("dashboard:import-draft", pk, draft)


@require_POST
def drop(request: LoggedIn, pk: int, draft: int) -> HttpResponse:
    found = _own(request, pk, draft)
    stuck = [State.READING, State.CHECKING, State.APPLYING]
    if work.take(found, among=[State.MAPPING, State.READY], stuck=stuck, to=State.DROPPED, outcome=None):
        ImportFile.objects.filter(pk=found.pk).update(content=None)
        reading.forget(found.pk)
        messages.info(request, _("The file was forgotten. Nothing was imported."))
    return redirect("dashboard:import", pk)


def _own(request: LoggedIn, pk: int, draft: int) -> ImportFile:
    """Whoever brought the file sees it, and nobody else; a course that went out of scope takes it along."""
    site = get_object_or_404(importable_sites(request.user), pk=pk)
    drafts = ImportFile.objects.filter(site=site, by=request.user).select_related("site", "course__site", "by")
    found = get_object_or_404(drafts, pk=draft)
    if found.course_id is not None:
        get_object_or_404(importable_courses(request.user, site), pk=found.course_id)
    return found


def _page(request: LoggedIn, draft: ImportFile, *, form: MappingForm | None = None) -> HttpResponse:
    context: dict[str, Any] = {"draft": draft, "site": draft.site, "course": _course_name(draft)}
    if draft.has_rows and (draft.state == State.MAPPING or "columns" in request.GET):
        context["form"] = form or MappingForm(draft=draft, content=work.content_of(draft))
    elif draft.state == State.READY:
        context["preview"] = preview(draft, show=request.GET.get("show", ""), page=request.GET.get("page", "1"))
    elif draft.is_busy:
        done, expected = Progress(draft).lines
        context |= {"lines_done": done, "lines_expected": expected, "stuck": _is_stuck(draft)}
    return render(request, "dashboard/imports/draft.html", context)


def _course_name(draft: ImportFile) -> str:
    return str(draft.course) if draft.course else draft.course_name


def _is_stuck(draft: ImportFile) -> bool:
    """And nothing but a hand moves it on; what was written already goes on by itself."""
    return draft.content is not None and timezone.now() - draft.changed_at > STUCK_AFTER


def _last(request: LoggedIn, site: Site) -> list[ImportFile]:
    """What was imported here, by whom: in the courses the user oversees, and one's own."""
    files = ImportFile.objects.filter(site=site).exclude(state=State.DROPPED).select_related("course", "by")
    seen = files.filter(course__in=importable_courses(request.user, site)) | files.filter(by=request.user)
    return list(seen.order_by("-pk")[:LAST_SHOWN])


def _say_no_queue(request: LoggedIn) -> None:
    messages.error(request, _("The file is long and no worker can be reached: try again later."))
