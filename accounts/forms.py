"""allauth's forms in our look: large fields, named by labels rather than by placeholders."""

from typing import Any

from allauth.account import forms
from allauth.account.adapter import get_adapter
from django import forms as django_forms
from django.contrib.auth.password_validation import MinimumLengthValidator, get_default_password_validators
from django.http import HttpRequest
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class LargeFields(django_forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.widget.attrs["class"] = "form-control lg"
            field.label = LABELS[name]
            field.help_text = HELP.get(name, "")
            if name in {"login", "email"}:
                # Password managers fill the pair «username, current-password».
                field.widget.attrs["autocomplete"] = "username"


class LoginForm(LargeFields, forms.LoginForm):
    def add_error(self, field: str | None, error: Any) -> None:
        """Which of the two is wrong is a secret: both are marked, and described by the one note."""
        super().add_error(field, error)
        if field is None:
            for name in ("login", "password"):
                self.fields[name].widget.attrs |= {"aria-invalid": "true", "aria-describedby": "form-errors"}


class ResetPasswordForm(LargeFields, forms.ResetPasswordForm):
    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Somebody gets a mail either way: neither the page nor its slowness tells who has an account."""
        email: str = self.cleaned_data["email"]
        if self.users:
            super().save(request, **kwargs)
        else:
            get_adapter(request).send_mail("account/email/unknown_account", email, {})
        return email


class NewPasswordForm(LargeFields, forms.ResetPasswordKeyForm):
    """Two times the same new password, for a reset and for an invitation."""


class ChangePasswordForm(LargeFields, forms.ChangePasswordForm):
    pass


def _password_help() -> str:
    validators = get_default_password_validators()
    length = next(v.min_length for v in validators if isinstance(v, MinimumLengthValidator))
    return _("At least %(number)s characters: a short sentence is easy to remember.") % {"number": length}


LABELS = {
    "login": gettext_lazy("E-mail address"),
    "email": gettext_lazy("E-mail address"),
    "password": gettext_lazy("Password"),
    "oldpassword": gettext_lazy("Current password"),
    "password1": gettext_lazy("New password"),
    "password2": gettext_lazy("New password, once more"),
}
HELP = {"password1": lazy(_password_help, str)()}
