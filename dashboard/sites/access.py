"""Who connects platforms: administrators; tutors their own courses, on the hosts that VIGIE_TUTOR_SITES names."""

from fnmatch import fnmatch
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet

from accounts.models import User
from moodle_sync.models import Connection, Site


def may_connect(user: User) -> bool:
    return user.is_administrator or (user.is_tutor and bool(settings.TUTOR_SITES))


def require_connector(user: User) -> None:
    if not may_connect(user):
        raise PermissionDenied


def may_connect_to(user: User, url: str) -> bool:
    """Elsewhere a tutor could put up a false Moodle, and name people there to meet them here."""
    host = (urlsplit(url).hostname or "").lower()
    return user.is_administrator or any(fnmatch(host, pattern.lower()) for pattern in settings.TUTOR_SITES)


def visible_connections(user: User) -> QuerySet[Connection]:
    connections = Connection.objects.select_related("site", "owner")
    if user.is_administrator:
        return connections
    return connections.filter(owner=user) if may_connect(user) else connections.none()


def visible_sites(user: User) -> QuerySet[Site]:
    if user.is_administrator:
        return Site.objects.all()
    return Site.objects.filter(pk__in=visible_connections(user).values("site"))
