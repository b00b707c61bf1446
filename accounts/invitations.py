"""Invitations: a user without a password, and a signed link, good once, that lets them choose it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import salted_hmac

from accounts.links import public_url
from accounts.models import Role, Scope, User, normalised_email

SALT = "accounts.invitation"


class AlreadyActive(Exception):
    """The user has chosen a password: nothing to invite to."""


class Deactivated(Exception):
    """The user was deactivated: an invitation must not be a way back in."""


@dataclass(frozen=True)
class Overseen:
    """What a coordinator or observer sees: everything, or a site, or some Moodle categories of it."""

    everything: bool = False
    site_id: int | None = None
    category_ids: Iterable[int] = field(default_factory=tuple)

    def scopes(self, user: User) -> list[Scope]:
        if self.site_id is None:
            return []
        return [
            Scope(user=user, site_id=self.site_id, category_id=category)
            for category in dict.fromkeys(self.category_ids) or [None]
        ]


@transaction.atomic
def invite(
    email: str, role: Role, *, overseen: Overseen, first_name: str = "", last_name: str = ""
) -> tuple[User, bool]:
    """The user to send a link to, and whether they are new. Raises `AlreadyActive` or `Deactivated`.

    Who never chose a password is invited again, with what is said this time.
    """
    user = User.objects.select_for_update().filter(email=normalised_email(email)).first()
    created = user is None
    if user is None:
        user = User(email=normalised_email(email))
        user.set_unusable_password()
    elif not user.is_active:
        raise Deactivated
    elif user.has_usable_password():
        raise AlreadyActive
    user.role, user.sees_all = role, overseen.everything
    user.first_name = first_name or user.first_name
    user.last_name = last_name or user.last_name
    user.save()
    user.scopes.all().delete()
    Scope.objects.bulk_create(overseen.scopes(user))
    return user, created


def link(user: User) -> str:
    token = signing.dumps([user.pk, _fingerprint(user)], salt=SALT)
    return public_url(reverse("accounts:invitation", args=[token]))


def invited(token: str, *, lock: bool = False) -> User | None:
    """Whom the link invites; nobody if it is forged, expired or used. `lock` it to use it."""
    try:
        pk, fingerprint = signing.loads(token, salt=SALT, max_age=settings.INVITATION_MAX_AGE)
    except (signing.BadSignature, ValueError):
        return None
    users = User.objects.select_for_update() if lock else User.objects.all()
    user = users.filter(pk=pk, is_active=True).first()
    return user if user and _fingerprint(user) == fingerprint else None


def send(user: User, url: str) -> None:
    context: dict[str, Any] = {"user": user, "url": url, "days": settings.INVITATION_MAX_AGE.days}
    with translation.override(settings.LANGUAGE_CODE):
        subject = render_to_string("emails/invitation_subject.txt", context).strip()
        body = render_to_string("emails/invitation_body.txt", context).strip() + "\n"
    send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [user.email])


def _fingerprint(user: User) -> str:
    """Changes as soon as the password is chosen or the address changes, so that a link works once."""
    state = f"{user.pk} {user.password} {user.last_login} {user.email}"
    return salted_hmac(SALT, state, algorithm="sha256").hexdigest()[:32]
