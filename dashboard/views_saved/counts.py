"""How many people each view holds: asked for after the page, so that none waits for it, and kept for a while."""

from collections.abc import Iterable
from hashlib import sha256

from django.core.cache import cache
from django.http import QueryDict
from django.utils import timezone

from accounts.models import User
from dashboard.roster.filters import RosterFilter
from dashboard.roster.queries import roster_for
from dashboard.views_saved.shelf import View

SECONDS = 60
MANY = 1_000
"""Nobody needs to know how much more: and PostgreSQL may stop there."""


def known(user: User, views: Iterable[View]) -> dict[str, int] | None:
    """By key; None: not all of them are."""
    by_digest: dict[str, int] = cache.get(_key(user)) or {}
    found = {view.key: by_digest.get(_digest(view)) for view in views}
    return None if None in found.values() else {key: n for key, n in found.items() if n is not None}


def counted(user: User, views: list[View]) -> dict[str, int]:
    """At most MANY of each. The user's own scope, whoever made the view."""
    found = known(user, views)
    if found is None:
        found = {view.key: _count(user, view.query) for view in views}
        cache.set(_key(user), {_digest(view): found[view.key] for view in views}, SECONDS)
    return found


def forget(user: User) -> None:
    cache.delete(_key(user))


def _count(user: User, query: str) -> int:
    now = timezone.now()
    chosen = RosterFilter(QueryDict(query), roster_for(user, now), user=user, now=now)
    return chosen.counted(chosen.uncounted()).order_by()[:MANY].count()


def _key(user: User) -> str:
    return f"views:counts:{user.pk}"


def _digest(view: View) -> str:
    """What somebody searches for is a name, which has no place in a cache."""
    return sha256(view.query.encode()).hexdigest()
