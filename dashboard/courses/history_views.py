"""What was read of Moodle: all reads, one read, and all courses read together."""

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from dashboard.courses.flags import Kind, acknowledge, may_see_flags
from dashboard.courses.history import HistoryFilter, brought, lines, visible_runs
from dashboard.courses.requests import LoggedIn
from dashboard.courses.sync import PAUSE, may_sync_all, syncable_courses
from dashboard.courses.views import permissions
from dashboard.scope import overseen_courses
from moodle_sync import batches
from moodle_sync.history import SyncBatch

PER_PAGE = 50


@require_GET
def reads(request: LoggedIn) -> HttpResponse:
    user = request.user
    search = HistoryFilter(user, request.GET)
    page = Paginator(search.runs(user), PER_PAGE).get_page(request.GET.get("page"))
    context = {"search": search, "page": page, "runs": lines(list(page), timezone.now())}
    return render(request, "dashboard/courses/reads.html", context | permissions(user))


@require_GET
def read(request: LoggedIn, pk: int) -> HttpResponse:
    user = request.user
    run = get_object_or_404(visible_runs(user).select_related("course__site", "requested_by"), pk=pk)
    [line] = lines([run], timezone.now())
    context = {"line": line, "course": run.course, "brought": brought(run, user)}
    return render(request, "dashboard/courses/read.html", context | permissions(user))


@require_POST
def sync_all(request: LoggedIn) -> HttpResponse:
    """Everything the user oversees, but for what was just read; whoever asks twice watches the same."""
    user = request.user
    if not may_sync_all(user):
        raise PermissionDenied
    batch = batches.under_way(user)
    if batch is None:
        stale = syncable_courses(user).exclude(synced_at__gt=timezone.now() - PAUSE).exclude(connection=None)
        batch = batches.ask(list(stale.order_by("next_sync_at", "pk")), by=user)
    if request.htmx:
        return _answer(request, batch)
    return redirect("dashboard:courses")


@require_GET
def sync_all_status(request: LoggedIn, pk: int) -> HttpResponse:
    """Polled while it goes on; the last answer polls no more, and has the page made anew."""
    return _answer(request, get_object_or_404(SyncBatch, pk=pk, requested_by=request.user))


def _answer(request: LoggedIn, batch: SyncBatch) -> HttpResponse:
    done = batches.progress(batch)
    said = _("All courses were read.") if done.over and not done.failed else ""
    context = {"batch": batch, "progress": done, "said": said, "may_sync_all": True}
    answer = render(request, "dashboard/courses/_batch_answer.html", context)
    return trigger_client_event(answer, "courses-read", after="settle") if done.over else answer


@require_POST
def flag_seen(request: LoggedIn, pk: int, kind: str) -> HttpResponse:
    if not may_see_flags(request.user):
        raise PermissionDenied
    course = get_object_or_404(overseen_courses(request.user), pk=pk)
    if kind not in Kind.values:
        raise Http404
    acknowledge(course, Kind(kind), request.user)
    return redirect("dashboard:course", pk) if "course" in request.POST else redirect("dashboard:courses")
