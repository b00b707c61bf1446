"""Addresses and passwords are not tried out in bulk through Vigie."""

from accounts.models import User
from dashboard.shell import throttle

TRIES, SECONDS = 20, 600


def too_many(user: User) -> bool:
    """Counts this try, and says whether it is one too many."""
    return throttle.count(f"connecting:{user.pk}", seconds=SECONDS) > TRIES
