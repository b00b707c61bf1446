"""Addresses and passwords are not tried out in bulk through Vigie."""

from django.core.cache import cache

from accounts.models import User

TRIES, SECONDS = 20, 600


def too_many(user: User) -> bool:
    """Counts this try, and says whether it is one too many."""
    key = f"connecting:{user.pk}"
    cache.add(key, 0, SECONDS)
    try:
        return bool(cache.incr(key) > TRIES)
    except ValueError:  # it expired between the two
        return False
