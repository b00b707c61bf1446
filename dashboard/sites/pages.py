"""All platforms, one of them, and what a token really gets."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from dashboard.courses.freshness import FAILED_RUNS, Freshness, freshness, latest_runs
from dashboard.courses.requests import LoggedIn
from dashboard.courses.tries import next_try_words
from dashboard.models import AuditEntry
from dashboard.plan.access import planned_sites
from dashboard.sites.access import may_connect_to, require_connector, visible_connections, visible_sites
from dashboard.sites.listing import cached
from dashboard.sites.steps import steps
from moodle_sync import capability_words
from moodle_sync.capability import Capability
from moodle_sync.capability_trial import try_connection
from moodle_sync.errors import MoodleError
from moodle_sync.explain import Explanation, explain, explain_code
from moodle_sync.models import Connection, Course, Site, SyncRun

WORDS = {
    AuditEntry.Action.CONNECTED: gettext_lazy("connected it"),
    AuditEntry.Action.ADDED: gettext_lazy("added a token"),
    AuditEntry.Action.REPLACED: gettext_lazy("replaced a token"),
    AuditEntry.Action.REMOVED: gettext_lazy("removed a token"),
}
FAILING_SHOWN = 10


@dataclass(frozen=True)
class SiteLine:
    site: Site
    fresh: Freshness
    tokens: int
    refused: int


@dataclass(frozen=True)
class Failing:
    course: Course
    run: SyncRun
    explanation: Explanation | None
    next_try: str


@require_GET
def sites_page(request: LoggedIn) -> HttpResponse:
    require_connector(request.user)
    found = visible_sites(request.user).order_by("name").prefetch_related("connections")
    lines = [_site_line(site, request.user) for site in found]
    return render(request, "dashboard/sites/list.html", {"lines": lines})


def _site_line(site: Site, user: User) -> SiteLine:
    tokens = list(visible_connections(user).filter(site=site))
    return SiteLine(site, freshness(_courses(site, user)), len(tokens), sum(t.refused_at is not None for t in tokens))


def _courses(site: Site, user: User) -> QuerySet[Course]:
    """A tutor's page of a platform is about the courses that the tutor's own tokens read."""
    followed = site.courses.followed()
    return followed if user.is_administrator else followed.filter(connection__owner=user)


@require_GET
def site_page(request: LoggedIn, pk: int) -> HttpResponse:
    user = request.user
    site = get_object_or_404(visible_sites(user), pk=pk)
    courses = _courses(site, user)
    reads = Count("courses", filter=Q(courses__followed=True), distinct=True)
    ruled = Count("rules", distinct=True)
    connections = visible_connections(user).filter(site=site).order_by("service", "pk")
    connections = connections.annotate(reads=reads, ruled=ruled)
    context = {
        "site": site,
        "fresh": freshness(courses),
        "connections": connections,
        "unread_by_any": courses.filter(connection=None).count(),
        "failing": _failing(site, courses),
        "readers": _readers(courses),
        "may_hand": user.is_administrator and len(connections) > 1,
        "history": _history(site) if user.is_administrator else [],
        "may_import": user.is_administrator,
        "may_plan": planned_sites(user).filter(pk=site.pk).exists(),
        "may_add": may_connect_to(user, site.url),
    }
    return render(request, "dashboard/sites/site.html", context)


def _failing(site: Site, courses: QuerySet[Course]) -> list[Failing]:
    runs = latest_runs(courses.values_list("pk", flat=True))
    failed = {pk: run for pk, run in runs.items() if run.state in FAILED_RUNS}
    shown = courses.filter(pk__in=failed).order_by("sort_key", "pk")[:FAILING_SHOWN]
    return [_failing_line(course, failed[course.pk], site) for course in shown]


def _failing_line(course: Course, run: SyncRun, site: Site) -> Failing:
    next_try = next_try_words(run.next_try_at, site, timezone.now()) if run.next_try_at else ""
    return Failing(course, run, explain(run), next_try)


def _readers(courses: QuerySet[Course]) -> QuerySet[Course]:
    return courses.select_related("connection__owner").order_by("sort_key", "pk")


def _history(site: Site) -> list[tuple[AuditEntry, str | Promise]]:
    entries = AuditEntry.objects.filter(site=site, action__in=WORDS).select_related("user").order_by("-at")[:10]
    return [(entry, WORDS[AuditEntry.Action(entry.action)]) for entry in entries]


@require_GET
def connection_page(request: LoggedIn, pk: int) -> HttpResponse:
    connection = get_object_or_404(visible_connections(request.user), pk=pk)
    return _report(request, connection)


@require_POST
def test_connection(request: LoggedIn, pk: int) -> HttpResponse:
    connection = get_object_or_404(visible_connections(request.user), pk=pk)
    course = request.POST.get("course", "")
    try:
        try_connection(connection, int(course) if course.isdecimal() and len(course) < 19 else None)
    except MoodleError as exc:
        return _report(request, connection, explain_code(str(exc.code)))
    messages.success(request, _("Tried just now."))
    return redirect("dashboard:connection", pk)


def _report(request: LoggedIn, connection: Connection, trouble: Explanation | None = None) -> HttpResponse:
    capability = Capability.from_dict(connection.capability) if connection.capability else None
    listed = cached(connection, request.user)
    context = {
        "connection": connection,
        "site": connection.site,
        "capability": capability,
        "tried_at": _moment(capability),
        "lines": capability_words.lines(capability) if capability else [],
        "request_text": capability_words.request(capability, connection.site.name) if capability else "",
        "trouble": trouble,
        "steps": steps(3),
        "courses": listed.courses if listed else [],
        "may_import": request.user.is_administrator,
    }
    return render(request, "dashboard/sites/report.html", context)


def _moment(capability: Capability | None) -> datetime | None:
    return parse_datetime(capability.tried_at) if capability else None
