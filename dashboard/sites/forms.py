from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dashboard.sites.access import may_connect_to
from moodle_sync import sites
from moodle_sync.enums import Service
from moodle_sync.models import AutoFollow, Connection, Site

FIELD, BOX = {"class": "form-control"}, {"class": "form-select"}
SECRET = {**FIELD, "autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


class AddressForm(forms.Form):
    url = forms.CharField(
        label=_("Address of Moodle"),
        max_length=1000,
        help_text=_("Copied from the browser when Moodle is open: what comes after the home page is cut off."),
        widget=forms.TextInput(attrs={**FIELD, "inputmode": "url", "placeholder": "https://moodle.example.org"}),
    )
    name = forms.CharField(
        label=_("What you call it"),
        max_length=sites.LONGEST_NAME,
        required=False,
        help_text=_("Empty: the name Moodle gives itself."),
        widget=forms.TextInput(attrs=FIELD),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.user = user
        if not user.is_administrator:
            del self.fields["name"]

    def clean_url(self) -> str:
        typed = self.cleaned_data["url"].strip()
        self.https_is_a_guess = "://" not in typed
        try:
            url = sites.normalised_url(f"https://{typed}" if self.https_is_a_guess else typed)
        except sites.BadAddress as exc:
            raise ValidationError(_("This is not a web address such as https://moodle.example.org.")) from exc
        if not may_connect_to(self.user, url):
            raise ValidationError(_("Tutors may not connect this platform by themselves: ask an administrator."))
        return url

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        name, url = (data.get("name") or "").strip(), data.get("url")
        if name and url and Site.objects.filter(name=name).exclude(url=url).exists():
            self.add_error("name", _("Another platform has this name."))
        return data


class TokenForm(forms.Form):
    """The token is never shown again: not even to whoever has just typed it wrongly."""

    token = forms.CharField(
        label=_("Token or security key"),
        max_length=200,
        widget=forms.PasswordInput(attrs=SECRET, render_value=False),
        error_messages={"required": _("Paste the token here.")},
    )
    service = forms.ChoiceField(label=_("It belongs to"), choices=Service.choices, widget=forms.Select(attrs=BOX))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        if not user.is_administrator:
            service = forms.ChoiceField(
                choices=[(Service.MOBILE, "")], initial=Service.MOBILE, widget=forms.HiddenInput
            )
            self.fields["service"] = service
            self.fields["token"].label = _("Security key")


class LoginForm(forms.Form):
    username = forms.CharField(label=_("Moodle user name"), max_length=200, widget=forms.TextInput(attrs=SECRET))
    password = forms.CharField(
        label=_("Moodle password"),
        max_length=500,
        strip=False,
        widget=forms.PasswordInput(attrs=SECRET, render_value=False),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""


class RuleForm(forms.Form):
    category = forms.TypedChoiceField(
        label=_("Category"), required=False, coerce=int, empty_value=None, widget=forms.Select(attrs=BOX)
    )
    pattern = forms.CharField(
        label=_("Short name"),
        required=False,
        max_length=100,
        help_text=_("The star stands for anything: 2026-*"),
        widget=forms.TextInput(attrs={**FIELD, "placeholder": "2026-*"}),
    )

    def __init__(self, *args: Any, categories: dict[int, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "rule-%s"
        self.label_suffix = ""
        self.categories = categories
        self.fields["category"].choices = [("", _("Any category")), *categories.items()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and data.get("category") is None and not (data.get("pattern") or "").strip("* "):
            raise ValidationError(_("Choose a category, or write a pattern that leaves something out."))
        return data

    def rule(self, connection: Connection) -> AutoFollow:
        """Not saved."""
        category = self.cleaned_data["category"]
        return AutoFollow(
            connection=connection,
            category_id=category,
            category_name=self.categories.get(category, "")[:255],
            pattern=self.cleaned_data["pattern"],
        )
