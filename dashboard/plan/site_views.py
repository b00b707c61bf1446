"""A platform's default plan, its working days and its messages."""

from functools import partial

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dashboard import tasks
from dashboard.courses.requests import LoggedIn
from dashboard.models import MessageTemplate, Plan, WorkingDays
from dashboard.plan import wording
from dashboard.plan.access import may_change, planned_sites
from dashboard.plan.forms import DaysForm, DormantForm, Steps, TemplateForm, save_plan
from dashboard.plan.schedule import Schedule, calendar_of, of_plan
from dashboard.plan.views import UNPROCESSABLE, step_forms
from dashboard.scope import overseen_courses
from dashboard.sites.access import visible_sites
from moodle_sync.models import Site


@require_http_methods(["GET", "POST"])
def plan(request: LoggedIn, pk: int) -> HttpResponse:
    site = get_object_or_404(planned_sites(request.user), pk=pk)
    if request.method == "GET":
        return _page(request, site)
    steps, dormant = step_forms(request.POST, site, _default(site))
    if not (steps.is_valid() and dormant.is_valid()):
        return _page(request, site, forms=(steps, dormant), status=UNPROCESSABLE)
    with transaction.atomic():
        save_plan(site, steps.steps, by=request.user, now=timezone.now(), **dormant.cleaned_data)
        _replan(site)
    messages.success(request, _("Plan saved: the courses without a plan of their own follow it."))
    return redirect("dashboard:site-plan", site.pk)


@require_POST
def reset(request: LoggedIn, pk: int) -> HttpResponse:
    site = get_object_or_404(planned_sites(request.user), pk=pk)
    with transaction.atomic():
        Plan.objects.filter(site=site).delete()
        _replan(site)
    messages.success(request, _("The platform follows Vigie’s usual plan again."))
    return redirect("dashboard:site-plan", site.pk)


@require_POST
def days(request: LoggedIn, pk: int) -> HttpResponse:
    site = get_object_or_404(planned_sites(request.user), pk=pk)
    form = DaysForm(request.POST)
    if not form.is_valid():
        return _page(request, site, days_form=form, status=UNPROCESSABLE)
    with transaction.atomic():
        form.save(site)
        _replan(site)
    messages.success(request, _("Working days saved: steps move to them."))
    return redirect("dashboard:site-plan", site.pk)


def _replan(site: Site) -> None:
    """A worker does it: a platform may have hundreds of courses."""
    transaction.on_commit(partial(tasks.replan_site.delay, site.pk))


def _default(site: Site) -> Schedule:
    own = Plan.objects.filter(site=site).prefetch_related("steps").first()
    return of_plan(own, calendar_of(site, WorkingDays.objects.filter(site=site).first()))


def _page(
    request: LoggedIn,
    site: Site,
    *,
    forms: tuple[Steps, DormantForm] | None = None,
    days_form: DaysForm | None = None,
    status: int = 200,
) -> HttpResponse:
    schedule = _default(site)
    steps, dormant = forms or step_forms(None, site, schedule)
    calendar = schedule.calendar
    initial = {
        "weekdays": sorted(calendar.weekdays),
        "country": calendar.country,
        "subdivision": calendar.subdivision,
    }
    courses = overseen_courses(request.user).filter(site=site)
    context = {
        "site": site,
        "own": Plan.objects.filter(site=site).select_related("changed_by").first(),
        "schedule": schedule,
        "steps": steps,
        "dormant": dormant,
        "days_form": days_form or DaysForm(initial=initial),
        "templates": [(template, may_change(request.user, template)) for template in wording.available(site)],
        "followers": courses.filter(plan=None).count(),
        "own_plans": courses.exclude(plan=None).order_by("full_name"),
        "sees_platform": visible_sites(request.user).filter(pk=site.pk).exists(),
    }
    return render(request, "dashboard/plan/site.html", context, status=status)


# Messages.


@require_http_methods(["GET", "POST"])
def template(request: LoggedIn, pk: int, template: int | None = None) -> HttpResponse:
    """One message; without `template`, a new one of this platform."""
    site = get_object_or_404(planned_sites(request.user), pk=pk)
    one = _changeable(request, site, template) if template else MessageTemplate(site=site)
    form = TemplateForm(request.POST if request.method == "POST" else None, instance=one)
    if form.is_valid():
        form.save()
        messages.success(request, _("Message saved."))
        return redirect("dashboard:site-plan", site.pk)
    context = {"site": site, "form": form, "template": one, "variables": wording.VARIABLES}
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "dashboard/plan/template.html", context, status=status)


@require_POST
def remove_template(request: LoggedIn, pk: int, template: int) -> HttpResponse:
    """The steps that sent it ask for another when they are due."""
    site = get_object_or_404(planned_sites(request.user), pk=pk)
    _changeable(request, site, template).delete()
    messages.success(request, _("Message deleted."))
    return redirect("dashboard:site-plan", site.pk)


def _changeable(request: LoggedIn, site: Site, pk: int) -> MessageTemplate:
    one = get_object_or_404(wording.available(site), pk=pk)
    if not may_change(request.user, one):
        raise Http404
    return one
