"""What each act asks before it is done. `parameters` is what the worker needs of the answer."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dashboard.blocked.forms import CAUSES, CHOOSE, WhoLifts
from dashboard.bulk.rules import Name
from dashboard.enums import ClosedFor
from dashboard.follow_up.closing import BY_HAND
from dashboard.handover.forms import HandOverForm
from dashboard.shell.forms import StyledForm, WallClockField


class BulkForm(StyledForm):
    name: str = ""

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id="bulk-%s")

    @property
    def act(self) -> str:
        return self.name

    @property
    def parameters(self) -> dict[str, Any]:
        return {}


class ContactedForm(BulkForm):
    name = Name.CONTACTED


class EmailForm(BulkForm):
    name = Name.EMAIL


class Who(TextChoices):
    MINE = "mine", _("me")
    ANYONE = "anyone", _("anyone")


class CallbackForm(BulkForm):
    name = Name.CALLBACK
    date = WallClockField(
        label=_("Date and time, where they are"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        error_messages={"required": _("Give the date.")},
    )
    who = forms.ChoiceField(label=_("Called back by"), choices=Who.choices, initial=Who.MINE)

    def __init__(self, data: QueryDict | None = None, *, zones: Callable[[], Collection[ZoneInfo]]) -> None:
        """`zones`: of all who are to be called back."""
        super().__init__(data)
        self.zones = zones

    def clean_date(self) -> datetime:
        """Refused once it has passed for all of them; of some, each row is told."""
        date: datetime = self.cleaned_data["date"]
        now = timezone.now()
        if all(date.replace(tzinfo=zone) <= now for zone in self.zones()):
            raise ValidationError(_("This date has passed: choose a later one."))
        return date

    @property
    def parameters(self) -> dict[str, Any]:
        return {"date": self.cleaned_data["date"].isoformat(), "mine": self.cleaned_data["who"] == Who.MINE}


class NoteForm(BulkForm):
    name = Name.NOTE
    text = forms.CharField(
        label=_("The same note for each"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write the note first.")},
    )

    @property
    def parameters(self) -> dict[str, Any]:
        return {"text": self.cleaned_data["text"]}


class AssignForm(HandOverForm):
    act = Name.ASSIGN

    def __init__(self, data: QueryDict | None = None, *, receivers: Iterable[User]) -> None:
        super().__init__(data, receivers=receivers, prefix_id="bulk")

    @property
    def parameters(self) -> dict[str, Any]:
        return {"to": self.cleaned_data["to"].pk, "reason": self.cleaned_data["reason"]}


class StateForm(WhoLifts, BulkForm):
    """Where to: each move needs something else, which is asked for below it."""

    what = forms.ChoiceField(
        label=_("What becomes of the follow-up"),
        choices=[
            CHOOSE,
            *((name.value, name.label) for name in (Name.CLOSE, Name.REOPEN, Name.BLOCK, Name.LIFT, Name.DECLARE)),
        ],
        error_messages={"required": _("Choose what becomes of it.")},
    )
    reason = forms.ChoiceField(
        label=_("To close: the reason"),
        choices=[CHOOSE, *((reason.value, reason.label) for reason in BY_HAND)],
        required=False,
    )
    words = forms.CharField(label=_("In a few words (optional)"), max_length=300, required=False)
    cause = forms.ChoiceField(label=_("To block: the cause"), choices=CAUSES, required=False)
    field_order = ["what", "reason", "words", "cause", "owner", "address"]

    def __init__(self, data: QueryDict | None = None, *, owners: Iterable[User]) -> None:
        super().__init__(data)
        self.offer(owners)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("what") == Name.CLOSE:
            if not cleaned.get("reason"):
                self.add_error("reason", _("Choose the reason."))
            elif cleaned["reason"] == ClosedFor.OTHER and not cleaned.get("words"):
                self.add_error("words", _("Say which one, in a few words."))
        if cleaned.get("what") == Name.BLOCK and not cleaned.get("cause"):
            self.add_error("cause", _("Choose the cause."))
        return cleaned

    @property
    def act(self) -> str:
        return str(self.cleaned_data["what"])

    @property
    def parameters(self) -> dict[str, Any]:
        wanted = {Name.CLOSE: ("reason", "words"), Name.BLOCK: ("cause", "owner", "address")}
        return {name: self.cleaned_data[name] for name in wanted.get(Name(self.act), ())}
