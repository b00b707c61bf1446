"""The roster's filters. All of them live in the address."""

from collections.abc import Sequence
from copy import copy
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import django_filters
from django import forms
from django.db.models import Min, Q, QuerySet, Value
from django.db.models.lookups import LessThanOrEqual
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from dashboard.enums import Cause, Channel, State
from dashboard.handover.notices import handed
from dashboard.models import Contact
from dashboard.roster.choices import UNGROUPED
from dashboard.roster.menus import ME, NOBODY, Colleagues, Courses, Groups, Source
from dashboard.roster.queries import Seen, among, few_people, held_by, in_groups, last_contacted, matching, of_standing
from dashboard.scope import visible_courses
from moodle_sync.enums import Access, Standing
from moodle_sync.models import Enrolment
from moodle_sync.querysets import is_open, last_access, of_access

COUNTED = ["access", "state"]
"""The filters that are tiles: their counts are those of the rows before they apply."""


class KnownChoices(forms.MultipleChoiceField):
    """Takes those of its values that are choices: one session that is gone does not undo the filter by the others."""

    left_out = lost = False

    def clean(self, value: Any) -> list[str]:
        values = [str(one) for one in value or [] if one]
        known = [one for one in values if self.valid_value(one)]
        self.left_out = known != values
        self.lost = self.left_out and not known
        return known


