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

from dashboard.calls import drafts
from dashboard.calls.questions import BY_ROOT, QUESTIONS, Answer
from dashboard.enums import REACHED, Cause, Outcome
from dashboard.follow_up.acts import Call
from dashboard.follow_up.rules import start_of_day
from dashboard.models import Draft, FollowUp
from dashboard.moments import distance
from dashboard.person.details import Kind, Way, ways_to_reach
from dashboard.person.file import File
from dashboard.shell.forms import WallClockField

FROM_NINE = timedelta(hours=9)
"""Nobody is called back at midnight: a callback agreed by the day is due from nine."""
KNOWN = {Answer.YES, Answer.NO}
KEYS = dict(zip(Outcome, "1234567890", strict=True))


class When(TextChoices):
    """Quick picks; the usual one leaves the date to the rules."""

    USUAL = "usual", pgettext_lazy("date", "Usual")
    D1 = "1", _("+1 d")
    D3 = "3", _("+3 d")
    D7 = "7", _("+7 d")
    DATE = "date", _("Date…")


class CallbackFor(TextChoices):
    """Who calls back at the agreed date."""

    MINE = "mine", _("me")
    ANYONE = "anyone", _("anyone of the team")


class Asked(NamedTuple):
    """One of the four questions, for the template; `rank`: the lowest «no» suggests the cause."""

    field: forms.BoundField
    cause: Cause
    rank: int


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
    date = WallClockField(label=_("Date and time"), required=False)
    also = forms.TypedMultipleChoiceField(label=_("This call also counts for"), coerce=int, required=False)
    callback_for = forms.ChoiceField(
        label=_("Called back by"), choices=CallbackFor.choices, initial=CallbackFor.MINE, required=False
    )
    number = forms.CharField(label=_("Number called"), max_length=20, required=False)

    def __init__(self, data: QueryDict | None = None, *, file: File, draft: Draft | None = None) -> None:
        super().__init__(data, auto_id="call-%s")
        self.file, self.draft = file, draft
        self.ways = ways_to_reach(file)
        for question in QUESTIONS:
            self.fields[question.field] = forms.ChoiceField(
                label=str(question.text), choices=Answer.choices, initial=Answer.UNASKED, required=False
            )
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
        if draft:
            self.initial = drafts.as_initial(draft, enrolment=file.enrolment.pk)

    def clean_date(self) -> datetime | None:
        """By the site's own clock."""
        date: datetime | None = self.cleaned_data["date"]
        return date and date.replace(tzinfo=self.zone)

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
        mine = cleaned["outcome"] == Outcome.CALLBACK and cleaned["callback_for"] != CallbackFor.ANYONE
        return Call(
            Outcome(cleaned["outcome"]),
            cause,
            cleaned["note"],
            cleaned["chosen"],
            answers={q.key: cleaned[q.field] == Answer.YES for q in QUESTIONS if cleaned[q.field] in KNOWN},
            callback_for=self.file.user.pk if mine else None,
            number=self._number(cleaned["number"]),
        )

    def _number(self, posted: str) -> str:
        """The digits of one of the person's numbers; the first one, unless another was chosen."""
        known = {way.digits for way in self.ways if way.link and way.kind == Kind.PHONE}
        return posted if posted in known else self.dialled[0].digits if self.dialled else ""

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
    def dialled(self) -> list[Way]:
        """Numbers that may be offered; the first is the one to dial."""
        return [way for way in self.ways if way.may_be_dialled]

    @property
    def questions(self) -> list[Asked]:
        return [Asked(self[question.field], question.cause, BY_ROOT.index(question.key)) for question in QUESTIONS]

    @property
    def answered(self) -> bool:
        return any(asked.field.value() in KNOWN for asked in self.questions)

    @property
    def typed_date(self) -> str:
        """As a browser's field of date and time takes it."""
        return str(self["date"].value() or "")

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


def fresh_form(file: File) -> CallForm:
    """Blank, or with what the user typed and did not save."""
    return CallForm(file=file, draft=drafts.draft_of(file.user, file.person))


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
