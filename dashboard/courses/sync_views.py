"""«Synchronise»: ask, watch, be told. Fragments for htmx; a redirect with a message without it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import reswap, retarget, trigger_client_event

from dashboard.courses.detail import course_line
from dashboard.courses.freshness import freshness
from dashboard.courses.requests import LoggedIn
from dashboard.courses.sync import SyncCell, ask, cell_of, may_accept, result_words, syncable_courses
from dashboard.courses.views import permissions, row_context
from dashboard.scope import overseen_courses


@require_POST
def sync_course(request: LoggedIn, pk: int) -> HttpResponse:
    course = get_object_or_404(syncable_courses(request.user).select_related("site"), pk=pk)
    accept = request.POST.get("accept_shrink") == "1"
    if accept and not may_accept(request.user):
        raise PermissionDenied
    cell = cell_of(course, request.user, timezone.now(), in_list="list" in request.POST)
    ask(cell, accept_shrink=accept)
    if request.htmx:
        return _answer(request, cell)
    messages.info(request, cell.notice or _("Moodle is being asked. Reload the page to see the result."))
    back = request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back) if here else redirect("dashboard:course", pk)


@require_GET
def sync_status(request: LoggedIn, pk: int) -> HttpResponse:
    """Polled while a read goes on; the answer to a finished one polls no more."""
    course = get_object_or_404(overseen_courses(request.user).select_related("site"), pk=pk)
    return _answer(request, cell_of(course, request.user, timezone.now(), in_list="list" in request.GET))


def _answer(request: LoggedIn, cell: SyncCell) -> HttpResponse:
    if cell.active or cell.notice:
        return render(request, "dashboard/courses/_sync_answer.html", {"cell": cell, "said": cell.notice})
    said = _("%(course)s: %(result)s") % {"course": cell.course, "result": result_words(cell.run) if cell.run else ""}
    if not cell.in_list:
        answer = render(request, "dashboard/courses/_sync_answer.html", {"cell": cell, "said": said})
        return trigger_client_event(answer, "course-read", after="settle")
    return _fresh_row(request, cell, said)


def _fresh_row(request: LoggedIn, cell: SyncCell, said: str) -> HttpResponse:
    """The whole row: its counts may have changed with the read."""
    user = request.user
    line = course_line(user, cell.course, cell.now)
    context = {
        **row_context(line, user),
        "said": said,
        "freshness": freshness(overseen_courses(user)),
    }
    answer = render(request, "dashboard/courses/_row_answer.html", context | permissions(user))
    return reswap(retarget(answer, f"#course-{cell.course.pk}"), "outerHTML")