class Copied(django_filters.Filter):
    """Each form copies its filters: only what it changes of them, for all their choices and words take long to copy."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "Copied":
        twin = copy(self)
        twin.extra = dict(self.extra)
        twin.method = self.method  # made anew: it knows the filter that it is of
        return twin


class TextFilter(Copied, django_filters.CharFilter):
    pass


class ChoicesFilter(Copied, django_filters.MultipleChoiceFilter):
    field_class = KnownChoices


class DaysFilter(Copied):
    field_class = forms.IntegerField


NEXT = [
    (Channel.EMAIL.value, pgettext_lazy("next action", "Remind")),
    (Channel.CALL.value, pgettext_lazy("next action", "Call")),
    ("callback", pgettext_lazy("next action", "Callback, mine or anyone’s")),
]


class RosterFilter(django_filters.FilterSet):
    q = TextFilter(
        method="find",
        label=_("Search"),
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    course = ChoicesFilter(method="among_courses", label=_("Session"))
    group = ChoicesFilter(method="among_groups", label=_("Group"))
    access = ChoicesFilter(method="of_access", label=_("Access"), choices=Access.choices)
    state = ChoicesFilter(method="of_state", label=_("Follow-up"), choices=State.choices)
    tutor = ChoicesFilter(method="of_tutor", label=_("Tutor"))
    cause = ChoicesFilter(method="of_cause", label=_("Cause"), choices=Cause.choices)
    presence = ChoicesFilter(method="of_presence", label=_("Presence"), choices=Standing.choices)
    due = ChoicesFilter(method="due_now", label=_("Due"), choices=[("now", _("Due now"))])
    contact = ChoicesFilter(method="by_contact", label=_("Last contact"), choices=[("never", _("Never contacted"))])
    contact_before = DaysFilter(method="by_contact", label=_("Last contact"), min_value=1, max_value=9999)
    next = ChoicesFilter(method="of_next", label=_("Next action"), choices=NEXT)
    handed = ChoicesFilter(method="handed_over", label=_("Handed over by"))

    class Meta:
        model = Enrolment
        fields: Sequence[str] = []

    def __init__(
        self, params: QueryDict, rows: QuerySet[Enrolment], *, user: User, now: datetime, seen: Seen | None = None
    ) -> None:
        """`seen`: where it was read already."""
        super().__init__(params, rows)
        self.user, self.now = user, now
        self.finds_few = False
        courses = Courses(user, seen)
        self.chosen = {"course": courses.named(params.getlist("course"))}
        """Only what the address names is looked up: there may be thousands."""
        groups = Groups(user, [int(pk) for pk, _name in self.chosen["course"]], seen)
        self.sources: dict[str, Source] = {"course": courses, "group": groups, "tutor": Colleagues(user)}
        for name, source in self.sources.items():
            if name not in self.chosen:
                self.chosen[name] = source.named(params.getlist(name))
            asked = params.getlist(name)
            self.filters[name].extra["choices"] = [*source.fixed, *self.chosen[name]] if asked else []
        self.filters["handed"].extra["choices"] = handed(user) if "handed" in params else []

    @cached_property
    def values(self) -> dict[str, Any]:
        """What was understood; an unknown or foreign value is left out, and told by `gone`."""
        self.form.is_valid()
        return {name: value for name, value in self.form.cleaned_data.items() if value}

    @property
    def gone(self) -> list[str]:
        """The filters something of which is not, or no longer, to be had: a session left aside, a group deleted."""
        self.form.is_valid()
        fields = self.form.fields.items()
        return [str(f.label) for name, f in fields if name in self.form.errors or getattr(f, "left_out", False)]

    @cached_property
    def lost(self) -> list[str]:
        """Names of the filters of which nothing is left. Nobody matches them: without them, the list would be of people
        whom nobody asked for, and be acted on, exported, called."""
        self.form.is_valid()
        fields = self.form.fields.items()
        return [name for name, f in fields if name in self.form.errors or getattr(f, "lost", False)]

    def uncounted(self) -> QuerySet[Enrolment]:
        """Filtered by everything but access and state; of those too, one that is lost leaves nobody."""
        rows: QuerySet[Enrolment] = self.queryset
        if self.lost:
            return rows.none()
        values = {"presence": [Standing.PRESENT.value], **self.values}
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
        people = None if self.user.is_tutor else few_people(value)
        self.finds_few = people is not None
        return matching(rows, value, people)

    def of_access(self, rows: QuerySet[Enrolment], name: str, value: list[str]) -> QuerySet[Enrolment]:
        rows = rows.filter(of_access(value, self.now))
        if value == [Access.DORMANT] and self.user.is_coordinator:
            # Said once more without their course, for an index to begin there: everybody active would be read before.
            least = visible_courses(self.user).aggregate(least=Min("dormant_after"))["least"]
            rows = rows.filter(LessThanOrEqual(last_access(), Value(self.now - least))) if least else rows
        return rows

    def of_state(self, rows: QuerySet[Enrolment], name: str, value: list[str]) -> QuerySet[Enrolment]:
        return rows.filter(follow_up__state__in=value)

    def among_courses(self, rows: QuerySet[Enrolment], name: str, value: list[str]) -> QuerySet[Enrolment]:
        return rows.filter(course__in=[int(pk) for pk in value])

    def among_groups(self, rows: QuerySet[Enrolment], name: str, value: list[str]) -> QuerySet[Enrolment]:
        ids = [int(pk) for pk in value if pk != UNGROUPED]
        return in_groups(rows, ids, without=UNGROUPED in value)

    def due_now(self, rows: QuerySet[Enrolment], name: str, value: list[str]) -> QuerySet[Enrolment]:
        """What the figures of the courses page count: what waits for a later day, or for the course, is not due."""
        return rows.filter(is_open("course__", self.now), follow_up__due_at__lte=self.now)

    def of_cause(self, rows: QuerySet[Enrolment], name: str, value: list[str]) -> QuerySet[Enrolment]:
        return rows.filter(follow_up__cause__in=value)

    def of_tutor(self, rows: QuerySet[Enrolment], name: str, value: list[str]) -> QuerySet[Enrolment]:
        ids = {self.user.pk if one == ME else int(one) for one in value if one != NOBODY}
        return held_by(rows, sorted(ids), nobody=NOBODY in value)

    def by_contact(self, rows: QuerySet[Enrolment], name: str, value: object) -> QuerySet[Enrolment]:
        """Two filters of one thing: with both, whoever either finds."""
        days = self.values.get("contact_before")
        before = self.now - timedelta(days=days) if days else None
        return last_contacted(rows, before=before, never="contact" in self.values)

    def of_next(self, rows: QuerySet[Enrolment], name: str, value: list[str]) -> QuerySet[Enrolment]:
        """What is to be done now; of callbacks, those to come too, but for the ones agreed with a colleague."""
        wanted = Q(pk__in=[])
        due = Q(follow_up__state=State.TODO, follow_up__due_at__lte=self.now) & is_open("course__", self.now)
        for one in value:
            if one == "callback":
                agreed = Q(follow_up__callback_for=None) | Q(follow_up__callback_for=self.user)
                wanted |= Q(follow_up__state=State.CALLBACK) & agreed
            else:
                wanted |= due & Q(follow_up__next_channel=one)
        return rows.filter(wanted)

    def handed_over(self, rows: QuerySet[Enrolment], name: str, value: list[str]) -> QuerySet[Enrolment]:
        return rows.filter(
            among(Contact.objects.filter(act__in=value, undone_by=None).values_list("follow_up__enrolment"))
        )

    def of_presence(self, rows: QuerySet[Enrolment], name: str, value: list[str]) -> QuerySet[Enrolment]:
        return of_standing(rows, value)
