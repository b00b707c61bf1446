"""Step 4: which courses to follow, by hand and by rule."""

import time
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.db.models import TextChoices
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from dashboard.courses.requests import LoggedIn
from dashboard.sites.access import visible_connections
from dashboard.sites.forms import BOX, RuleForm
from dashboard.sites.listing import Listing, listing
from dashboard.sites.steps import steps
from moodle_sync import auto_follow, runs, sites
from moodle_sync.errors import MoodleError
from moodle_sync.explain import explain_code
from moodle_sync.facts import moment
from moodle_sync.models import AutoFollow, Connection, Course
from moodle_sync.remote import RemoteCourse
from moodle_sync.text import folded

PER_PAGE = 50
PREVIEWED = 30


class Phase(TextChoices):
    CURRENT = "current", gettext_lazy("Not ended")
    OPEN = "open", gettext_lazy("Running")
    COMING = "coming", gettext_lazy("Not begun")
    ENDED = "ended", gettext_lazy("Ended")


class CourseFilter(forms.Form):
    """All in the address. A wrong value filters nothing rather than everything."""

    q = forms.CharField(
        label=gettext_lazy("Search a course"),
        required=False,
        widget=forms.TextInput(
            attrs={"type": "search", "class": "form-control", "placeholder": gettext_lazy("Name, short name")}
        ),
    )
    category = forms.TypedChoiceField(
        label=gettext_lazy("Category"), required=False, coerce=int, widget=forms.Select(attrs=BOX)
    )
    phase = forms.ChoiceField(
        label=gettext_lazy("Dates"),
        required=False,
        choices=[("", gettext_lazy("All dates")), *Phase.choices],
        widget=forms.Select(attrs=BOX),
    )

    def __init__(self, data: QueryDict, *, categories: dict[int, str]) -> None:
        super().__init__(data, label_suffix="")
        self.fields["category"].choices = [("", _("All categories")), *categories.items()]  # type: ignore[attr-defined]
        self.is_valid()

    def matching(self, courses: list[RemoteCourse]) -> list[RemoteCourse]:
        words = folded(self.cleaned_data.get("q") or "").split()
        category, phase = self.cleaned_data.get("category"), self.cleaned_data.get("phase")
        return [
            course
            for course in courses
            if (not category or course.category_id == category)
            and (not phase or _is_in(course, phase, time.time()))
            and all(word in folded(f"{course.full_name} {course.short_name}") for word in words)
        ]


def _is_in(course: RemoteCourse, phase: str, now: float) -> bool:
    ended = 0 < course.end <= now
    if phase == Phase.ENDED:
        return ended
    if phase == Phase.CURRENT:
        return not ended
    return not ended and (course.start > now) == (phase == Phase.COMING)


@dataclass(frozen=True)
class Choice:
    """One course as it is listed; `known` is ours, where we have it."""

    course: RemoteCourse
    known: Course | None
    may_choose: bool

    @property
    def is_followed(self) -> bool:
        return self.known is not None and self.known.followed

    @property
    def start(self) -> Any:
        return moment(self.course.start)

    @property
    def end(self) -> Any:
        return moment(self.course.end)


class Chooser:
    """What this user may follow through this connection."""

    def __init__(self, user: User, connection: Connection, listed: Listing) -> None:
        self.user = user
        self.connection = connection
        self.listed = listed
        known = connection.site.courses.select_related("connection__owner")
        self._known = {course.moodle_id: course for course in known}

    def choice(self, course: RemoteCourse) -> Choice:
        known = self._known.get(course.moodle_id)
        # A course that was ever followed belongs to whoever decides for the platform, not to one tutor.
        may = known is None or (not known.followed and self.user.is_administrator)
        return Choice(course, known, may)

    def open_among(self, courses: list[RemoteCourse]) -> set[int]:
        return {course.moodle_id for course in courses if self.choice(course).may_choose}

    def follow(self, ids: set[int]) -> list[Course]:
        """Follow them and have each read at once. Raises NotListed and MoodleError."""
        ids &= self.open_among(self.listed.courses)
        followed = sites.follow(self.connection, ids) if ids else []
        for course in followed:
            runs.request_run(course, by=self.user)
        return followed


@require_http_methods(["GET", "POST"])
def courses(request: LoggedIn, pk: int) -> HttpResponse:
    connection = get_object_or_404(visible_connections(request.user), pk=pk)
    try:
        listed = listing(connection, request.user, fresh="fresh" in request.POST)
        chooser = Chooser(request.user, connection, listed)
        if request.method == "POST" and "fresh" not in request.POST:
            return _follow(request, chooser)
    except MoodleError as exc:
        return _page(request, connection, None, trouble=exc)
    except sites.NotListed:
        messages.error(request, _("Some of these courses are no longer there: nothing was followed."))
        return redirect("dashboard:choose-courses", pk)
    return _page(request, connection, chooser)


