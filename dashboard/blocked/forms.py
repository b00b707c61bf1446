from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dashboard.enums import Cause
from dashboard.follow_up.blocking import LIFTED_BY_OTHERS
from dashboard.handover.colleagues import who_see
from dashboard.models import FollowUp
from dashboard.person.file import File
from dashboard.shell.forms import StyledForm

OTHER_CAUSES = [cause for cause in Cause if cause not in LIFTED_BY_OTHERS]


class BlockForm(StyledForm):
    """What keeps the person out, and who must act: a colleague, or an address."""

    cause = forms.ChoiceField(label=_("Cause"), error_messages={"required": _("Choose the cause.")})
    owner = forms.ChoiceField(label=_("A colleague who lifts it"), required=False)
    address = forms.CharField(label=_("or an address to write to"), max_length=254, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, file: File, follow_up: FollowUp) -> None:
        initial = {"cause": follow_up.cause, "version": follow_up.version}
        super().__init__(data, auto_id="block-%s", initial=initial)
        self.follow_up = follow_up
        self.owners = {str(user.pk): user for user in who_see(file.enrolment)}
        lifted_by_others = [(cause.value, cause.label) for cause in Cause if cause in LIFTED_BY_OTHERS]
        self.fields["cause"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose…")),
            (_("Somebody else must act"), lifted_by_others),
            (_("Other causes"), [(cause.value, cause.label) for cause in OTHER_CAUSES]),
        ]
        self.fields["owner"].choices = [  # type: ignore[attr-defined]
            ("", _("Nobody")),
            *((pk, str(user)) for pk, user in self.owners.items()),
        ]

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"].strip()
        if address:
            EmailValidator(_("This is not an e-mail address: check it."))(address)
        return address

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("owner") and cleaned.get("address"):
            raise ValidationError(_("Either a colleague or an address: one of them acts."))
        return cleaned

    @property
    def chosen_owner(self) -> User | None:
        return self.owners.get(self.cleaned_data["owner"])

    @property
    def chosen_cause(self) -> Cause:
        return Cause(self.cleaned_data["cause"])
