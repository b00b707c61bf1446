from collections.abc import Iterable
from typing import Any

from django import forms
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


CHOOSE = ("", _("Choose…"))
CAUSES = [
    CHOOSE,
    (_("Somebody else must act"), [(cause.value, cause.label) for cause in Cause if cause in LIFTED_BY_OTHERS]),
    (_("Other causes"), [(cause.value, cause.label) for cause in OTHER_CAUSES]),
]


class WhoLifts(forms.Form):
    """Who must act, of one blockage or of many: a colleague, or an address."""

    owner = forms.ChoiceField(label=_("A colleague who lifts it"), required=False)
    address = forms.CharField(label=_("or an address to write to"), max_length=254, required=False)

    def offer(self, owners: Iterable[User]) -> None:
        self.owners = {str(user.pk): user for user in owners}
        choices = [("", _("Nobody")), *((pk, str(user)) for pk, user in self.owners.items())]
        self.fields["owner"].choices = choices  # type: ignore[attr-defined]

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"].strip()
        if address:
            EmailValidator(_("This is not an e-mail address: check it."))(address)
        return address

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("owner") and cleaned.get("address"):
            self.add_error("address", _("Either a colleague or an address: one of them acts."))
        return cleaned


class BlockForm(WhoLifts, StyledForm):
    """What keeps the person out, and who must act."""

    cause = forms.ChoiceField(label=_("Cause"), choices=CAUSES, error_messages={"required": _("Choose the cause.")})
    version = forms.IntegerField(widget=forms.HiddenInput)
    field_order = ["cause", "owner", "address", "version"]

    def __init__(self, data: QueryDict | None = None, *, file: File, follow_up: FollowUp) -> None:
        initial = {"cause": follow_up.cause, "version": follow_up.version}
        super().__init__(data, auto_id="block-%s", initial=initial)
        self.follow_up = follow_up
        self.offer(who_see(file.enrolment))

    @property
    def chosen_owner(self) -> User | None:
        return self.owners.get(self.cleaned_data["owner"])

    @property
    def chosen_cause(self) -> Cause:
        return Cause(self.cleaned_data["cause"])
