from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.courses.requests import LoggedIn
from dashboard.follow_up import moves, reminding, taking
from dashboard.models import FollowUp
from dashboard.person.answers import posted_version
from dashboard.queue import counts
from dashboard.queue import messages as words
from dashboard.queue.lists import Desk
from dashboard.queue.page import Queue
from dashboard.queue.reminders import due_reminders, nobody_left, recipients
from dashboard.roster.answers import answer, forget, panel
from dashboard.scope import visible_courses, visible_enrolments
from moodle_sync.enums import Standing
from moodle_sync.models import Course


@never_cache
@require_GET
def queue(request: LoggedIn) -> HttpResponse:
    if not request.user.follows_people:
        raise PermissionDenied(_("Named people are for those who follow them: tutors and coordinators."))
    found = Queue.of(request.user, request.GET)
    counts.remember(found.desk)
    return render(request, "dashboard/queue/page.html", {"queue": found, **panel(request, found)})


@require_POST
def take_charge(request: LoggedIn, pk: int) -> HttpResponse:
    follow_up = get_object_or_404(
        FollowUp.objects.select_related("enrolment__participant"),
        enrolment__in=visible_enrolments(request.user).exclude(standing=Standing.STAFF),
        enrolment=pk,
    )
    name = follow_up.enrolment.participant.full_name or _("Unknown name")
    try:
        taken = taking.take_charge(follow_up, by=request.user, version=posted_version(request))
    except moves.Stale:
        told = _("%(name)s: somebody was faster. Here is the row as it is now; nothing was changed.")
        return answer(request, [pk], told % {"name": name}, level="warning")
    told = _("%(name)s is in your charge: the plan’s next step will come up in your queue.")
    return answer(request, [pk], told % {"name": name}, act=taken.act)


@never_cache
@require_http_methods(["GET", "POST"])
def remind_course(request: LoggedIn, pk: int) -> HttpResponse:
    """GET: whom a reminder of this course may go to, and its text. POST: it was sent."""
    if not request.user.follows_people:
        raise Http404
    course = get_object_or_404(visible_courses(request.user).select_related("site"), pk=pk)
    if request.method == "POST":
        return _sent(request, course)
    desk = Desk(request.user, timezone.now())
    found = recipients(desk, course)
    if not found:
        messages.info(request, nobody_left(course))
        return redirect("dashboard:queue")
    context = words.prepared(course, desk.user, found, desk.now)
    return render(request, "dashboard/queue/remind.html", {"course": course, **context})


def _sent(request: LoggedIn, course: Course) -> HttpResponse:
    versions = words.posted_versions(request.POST.get("people", ""))
    if versions is None:
        return HttpResponseBadRequest()
    desk = Desk(request.user, timezone.now())
    done = reminding.remind([row.pk for row in due_reminders(desk, course)], versions, by=desk.user, now=desk.now)
    forget(request)
    n = len(done.enrolments)
    told = [ngettext("%(n)s person noted as reminded.", "%(n)s people noted as reminded.", n) % {"n": n}]
    if done.skipped:
        told.append(
            ngettext(
                "%(n)s was left out: something happened meanwhile.",
                "%(n)s were left out: something happened meanwhile.",
                done.skipped,
            )
            % {"n": done.skipped}
        )
    level = messages.WARNING if done.skipped else messages.SUCCESS
    messages.add_message(request, level, " ".join(told), extra_tags=str(done.act) if done.act else "")
    return redirect("dashboard:queue")
