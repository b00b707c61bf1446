from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dashboard.handover.colleagues import in_order, sharing_a_site_with, tutors_of
from dashboard.models import Absence
from dashboard.scope import visible_courses
from dashboard.shell.forms import StyledForm


class HandOverForm(StyledForm):
    """To whom, and why."""

    to = forms.TypedChoiceField(
        label=_("Colleague"), error_messages={"required": _("Choose a colleague.")}, empty_value=None
    )
    reason = forms.CharField(label=_("Reason (optional)"), max_length=300, required=False)

    def __init__(self, data: QueryDict | None = None, *, receivers: Iterable[User], prefix_id: str = "hand") -> None:
        super().__init__(data, auto_id=f"{prefix_id}-%s")
        self.receivers = {str(user.pk): user for user in receivers}
        to = self.fields["to"]
        to.choices = [("", _("Choose…")), *((pk, str(user)) for pk, user in self.receivers.items())]  # type: ignore[attr-defined]

    def clean_to(self) -> User:
        return self.receivers[self.cleaned_data["to"]]


class AbsenceForm(StyledForm):
    """A tutor's own; a coordinator says whose."""

    user = forms.ChoiceField(label=_("Who is absent"), required=False)
    colleague = forms.ChoiceField(label=_("Who stands in"), error_messages={"required": _("Choose a colleague.")})
    first_day = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(label=_("To, this day included"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, data: QueryDict | None = None, *, by: User) -> None:
        super().__init__(data, auto_id="absence-%s")
        self.by = by
        self.absent = {str(user.pk): user for user in whose_absence_may_be_set(by)}
        colleagues = tutors_of(by) if by.is_coordinator else sharing_a_site_with(by)
        self.colleagues = {str(user.pk): user for user in in_order(colleagues)}
        self._offer("colleague", self.colleagues)
        if by.is_coordinator:
            self.fields["user"].required = True
            self._offer("user", self.absent)
        else:
            del self.fields["user"]

    def _offer(self, name: str, users: dict[str, User]) -> None:
        choices = [("", _("Choose…")), *((pk, str(user)) for pk, user in users.items())]
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean_last_day(self) -> date:
        last: date = self.cleaned_data["last_day"]
        if last < timezone.localdate():
            raise ValidationError(_("This day has passed."))
        return last

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("The last day comes before the first."))
        if self.errors:
            return cleaned
        user = self.absent[cleaned["user"]] if self.by.is_coordinator else self.by
        colleague = self.colleagues[cleaned["colleague"]]
        if not sharing_a_site_with(user).filter(pk=colleague.pk).exists():
            self.add_error("colleague", _("These two work on no common platform."))
        self._refuse_overlap("first_day", user, first, last)
        self._refuse_overlap("colleague", colleague, first, last)
        return cleaned | {"user": user, "colleague": colleague}

    def _refuse_overlap(self, name: str, user: User, first: Any, last: Any) -> None:
        """Nobody would look after the people: who is absent passes on nothing."""
        other = user.absences.standing().filter(first_day__lte=last, last_day__gte=first).first()
        if other:
            words = _t("%(name)s is absent already from %(first)s to %(last)s.") % {
                "name": user.short_name,
                "first": date_format(other.first_day, "d/m"),
                "last": date_format(other.last_day, "d/m"),
            }
            self.add_error(name, words)

    def save(self) -> Absence:
        return Absence.objects.create(
            user=self.cleaned_data["user"],
            colleague=self.cleaned_data["colleague"],
            first_day=self.cleaned_data["first_day"],
            last_day=self.cleaned_data["last_day"],
            made_by=self.by,
        )


def whose_absence_may_be_set(by: User) -> list[User]:
    """Oneself; for a coordinator, tutors who follow nothing outside the coordinator's scope.

    Who stands in sees all the people of the absent tutor: nobody grants what they do not oversee.
    """
    if not by.is_coordinator:
        return [by]
    seen = visible_courses(by).values("pk")
    return in_order(
        user
        for user in tutors_of(by)
        if not user.assignments.current().filter(course__followed=True).exclude(course__in=seen).exists()
    )
