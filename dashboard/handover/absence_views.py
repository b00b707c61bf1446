"""Who is absent, from when to when, and who stands in."""

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import User
from dashboard.courses.requests import LoggedIn
from dashboard.handover.forms import AbsenceForm, whose_absence_may_be_set
from dashboard.handover.notices import tell_of_absence
from dashboard.models import Absence
from dashboard.roster.answers import forget

UNPROCESSABLE = 422


@never_cache
@require_http_methods(["GET", "POST"])
def absences(request: LoggedIn) -> HttpResponse:
    if not request.user.follows_people:
        raise PermissionDenied(_("Absences are those of the people who follow teachers."))
    if request.method == "GET":
        return _page(request, AbsenceForm(by=request.user))
    form = AbsenceForm(request.POST, by=request.user)
    if not form.is_valid():
        return _page(request, form, status=UNPROCESSABLE)
    with transaction.atomic():
        absence = form.save()
        tell_of_absence(absence)
    forget(request)
    words = _("%(colleague)s stands in for %(name)s from %(first)s to %(last)s.") % {
        "colleague": absence.colleague,
        "name": absence.user,
        "first": date_format(absence.first_day, "d/m"),
        "last": date_format(absence.last_day, "d/m"),
    }
    messages.success(request, words, extra_tags=reverse("dashboard:cancel-absence", args=[absence.pk]))
    return redirect("dashboard:absences")


def _page(request: LoggedIn, form: AbsenceForm, *, status: int = 200) -> HttpResponse:
    today = timezone.localdate()
    mine = {user.pk for user in whose_absence_may_be_set(request.user)}
    shown = Absence.objects.filter(Q(user__in=mine) | Q(colleague=request.user), last_day__gte=today)
    lines = [
        {"absence": absence, "now": absence.first_day <= today, "may_cancel": absence.user_id in mine}
        for absence in shown.select_related("user", "colleague").order_by("first_day", "pk")
    ]
    context = {"form": form, "lines": lines, "today": today.isoformat(), "section": "absences"}
    return render(request, "dashboard/handover/absences.html", context, status=status)


def _cancellable(user: User) -> QuerySet[Absence]:
    return Absence.objects.filter(user__in=whose_absence_may_be_set(user), last_day__gte=timezone.localdate())


@require_POST
def cancel(request: LoggedIn, pk: int) -> HttpResponse:
    """From now on. What already began is kept up to yesterday, to say who could see what."""
    absence = get_object_or_404(_cancellable(request.user), pk=pk)
    today = timezone.localdate()
    if absence.first_day < today:
        absence.last_day = today - timedelta(days=1)
        absence.save(update_fields=["last_day"])
    else:
        absence.delete()
    forget(request)
    messages.success(request, _("Absence cancelled: each sees their own people again."))
    # Of a toast's undo: it draws no page.
    return HttpResponseClientRedirect(reverse("dashboard:absences")) if request.htmx else redirect("dashboard:absences")
