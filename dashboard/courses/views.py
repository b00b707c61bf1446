"""All courses, and one: what Moodle says and what is due, as far as the user may know."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET
from django_tables2 import RequestConfig

from accounts.models import Role, User
from dashboard.courses.alerts import alerts
from dashboard.courses.counts import AccessCounts
from dashboard.courses.detail import cell_for, course_line, group_lines, run_lines
from dashboard.courses.flags import flags, may_see_flags
from dashboard.courses.freshness import freshness
from dashboard.courses.lines import CourseLine, course_lines
from dashboard.courses.requests import LoggedIn
from dashboard.courses.sync import may_sync_all
from dashboard.courses.table import CourseSearch, CoursesTable
from dashboard.courses.tutors import lost_groups
from dashboard.courses.untold import untold
from dashboard.imports.places import importable_sites, may_import
from dashboard.plan.access import may_edit
from dashboard.plan.overview import overview
from dashboard.scope import overseen_courses
from moodle_sync import batches
from moodle_sync.enums import Access

PER_PAGE = 25
FLAGS_SHOWN = 6


@require_GET
def courses(request: LoggedIn) -> HttpResponse:
    user, now = request.user, timezone.now()
    overseen = overseen_courses(user)
    search = CourseSearch(user, request.GET)
    lines, team = course_lines(user, search.courses(overseen), now)
    lines = search.lines(lines)
    table = CoursesTable(lines)
    RequestConfig(request, paginate={"per_page": PER_PAGE, "silent": True}).configure(table)
    batch = batches.under_way(user)
    flagged = flags([line.course for line in lines], now)[:FLAGS_SHOWN] if may_see_flags(user) else []
    found = alerts(user, lines, team, now)
    context = {
        "batch": batch,
        "progress": batches.progress(batch) if batch else None,
        "may_sync_all": may_sync_all(user),
        "flags": flagged,
        "alerts": found,
        "alert_count": len(flagged) + len(found),
        "table": table,
        "search": search,
        "rows": [row_context(row.record, user) for row in table.paginated_rows],
        "line_count": len(lines),
        "total": total(lines),
        "freshness": freshness(overseen),
        "accesses": Access,
        "import_sites": importable_sites(user).order_by("name"),
    }
    return render(request, "dashboard/courses/list.html", context | permissions(user))


@require_GET
def course(request: LoggedIn, pk: int) -> HttpResponse:
    user, now = request.user, timezone.now()
    found = get_object_or_404(overseen_courses(user).select_related("site"), pk=pk)
    line = course_line(user, found, now)
    context = {
        "course": found,
        "line": line,
        "cell": cell_for(line, user, in_list=False),
        "groups": group_lines(user, found, now),
        "lost_groups": [] if user.is_tutor else lost_groups([found.pk]),
        "untold": untold(found, line.run),
        "runs": run_lines(found, now),
        "flags": flags([found], now) if may_see_flags(user) else [],
        "accesses": Access,
        "may_import": may_import(user),
        "overview": overview(found, user, now),
        "may_edit_plan": may_edit(user),
    }
    return render(request, "dashboard/courses/course.html", context | permissions(user))


def permissions(user: User) -> dict[str, Any]:
    """Figures lead to people for those who may meet them; an observer sees no name at all."""
    return {
        "sees_people": user.follows_people,
        "sees_tutors": user.role != Role.OBSERVER,
        "roster_url": reverse("dashboard:roster"),  # once: a page links there hundreds of times
    }


def row_context(line: CourseLine, user: User) -> dict[str, Any]:
    return {"line": line, "cell": cell_for(line, user, in_list=True)}


def total(lines: Sequence[CourseLine]) -> AccessCounts:
    """All courses people may enter and of which the entries are known: others would falsify the share."""
    telling = [line.access for line in lines if not line.opening.closed and line.access.tells_entries]
    return AccessCounts({access: sum(counts.by_state.get(access, 0) for counts in telling) for access in Access})
