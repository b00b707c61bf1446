"""Who is absent, from when to when, and who stands in."""

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

from accounts.models import User
from dashboard.courses.requests import LoggedIn
from dashboard.handover.forms import AbsenceForm, whose_absence_may_be_set
from dashboard.handover.notices import tell_of_absence
from dashboard.live import pulse
from dashboard.models import Absence
from dashboard.roster.answers import answer, changed, forget

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
        pulse.beat_later()
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
    shown = Absence.objects.standing().filter(Q(user__in=mine) | Q(colleague=request.user), last_day__gte=today)
    lines = [
        {"absence": absence, "now": absence.first_day <= today, "may_cancel": absence.user_id in mine}
        for absence in shown.select_related("user", "colleague").order_by("first_day", "pk")
    ]
    context = {"form": form, "lines": lines, "today": today.isoformat(), "section": "absences"}
    return render(request, "dashboard/handover/absences.html", context, status=status)


def _changeable(user: User) -> QuerySet[Absence]:
    return Absence.objects.filter(user__in=whose_absence_may_be_set(user), last_day__gte=timezone.localdate())


@require_POST
def cancel(request: LoggedIn, pk: int) -> HttpResponse:
    """From now on. It is kept, to say who could see what, and to take this back."""
    absence = get_object_or_404(_changeable(request.user), pk=pk, cancelled_at=None)
    Absence.objects.filter(pk=absence.pk, cancelled_at=None).update(cancelled_at=timezone.now())
    pulse.beat_later()
    if request.htmx:  # the undo of a toast: it offers none of its own
        return changed(request, [], message=_("Undone."))
    forget(request)
    undo = reverse("dashboard:restore-absence", args=[absence.pk])
    messages.success(request, _("Absence cancelled: each sees their own people again."), extra_tags=undo)
    return redirect("dashboard:absences")


@require_POST
def restore(request: LoggedIn, pk: int) -> HttpResponse:
    """It stands again, as it was told; not where one of the two has told another absence for these days since."""
    absence = get_object_or_404(_changeable(request.user).exclude(cancelled_at=None), pk=pk)
    both = Q(user__in=[absence.user_id, absence.colleague_id])
    with transaction.atomic():
        locked = User.objects.select_for_update(no_key=True).filter(pk__in=[absence.user_id, absence.colleague_id])
        list(locked.order_by("pk"))
        days = Q(first_day__lte=absence.last_day, last_day__gte=absence.first_day)
        if Absence.objects.standing().filter(both, days).exists():
            words = _("Too late to undo: something happened since. Nothing was changed.")
            return answer(request, [], words, level="warning")
        Absence.objects.filter(pk=absence.pk).update(cancelled_at=None)
        pulse.beat_later()
    return answer(request, [], _("Undone."))