def _follow(request: LoggedIn, chooser: Chooser) -> HttpResponse:
    wanted = {int(value) for value in request.POST.getlist("course") if value.isdecimal() and len(value) < 19}
    if "all" in request.POST:
        search = CourseFilter(request.POST, categories=chooser.listed.categories)
        wanted = chooser.open_among(search.matching(chooser.listed.courses))
    followed = chooser.follow(wanted)
    if not followed:
        messages.warning(request, _("No course was chosen."))
        return redirect("dashboard:choose-courses", chooser.connection.pk)
    said = ngettext("%(n)s course is followed now.", "%(n)s courses are followed now.", len(followed))
    messages.success(request, said % {"n": len(followed)} + " " + _("Their first read has begun."))
    return redirect("dashboard:site", chooser.connection.site_id)


def _page(
    request: LoggedIn,
    connection: Connection,
    chooser: Chooser | None,
    *,
    rule_form: RuleForm | None = None,
    trouble: MoodleError | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "connection": connection,
        "site": connection.site,
        "steps": steps(4),
        "rules": connection.rules.select_related("created_by").order_by("pk"),
        "trouble": explain_code(str(trouble.code)) if trouble else None,
    }
    if chooser is not None:
        context |= _choices(request, chooser) | _rules(request, chooser, rule_form)
    return render(request, "dashboard/sites/courses.html", context)


def _choices(request: LoggedIn, chooser: Chooser) -> dict[str, Any]:
    search = CourseFilter(request.GET, categories=chooser.listed.categories)
    found = search.matching(chooser.listed.courses)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    return {
        "search": search,
        "page": page,
        "choices": [chooser.choice(course) for course in page],
        "found": len(found),
        "open_count": len(chooser.open_among(found)),
        "sees_all": chooser.listed.sees_all,
    }


def _rules(request: LoggedIn, chooser: Chooser, form: RuleForm | None) -> dict[str, Any]:
    """A rule's form, and what it would follow today when it was asked for a preview."""
    categories = chooser.listed.categories
    if form is None:
        form = RuleForm(request.GET if "preview" in request.GET else None, categories=categories)
    context: dict[str, Any] = {"rule_form": form, "may_rule": chooser.user.is_administrator}
    if form.is_bound and form.is_valid():
        matched = [
            chooser.choice(c) for c in auto_follow.matching(form.rule(chooser.connection), chooser.listed.courses)
        ]
        context |= {
            "previewed": matched[:PREVIEWED],
            "matched": len(matched),
            "new": sum(choice.known is None for choice in matched),
        }
    return context


@require_POST
def add_rule(request: LoggedIn, pk: int) -> HttpResponse:
    """Kept, and applied at once; then every day."""
    connection = get_object_or_404(_ruled(request.user), pk=pk)
    try:
        listed = listing(connection, request.user)
        form = RuleForm(request.POST, categories=listed.categories)
        if not form.is_valid():
            return _page(request, connection, Chooser(request.user, connection, listed), rule_form=form)
        rule = form.rule(connection)
        rule.created_by = request.user
        with transaction.atomic():
            rule.save()
        followed = auto_follow.apply(connection, listed.courses)
    except IntegrityError:
        messages.warning(request, _("This rule is already there."))
    except MoodleError as exc:
        messages.error(request, str(explain_code(str(exc.code)).what))
    except sites.NotListed:
        messages.warning(request, _("The rule is kept. Moodle did not give all of its courses: again tomorrow."))
    else:
        for course in followed:
            runs.request_run(course, by=request.user)
        said = ngettext(
            "The rule is kept: %(n)s course is new.", "The rule is kept: %(n)s courses are new.", len(followed)
        )
        messages.success(request, said % {"n": len(followed)})
    return redirect("dashboard:choose-courses", pk)


@require_POST
def remove_rule(request: LoggedIn, pk: int) -> HttpResponse:
    """What it followed stays followed."""
    rule = get_object_or_404(AutoFollow.objects.filter(connection__in=_ruled(request.user)), pk=pk)
    connection = rule.connection_id
    rule.delete()
    messages.success(request, _("The rule is gone; the courses it chose stay followed."))
    return redirect("dashboard:choose-courses", connection)


def _ruled(user: User) -> Any:
    """Rules choose for everybody: administrators make them."""
    connections = visible_connections(user)
    return connections if user.is_administrator else connections.none()
