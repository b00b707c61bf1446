from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from phonenumbers import PhoneNumberFormat, format_number

from dashboard.enums import ClosedFor
from dashboard.follow_up.closing import BY_HAND
from dashboard.live import pulse
from dashboard.models import ContactDetail
from dashboard.people import locked_owners
from dashboard.person.details import Kind, email_way, phone_way, read_phone, ways_to_reach
from dashboard.person.file import File
from dashboard.plan.recompute import recompute_people_later
from dashboard.shell.forms import StyledForm
from moodle_sync.text import folded, phone_digits


class DetailForm(forms.Form):
    """A phone number or an e-mail address, told apart by the «@»."""

    value = forms.CharField(label=_("Phone or e-mail"), max_length=254)
    label = forms.CharField(label=_("Where (optional)"), max_length=60, required=False)

    def __init__(self, data: QueryDict | None = None, *, file: File) -> None:
        super().__init__(data, auto_id="detail-%s")
        self.file = file
        self.country = file.enrolment.course.site.country
        self.kind = Kind.PHONE

    def clean_value(self) -> str:
        """A number is kept in its international form, an address in lower case."""
        text: str = self.cleaned_data["value"].strip()
        if "@" in text:
            self.kind = Kind.EMAIL
            EmailValidator(_("This is not an e-mail address: check it."))(text)
            text = text.lower()
        else:
            text = self._international(text)
        self._refuse_known(text)
        return text

    def _international(self, text: str) -> str:
        number = read_phone(text, self.country)
        if number is None:
            raise ValidationError(
                _("This cannot be a phone number: check the digits, or start with + and the country code.")
            )
        return format_number(number, PhoneNumberFormat.E164)

    def _refuse_known(self, text: str) -> None:
        mine = email_way(text, "") if self.kind == Kind.EMAIL else phone_way(text, self.country, "")
        if mine.key in {way.key for way in ways_to_reach(self.file)}:
            raise ValidationError(_("Already in this file."))

    def save(self) -> bool:
        """False, with the form's error set, when a colleague typed the same a moment ago."""
        value = self.cleaned_data["value"]
        key = folded(value) if self.kind == Kind.EMAIL else phone_digits(value)
        try:
            with transaction.atomic():
                [owner] = locked_owners([self.file.enrolment.participant_id])
                self.saved = ContactDetail.objects.create(
                    person_id=owner,
                    kind=self.kind,
                    value=value,
                    label=self.cleaned_data["label"],
                    search_key=key,
                    added_by=self.file.user,
                )
                recompute_people_later([owner])
                pulse.beat_later()
        except IntegrityError:
            self.add_error("value", _("Already in this file."))
            return False
        return True


class CloseForm(StyledForm):
    """Why nobody is to go on, in one of four words and, where these do not say it, in one's own."""

    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=[("", _("Choose…")), *((reason.value, reason.label) for reason in BY_HAND)],
        error_messages={"required": _("Choose the reason.")},
    )
    words = forms.CharField(label=_("In a few words (optional)"), max_length=300, required=False)

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id="close-%s")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("reason") == ClosedFor.OTHER and not cleaned.get("words"):
            self.add_error("words", _("Say which one, in a few words."))
        return cleaned

    @property
    def chosen(self) -> ClosedFor:
        return ClosedFor(self.cleaned_data["reason"])


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("Note"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Write the note first.")},
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id="note-%s")


class CorrectionForm(forms.Form):
    """Another text for the note of one act. `now`: what it says as long as this is not saved."""

    text = forms.CharField(
        label=_("Corrected note"), max_length=2000, error_messages={"required": _("Write the note first.")}
    )

    def __init__(self, data: QueryDict, *, act: UUID, now: str) -> None:
        super().__init__(data)
        self.act, self.now = act, now

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if text == self.now:
            raise ValidationError(_("The text is the same as before."))
        return text
