"""The plan of one course."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Role
from dashboard.courses.requests import LoggedIn
from dashboard.follow_up import system
from dashboard.models import Plan
from dashboard.plan import wording
from dashboard.plan.access import editable_courses, planned_sites
from dashboard.plan.forms import DormantForm, StepFormSet, Steps, save_plan
from dashboard.plan.overview import overview
from dashboard.plan.schedule import Schedule, schedule_of
from dashboard.scope import overseen_courses
from moodle_sync.models import Course, Site

UNPROCESSABLE = 422


@require_http_methods(["GET", "POST"])
def plan(request: LoggedIn, pk: int) -> HttpResponse:
    """GET: the plan, as whoever sees the course sees it. POST: the course gets a plan of its own."""
    courses = overseen_courses(request.user) if request.method == "GET" else editable_courses(request.user)
    course = get_object_or_404(courses.select_related("site"), pk=pk)
    posted = request.POST if request.method == "POST" else None
    steps, dormant = step_forms(posted, course.site, schedule_of(course))
    if posted is None:
        return _page(request, course, steps, dormant)
    if not (steps.is_valid() and dormant.is_valid()):
        return _page(request, course, steps, dormant, status=UNPROCESSABLE)
    now = timezone.now()
    with transaction.atomic():
        save_plan(course, steps.steps, by=request.user, now=now, **dormant.cleaned_data)
        system.advance(course, now)
    messages.success(request, _("Plan saved: the next steps follow it."))
    return redirect("dashboard:plan", course.pk)


@require_POST
def reset(request: LoggedIn, pk: int) -> HttpResponse:
    course = get_object_or_404(editable_courses(request.user).select_related("site"), pk=pk)
    with transaction.atomic():
        Plan.objects.filter(course=course).delete()
        system.advance(course)
    messages.success(request, _("The course follows its platform’s plan again."))
    return redirect("dashboard:plan", course.pk)


def step_forms(posted: QueryDict | None, site: Site, schedule: Schedule) -> tuple[Steps, DormantForm]:
    templates = wording.available(site)
    initial = [
        {"day": step.day, "channel": step.channel.value, "template": step.template_id} for step in schedule.steps
    ]
    steps = StepFormSet(
        posted, initial=initial if posted is None else None, prefix="steps", form_kwargs={"templates": templates}
    )
    assert isinstance(steps, Steps)  # which `formset_factory` does not tell
    return steps, DormantForm(posted, initial={"reopen_dormant": schedule.reopen_dormant})


def _page(request: LoggedIn, course: Course, steps: Steps, dormant: DormantForm, *, status: int = 200) -> HttpResponse:
    user = request.user
    seen = overview(course, user, timezone.now())
    context: dict[str, Any] = {
        "course": course,
        "site": course.site,
        "overview": seen,
        "calendar": seen.schedule.calendar,
        "sees_names": user.role != Role.OBSERVER,
        "may_edit": editable_courses(user).filter(pk=course.pk).exists(),
        "may_edit_site": planned_sites(user).filter(pk=course.site_id).exists(),
        "steps": steps,
        "dormant": dormant,
    }
    return render(request, "dashboard/plan/course.html", context, status=status)
