"""What a user chose about their screens, from any page."""

from typing import Any

from accounts.models import User
from dashboard.models import Preference


def of(user: User) -> Preference:
    """One query a request at most: the user keeps the answer, even where there is none."""
    return getattr(user, "preference", None) or Preference(user=user)


def keep(user: User, **chosen: Any) -> None:
    user.preference, _made = Preference.objects.update_or_create(user=user, defaults=chosen)
