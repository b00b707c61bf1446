"""What a caller reports of a call."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dashboard.enums import REACHED, Cause, Outcome
from dashboard.follow_up.acts import Call
from dashboard.follow_up.rules import start_of_day
from dashboard.models import FollowUp
from dashboard.moments import distance
from dashboard.person.file import File

FROM_NINE = timedelta(hours=9)
"""Nobody is called back at midnight: a callback agreed by the day is due from nine."""
KEYS = dict(zip(Outcome, "1234567890", strict=True))


class When(TextChoices):
    """Quick picks; the usual one leaves the date to the rules."""

    USUAL = "usual", pgettext_lazy("date", "Usual")
    D1 = "1", _("+1 d")
    D3 = "3", _("+3 d")
    D7 = "7", _("+7 d")
    DATE = "date", _("Date…")


class Choice(NamedTuple):
    """One radio button, with the key printed on it."""

    value: str
    label: str | Promise
    key: str
    checked: bool


class CallForm(forms.Form):
    """One call to one person, which may count for several open follow-ups; `version`s say which were seen."""

    outcome = forms.ChoiceField(choices=Outcome.choices, error_messages={"required": _("Choose what the call led to.")})
    cause = forms.ChoiceField(label=_("Cause"), choices=[("", _("(optional)")), *Cause.choices], required=False)
    note = forms.CharField(label=_("Note"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    when = forms.ChoiceField(label=_("See again in"), choices=When.choices, required=False)
    date = forms.DateTimeField(label=_("Date and time"), required=False)
    also = forms.TypedMultipleChoiceField(label=_("This call also counts for"), coerce=int, required=False)

    def __init__(self, data: QueryDict | None = None, *, file: File) -> None:
        super().__init__(data, auto_id="call-%s")
        self.file = file
        self.zone = file.enrolment.course.site.zone
        self.others = file.countable[1:]
        # One that was closed meanwhile is still a lawful answer: its version then says «overtaken».
        self.allowed = {follow_up.enrolment_id: follow_up for follow_up in file.follow_ups}
        also = self.fields["also"]
        also.choices = [(pk, pk) for pk in self.allowed if pk != file.enrolment.pk]  # type: ignore[attr-defined]
        also.initial = [follow_up.enrolment_id for follow_up in self.others]
        for pk, follow_up in self.allowed.items():
            self.fields[version_field(pk)] = forms.IntegerField(
                widget=forms.HiddenInput, initial=follow_up.version, required=False
            )

    def full_clean(self) -> None:
        """A date typed without a zone is one of the site's."""
        with timezone.override(self.zone):
            super().full_clean()

    @property
    def distance(self) -> str:
        return distance(timezone.now(), self.zone)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        chosen = self._chosen(cleaned)
        if chosen is not None and chosen <= timezone.now():
            self.add_error("date", _("This date has passed: choose a later one."))
        if cleaned.get("outcome") == Outcome.CALLBACK and chosen is None and "date" not in self.errors:
            self.add_error("date", _("A callback needs its date."))
        for pk in self._counted(cleaned):
            if cleaned.get(version_field(pk)) is None:
                raise ValidationError(_("This form is incomplete: reload the page."))
        return cleaned | {"chosen": chosen}

    def _chosen(self, cleaned: dict[str, Any]) -> datetime | None:
        match cleaned.get("when"):
            case When.D1 | When.D3 | When.D7 as days:
                day = start_of_day(timezone.now(), self.zone, days=int(days))
                return day + FROM_NINE if cleaned.get("outcome") == Outcome.CALLBACK else day
            case When.DATE:
                if cleaned.get("date") is None and "date" not in self.errors:
                    self.add_error("date", _("Give the date."))
                return cleaned.get("date")
        return None

    def _counted(self, cleaned: dict[str, Any]) -> list[int]:
        return [self.file.enrolment.pk, *cleaned.get("also", [])]

    @property
    def call(self) -> Call:
        cleaned = self.cleaned_data
        cause = Cause(cleaned["cause"]) if cleaned["cause"] else None
        return Call(Outcome(cleaned["outcome"]), cause, cleaned["note"], cleaned["chosen"])

    @property
    def counted(self) -> list[int]:
        """The enrolments the call counts for."""
        return self._counted(self.cleaned_data)

    @property
    def follow_ups(self) -> list[tuple[FollowUp, int]]:
        """Each with the version that the caller saw."""
        return [(self.allowed[pk], self.cleaned_data[version_field(pk)]) for pk in self.counted]

    # For the template.

    @property
    def groups(self) -> list[tuple[str | Promise, list[Choice]]]:
        choices = list(self._choices())
        return [
            (_("Reached"), choices[: len(REACHED)]),
            (_("Not reached"), choices[len(REACHED) :]),
        ]

    def _choices(self) -> Iterator[Choice]:
        chosen = self["outcome"].value()
        for outcome in sorted(Outcome, key=lambda o: o not in REACHED):
            yield Choice(outcome.value, outcome.label, KEYS[outcome], chosen == outcome.value)

    @property
    def picks(self) -> list[Choice]:
        # A date that is missing or wrong is asked for: show its field.
        chosen = When.DATE if "date" in self.errors else self["when"].value() or When.USUAL
        return [Choice(when.value, when.label, "", chosen == when.value) for when in When]

    @property
    def offered(self) -> list[tuple[FollowUp, bool]]:
        """The other open follow-ups, each ticked or not."""
        ticked = {str(value) for value in self["also"].value() or []}
        return [(follow_up, str(follow_up.enrolment_id) in ticked) for follow_up in self.others]

    @property
    def versions(self) -> list[forms.BoundField]:
        return [self[version_field(pk)] for pk in self.allowed]


def version_field(pk: int) -> str:
    return f"version_{pk}"


def renewed(posted: QueryDict, file: File, message: str) -> CallForm:
    """The same answers about the follow-ups as they are now: saving again is then a decision made knowingly."""
    data = posted.copy()
    offered = {str(follow_up.enrolment_id) for follow_up in file.countable}
    data.setlist("also", [pk for pk in posted.getlist("also") if pk in offered])
    for follow_up in file.follow_ups:
        data[version_field(follow_up.enrolment_id)] = str(follow_up.version)
    again = CallForm(data, file=file)
    again.add_error(None, message)
    return again
