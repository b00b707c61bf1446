"""The roster's filters. All of them live in the address."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dashboard.enums import State
from dashboard.handover.notices import handed
from dashboard.models import Contact
from dashboard.roster import choices
from dashboard.roster.queries import among, in_groups, matching, of_standing
from moodle_sync.enums import Access, Standing
from moodle_sync.models import Enrolment
from moodle_sync.querysets import is_open, of_access

COUNTED = ["access", "state"]
"""The filters that are tiles: their counts are those of the rows before they apply."""


class RosterFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(
        method="find",
        label=_("Search"),
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    course = django_filters.MultipleChoiceFilter(method="among_courses", label=_("Session"))
    group = django_filters.MultipleChoiceFilter(method="among_groups", label=_("Group"))
    access = django_filters.MultipleChoiceFilter(method="of_access", label=_("Access"), choices=Access.choices)
    state = django_filters.MultipleChoiceFilter(method="of_state", label=_("Follow-up"), choices=State.choices)
    presence = django_filters.MultipleChoiceFilter(method="of_presence", label=_("Presence"), choices=Standing.choices)
    due = django_filters.MultipleChoiceFilter(method="due_now", label=_("Due"), choices=[("now", _("Due now"))])
    contact = django_filters.MultipleChoiceFilter(
        method="never_contacted", label=_("Contact"), choices=[("never", _("Never contacted"))]
    )
    handed = django_filters.MultipleChoiceFilter(method="handed_over", label=_("Handed over by"))

    class Meta:
        model = Enrolment
        fields: Sequence[str] = []

    def __init__(self, params: QueryDict, rows: QuerySet[Enrolment], *, user: User, now: datetime) -> None:
        super().__init__(params, rows)
        self.user, self.now = user, now
        self.ungrouped = [(choices.UNGROUPED, _("Without group"))]
        self.courses = choices.courses(user)
        self.groups = choices.groups(user, params, self.courses)
        # As functions: a form copies every choice that its fields have at once.
        self.filters["course"].extra["choices"] = lambda: self.courses
        self.filters["handed"].extra["choices"] = handed(user) if "handed" in params else []
        self.filters["group"].extra["choices"] = lambda: [
            *self.ungrouped,
            *(choice for _name, own in self.groups for choice in own),
        ]

    @cached_property
    def values(self) -> dict[str, Any]:
        """What was understood; an unknown or foreign value is left out, and told by `ignored`."""
        self.form.is_valid()
        return {name: value for name, value in self.form.cleaned_data.items() if value}

    @property
    def ignored(self) -> bool:
        return not self.form.is_valid()

    def uncounted(self) -> QuerySet[Enrolment]:
        """Filtered by everything but access and state."""
        values = {"presence": [Standing.PRESENT.value], **self.values}
        rows: QuerySet[Enrolment] = self.queryset
        for name, value in values.items():
            if name not in COUNTED:
                rows = self.filters[name].filter(rows, value)
        return rows

    def counted(self, rows: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
        """`uncounted()` rows, by access and state too."""
        for name in COUNTED:
            rows = self.filters[name].filter(rows, self.values.get(name, []))
        return rows

    def find(self, rows: QuerySet[Enrolment], name: str, value: str) -> QuerySet[Enrolment]:
        return matching(rows, value, few=self.user.is_tutor)

    def of_access(self, rows: QuerySet[Enrolment], name: str, value: list[str]) -> QuerySet[Enrolment]:
        return rows.filter(of_access(value, self.now))

    def of_state(self, rows: QuerySet[Enrolment], name: str, value: list[str]) -> QuerySet[Enrolment]:
        return rows.filter(follow_up__state__in=value)

    def among_courses(self, rows: QuerySet[Enrolment], name: str, value: list[str]) -> QuerySet[Enrolment]:
        return rows.filter(course__in=[int(pk) for pk in value])

    def among_groups(self, rows: QuerySet[Enrolment], name: str, value: list[str]) -> QuerySet[Enrolment]:
        ids = [int(pk) for pk in value if pk != choices.UNGROUPED]
        return in_groups(rows, ids, without=choices.UNGROUPED in value)

    def due_now(self, rows: QuerySet[Enrolment], name: str, value: list[str]) -> QuerySet[Enrolment]:
        """What the figures of the courses page count: what waits for a later day, or for the course, is not due."""
        return rows.filter(is_open("course__", self.now), follow_up__due_at__lte=self.now)

    def never_contacted(self, rows: QuerySet[Enrolment], name: str, value: list[str]) -> QuerySet[Enrolment]:
        return rows.filter(follow_up__isnull=False, follow_up__last_contact_at=None)

    def handed_over(self, rows: QuerySet[Enrolment], name: str, value: list[str]) -> QuerySet[Enrolment]:
        return rows.filter(among(Contact.objects.filter(act__in=value).values_list("follow_up__enrolment")))

    def of_presence(self, rows: QuerySet[Enrolment], name: str, value: list[str]) -> QuerySet[Enrolment]:
        return of_standing(rows, value)
