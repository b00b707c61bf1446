from functools import cache
from typing import Any, cast
from urllib.parse import urlsplit

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from accounts.models import User
from dashboard import preferences
from dashboard.handover.notices import unseen
from dashboard.shell.navigation import entries
from dashboard.shell.themes import COOKIE, THEMES
from dashboard.views_saved.counts import known
from dashboard.views_saved.shelf import Shelf, shelf_of


def _open_view(request: HttpRequest) -> str:
    """The key of the view that the page shows; of the page around, where a part of it is asked for."""
    htmx = getattr(request, "htmx", None)
    here = urlsplit((htmx and htmx.current_url_abs_path) or request.get_full_path())
    return QueryDict(here.query).get("view", "") if here.path == reverse("dashboard:roster") else ""


def shell(request: HttpRequest) -> dict[str, Any]:
    """What every page's shell needs. The theme comes from a cookie, so that no script has to flash it in."""
    theme = request.COOKIES.get(COOKIE)
    signed_in = hasattr(request, "user") and request.user.is_authenticated
    return {
        "theme": theme if theme in THEMES else "auto",
        "themes": THEMES.items(),
        "preference": lambda: preferences.of(cast(User, request.user)) if signed_in else None,
        # Asked for by whole pages only; by the side bar and the tab bar, counted once.
        "nav": cache(lambda: entries(request) if signed_in else []),
        "shelf": lambda: shelf_of(cast(User, request.user)) if signed_in else Shelf(),
        "counts": lambda: known(cast(User, request.user), shelf_of(cast(User, request.user)).all) if signed_in else {},
        "open_view": _open_view(request),
        "notices": lambda: unseen(cast(User, request.user)) if signed_in else [],
    }
