"""The entries of the side bar (tab bar on phones), by role. A later screen adds its line here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from dashboard.queue.counts import tally
from dashboard.sites.access import may_connect

Text = str | Promise
GO = {
    "queue": pgettext_lazy("key: To do", "t"),
    "people": pgettext_lazy("key: Teachers", "e"),
    "calls": pgettext_lazy("key: Call mode", "c"),
    "callbacks": pgettext_lazy("key: Callbacks", "r"),
    "blockages": pgettext_lazy("key: Blocked", "b"),
    "handover": pgettext_lazy("key: Team", "w"),
    "courses": pgettext_lazy("key: Sessions", "s"),
    "sites": pgettext_lazy("key: Platforms", "p"),
}
"""The letter of each screen after `g`: of its word in the language of the page."""


@dataclass(frozen=True)
class Entry:
    label: Text
    icon: str
    url: str
    current: bool = False
    name: str = ""
    """Of its figure, which answers redraw; blank: it has none."""
    figure: int = 0
    tab: Text = ""
    """Its word in a phone's tab bar; blank: it stands under «More» there, where five are too many."""
    sections: tuple[str, ...] = ()
    """Other addresses under the same entry."""
    key: Text = ""
    """After `g`, on the keyboard; blank: none."""


def entries(request: HttpRequest) -> list[Entry]:
    """`current`: the page is the entry's, or lies below it."""
    user = cast(User, request.user)
    places = [
        *_work(user),
        Entry(_("Sessions"), "school", reverse("dashboard:courses"), tab=_("Sessions"), key=GO["courses"]),
    ]
    if may_connect(user):
        places.append(
            Entry(_("Platforms"), "server-2", reverse("dashboard:sites"), tab=_("Platforms"), key=GO["sites"])
        )
    return [_marked(place, request.path) for place in places]


def _work(user: User) -> Iterator[Entry]:
    if not user.follows_people:
        return
    figures = tally(user)
    to_do, people, calls, callbacks = pgettext_lazy("screen", "To do"), _("Teachers"), _("Call mode"), _("Callbacks")
    yield Entry(
        to_do, "checklist", reverse("dashboard:queue"), name="queue", figure=figures.todo, tab=to_do, key=GO["queue"]
    )
    yield Entry(
        people, "users", reverse("dashboard:roster"), name="people", figure=figures.people, tab=people, key=GO["people"]
    )
    call = pgettext_lazy("command", "Call")
    yield Entry(
        calls, "phone", reverse("dashboard:call-mode"), name="calls", figure=figures.calls, tab=call, key=GO["calls"]
    )
    later = reverse("dashboard:callbacks")
    yield Entry(callbacks, "calendar-clock", later, name="callbacks", figure=figures.callbacks, key=GO["callbacks"])
    yield Entry(pgettext_lazy("page", "Blocked"), "lock", reverse("dashboard:blockages"), key=GO["blockages"])
    parts = (reverse("dashboard:absences"), reverse("dashboard:hint-figures"))
    yield Entry(_("Team"), "users-group", reverse("dashboard:handover"), sections=parts, key=GO["handover"])


def _marked(place: Entry, path: str) -> Entry:
    return Entry(**{**vars(place), "current": path.startswith((place.url, *place.sections))})
