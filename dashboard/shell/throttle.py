"""What is tried again and again from one place is answered less and less."""

from django.core.cache import cache
from django.http import HttpRequest

from accounts.adapter import InvitationOnlyAdapter


def attempts(key: str) -> int:
    """How many were counted lately."""
    return int(cache.get(f"attempts:{key}", 0))


def count(key: str, *, seconds: int) -> int:
    """Counts one more; all are forgotten `seconds` after the first."""
    name = f"attempts:{key}"
    cache.add(name, 0, seconds)
    try:
        return int(cache.incr(name))
    except ValueError:  # it expired between the two
        return 1


def caller(request: HttpRequest) -> str:
    """The address of whoever asks, behind the proxies that are trusted."""
    return str(InvitationOnlyAdapter(request).get_client_ip(request))
