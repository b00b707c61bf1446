"""The entries of the side bar (tab bar on phones), by role. A later screen adds its line here."""

from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from dashboard.sites.access import may_connect


@dataclass(frozen=True)
class Entry:
    label: str | Promise
    icon: str
    url: str
    current: bool


def entries(request: HttpRequest) -> list[Entry]:
    """`current`: the page is the entry's, or lies below it."""
    user = cast(User, request.user)
    places: list[tuple[str | Promise, str, str]] = []
    if user.follows_people:
        places.append((_("Teachers"), "users", "dashboard:roster"))
        places.append((_("Callbacks"), "calendar-clock", "dashboard:callbacks"))
        places.append((pgettext_lazy("page", "Blocked"), "lock", "dashboard:blockages"))
        places.append((_("Team"), "users-group", "dashboard:handover"))
    places.append((_("Sessions"), "school", "dashboard:courses"))
    if may_connect(user):
        places.append((_("Platforms"), "server-2", "dashboard:sites"))
    urls = [(label, icon, reverse(name)) for label, icon, name in places]
    return [Entry(label, icon, url, request.path.startswith(url)) for label, icon, url in urls]
