"""The courses page's search form and its columns."""

from collections.abc import Sequence

import django_tables2 as tables
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from dashboard.courses.lines import CourseLine
from dashboard.courses.site_filter import SiteFilter
from moodle_sync.models import Course
from moodle_sync.text import folded


class CourseSearch(SiteFilter):
    q = forms.CharField(
        label=_("Search a course"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "class": "form-control", "placeholder": _("Course, category")}),
    )
    failing = forms.BooleanField(
        label=_("Not up to date"), required=False, widget=forms.CheckboxInput(attrs={"class": "form-check-input"})
    )

    def courses(self, overseen: QuerySet[Course]) -> list[Course]:
        """Found accent- and case-insensitively; a few hundred names need no index."""
        self.is_valid()
        if site := self.cleaned_data.get("site"):
            overseen = overseen.filter(site=site)
        words = folded(self.cleaned_data.get("q", "")).split()
        return [course for course in overseen.select_related("site") if all(word in _key(course) for word in words)]

    def lines(self, lines: Sequence[CourseLine]) -> list[CourseLine]:
        only_failing = self.cleaned_data.get("failing")
        return [line for line in lines if line.failing or not only_failing]

    @property
    def filters_anything(self) -> bool:
        return any(self.cleaned_data.values())


def _key(course: Course) -> str:
    return folded(f"{course.full_name} {course.short_name} {course.category_name}")


class CoursesTable(tables.Table):
    """Declares; `course_lines` has already counted. Figures sort with the greatest first."""

    name = tables.Column(_("Course"), order_by="sort_name", attrs={"th": {"class": "c-s1"}})
    access = tables.Column(
        _("Access of those enrolled"),
        order_by="access__never",
        initial_sort_descending=True,
        attrs={"th": {"class": "c-bar"}},
    )
    entered = tables.Column(_("Entered"), order_by="sort_entered", attrs={"th": {"class": "num"}})
    todo = tables.Column(
        _("To do"), order_by="work__todo", initial_sort_descending=True, attrs={"th": {"class": "num"}}
    )
    untouched = tables.Column(
        _("No contact"), order_by="work__untouched", initial_sort_descending=True, attrs={"th": {"class": "num"}}
    )
    callbacks = tables.Column(
        _("Callbacks due"),
        order_by="work__callbacks",
        initial_sort_descending=True,
        attrs={"th": {"class": "num"}},
    )
    tutors = tables.Column(_("Tutors"), order_by="sort_tutors", attrs={"th": {"class": "c-tu"}})
    read = tables.Column(_("Last read"), order_by="sort_read", attrs={"th": {"class": "c-fr"}})

    class Meta:
        order_by = "-todo"
