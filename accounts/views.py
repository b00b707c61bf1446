"""allauth's views with our forms, and the invitation."""

from allauth.account import views
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import forms, invitations


class LoginView(views.LoginView):
    form_class = forms.LoginForm

    def form_invalid(self, form: forms.LoginForm) -> HttpResponse:
        if form.has_error("__all__", "too_many_login_attempts"):
            return too_many_requests(self.request)
        response: HttpResponse = super().form_invalid(form)
        return response


class PasswordResetView(views.PasswordResetView):
    form_class = forms.ResetPasswordForm


class PasswordResetFromKeyView(views.PasswordResetFromKeyView):
    form_class = forms.NewPasswordForm


class PasswordChangeView(views.PasswordChangeView):
    form_class = forms.ChangePasswordForm


@login_not_required
@never_cache
@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "HEAD", "POST"])
@transaction.atomic
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever holds the link chooses the password, once, and is in."""
    user = invitations.invited(token, lock=request.method == "POST")
    if user is None:
        return render(request, "accounts/invitation_invalid.html", status=410)
    form = forms.NewPasswordForm(request.POST if request.method == "POST" else None, user=user)
    if form.is_valid():
        form.save()
        if request.user.is_authenticated:
            logout(request)
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        return redirect("home")
    return render(request, "accounts/invitation.html", {"form": form, "invited": user})


def too_many_requests(request: HttpRequest) -> HttpResponse:
    return render(request, "429.html", status=429)


login_view = LoginView.as_view()
password_reset = PasswordResetView.as_view()
password_reset_from_key = PasswordResetFromKeyView.as_view()
password_change = PasswordChangeView.as_view()
