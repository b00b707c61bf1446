"""Which token reads which course: chosen by an administrator, and what becomes of the courses of one that goes."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from dashboard.courses.requests import LoggedIn
from dashboard.models import AuditEntry
from dashboard.sites.access import visible_connections, visible_sites
from moodle_sync import readers, runs
from moodle_sync.enums import Urgency
from moodle_sync.errors import MoodleError
from moodle_sync.explain import explain_code
from moodle_sync.models import Connection, Course, Site

NAMED = 3


class HandForm(forms.Form):
    """The ticked courses, or `all` that are followed."""

    all = forms.BooleanField(required=False)
    course = forms.ModelMultipleChoiceField(Course.objects.none(), required=False)
    connection = forms.ModelChoiceField(Connection.objects.none())

    def __init__(self, site: Site, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.fields["course"].queryset = site.courses.followed().exclude(moodle_id=None)  # type: ignore[attr-defined]
        self.fields["connection"].queryset = site.connections.select_related("site")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("all"):
            data["course"] = self.fields["course"].queryset  # type: ignore[attr-defined]
        if not data.get("course"):
            self.add_error("course", _("Tick the courses, and choose the token that is to read them."))
        return data


@require_POST
def hand_courses(request: LoggedIn, pk: int) -> HttpResponse:
    """Nothing changes for a course that the token does not list: it would only lose its reader."""
    if not request.user.is_administrator:
        raise Http404
    site = get_object_or_404(visible_sites(request.user), pk=pk)
    form = HandForm(site, request.POST)
    if form.is_valid():
        _hand(request, list(form.cleaned_data["course"]), form.cleaned_data["connection"])
    else:
        messages.warning(request, _("Tick the courses, and choose the token that is to read them."))
    return redirect("dashboard:site", pk)


def _hand(request: LoggedIn, courses: list[Course], to: Connection) -> None:
    try:
        listed = readers.listed_by(to)
    except MoodleError as exc:
        messages.error(request, f"{explain_code(str(exc.code)).what} {_('Nothing was changed.')}")
        return
    handed = [course for course in courses if course.moodle_id in listed]
    with transaction.atomic():
        readers.hand(handed, to)
        for course in handed:
            runs.request_run(course, by=request.user, urgency=Urgency.ASKED)
    if handed:
        said = ngettext(
            "%(n)s course is read by this token now: its first read has begun.",
            "%(n)s courses are read by this token now: their first read has begun.",
            len(handed),
        )
        messages.success(request, said % {"n": len(handed)})
    if unseen := [course for course in courses if course.moodle_id not in listed]:
        messages.warning(request, _unseen_words(unseen))


def _unseen_words(courses: list[Course]) -> str:
    names = ", ".join(course.full_name for course in courses[:NAMED]) + (", …" if len(courses) > NAMED else "")
    words = ngettext(
        "%(n)s course stays as it was, for this token does not list it: %(names)s.",
        "%(n)s courses stay as they were, for this token does not list them: %(names)s.",
        len(courses),
    )
    return words % {"n": len(courses), "names": names}


FORGET = "forget"


@require_POST
def remove_connection(request: LoggedIn, pk: int) -> HttpResponse:
    """Its courses go to the tokens that list them; Moodle is asked before anything is locked."""
    connection = get_object_or_404(visible_connections(request.user), pk=pk)
    site, rules = connection.site, connection.rules.count()
    heirs = readers.heirs(connection)
    with transaction.atomic():
        ruling = _rules_heir(request, connection)
        if ruling is not None:
            readers.hand_rules(connection, ruling)
        waiting = readers.remove(connection, heirs)
        AuditEntry.objects.create(user=request.user, action=AuditEntry.Action.REMOVED, site=site, at=timezone.now())
    _say_removed(request, waiting)
    if rules:
        messages.info(request, _rules_words(rules, ruling))
    seen = visible_sites(request.user).filter(pk=site.pk).exists()
    return redirect("dashboard:site", site.pk) if seen else redirect("dashboard:sites")


def _rules_heir(request: LoggedIn, connection: Connection) -> Connection | None:
    """Who made the rules decides what becomes of them; a tutor's own token leaves them to the likeliest other."""
    asked = request.POST.get("rules", "") if request.user.is_administrator else ""
    if asked == FORGET:
        return None
    others = readers.others(connection).select_for_update(of=("self",))
    return next((other for other in others if str(other.pk) == asked), None) or others.first()


def _say_removed(request: LoggedIn, waiting: int) -> None:
    if not waiting:
        messages.success(request, _("The token is forgotten; the people and what was done for them stay."))
        return
    said = ngettext(
        "The token is forgotten. %(n)s course waits for another one that lists it; its people stay.",
        "The token is forgotten. %(n)s courses wait for another one that lists them; their people stay.",
        waiting,
    )
    messages.warning(request, said % {"n": waiting})


def _rules_words(rules: int, ruling: Connection | None) -> str:
    if ruling is None:
        return ngettext("%(n)s rule went with it.", "%(n)s rules went with it.", rules) % {"n": rules}
    words = ngettext(
        "%(n)s rule now chooses among the courses of the token of Moodle account no. %(account)s.",
        "%(n)s rules now choose among the courses of the token of Moodle account no. %(account)s.",
        rules,
    )
    return words % {"n": rules, "account": ruling.moodle_user_id}
