"""The views a user finds beside the roster: those Vigie ships, their own, and those colleagues share."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from accounts.models import Role, User
from dashboard import preferences
from dashboard.models import SavedView
from dashboard.roster.menus import FIND, MENU

EVERYBODY = "all"
"""The key of the list without any filter, where another view opens by default."""
NOT_OF_A_VIEW = {"page", "open", "view", MENU}
SEARCH = "q"


@dataclass(frozen=True)
class View:
    key: str
    name: str | Promise
    query: str
    saved: SavedView | None = None
    """None: shipped."""
    mine: bool = False

    @property
    def url(self) -> str:
        """The filters themselves, so that a link says what it shows; the key tells which view is open."""
        params = QueryDict(self.query, mutable=True)
        params["view"] = self.key
        return f"{reverse('dashboard:roster')}?{params.urlencode()}"


NOT_IN_YET = "state=todo&state=reminded&state=callback&state=contacted&state=blocked"
SHIPPED = [
    View("remind", pgettext_lazy("view", "To remind"), "next=email"),
    View("call", pgettext_lazy("view", "To call"), "next=call"),
    View("callbacks", pgettext_lazy("view", "My callbacks"), "next=callback"),
    View("quiet", pgettext_lazy("view", "No contact for 7 days"), f"contact=never&contact_before=7&{NOT_IN_YET}"),
    View("blocked", pgettext_lazy("view", "Blocked"), "state=blocked"),
]


@dataclass(frozen=True)
class Shelf:
    own: list[View] = field(default_factory=list)
    shared: list[View] = field(default_factory=list)

    @property
    def mine(self) -> list[View]:
        return [*SHIPPED, *self.own]

    @property
    def all(self) -> list[View]:
        return [*self.mine, *self.shared]

    def find(self, key: str) -> View | None:
        return next((view for view in self.all if view.key == key), None)


def shelf_of(user: User) -> Shelf:
    """One query a request: the user keeps the answer."""
    if not hasattr(user, "shelf"):
        user.shelf = _read(user)  # type: ignore[attr-defined]  # for as long as the request lasts
    found: Shelf = user.shelf  # type: ignore[attr-defined]
    return found


def _read(user: User) -> Shelf:
    shelf = Shelf()
    for saved in seen_by(user).select_related("owner"):
        mine = saved.owner_id == user.pk
        view = View(str(saved.pk), saved.name, saved.query, saved, mine)
        (shelf.own if mine else shelf.shared).append(view)
    return shelf


def seen_by(user: User) -> QuerySet[SavedView]:
    """One's own, and what is shared by those who work on a platform where the user does."""
    if not user.follows_people:
        return SavedView.objects.none()
    theirs = Q(owner__is_active=True, shared=True) & _works_with(user)
    found = SavedView.objects.filter(deleted_at=None).filter(Q(owner=user) | theirs)
    return found.order_by("owner__last_name", "owner__first_name", "owner", "position", "pk").distinct()


def _works_with(user: User) -> Q:
    roles = Q(owner__role__in=[Role.TUTOR, Role.COORDINATOR])
    if user.sees_all:
        return roles
    sites = user.scopes.values("site") if user.is_coordinator else user.assignments.current().values("course__site")
    return roles & (
        Q(owner__role=Role.COORDINATOR, owner__sees_all=True)
        | Q(owner__role=Role.COORDINATOR, owner__scopes__site__in=sites)
        | Q(owner__role=Role.TUTOR, owner__assignments__ended_at=None, owner__assignments__course__site__in=sites)
    )


def default_of(user: User) -> View | None:
    key = preferences.of(user).default_view
    return shelf_of(user).find(key) if key else None


def forget_lost_default(user: User) -> bool:
    """Whether the view that opened the list was deleted, or is no longer shared: once, as it is forgotten thereby."""
    lost = bool(preferences.of(user).default_view) and default_of(user) is None
    if lost:
        preferences.keep(user, default_view="")
    return lost


def normal(params: QueryDict) -> str:
    """What makes two lists the same: filters and order, whatever stands first."""
    kept = QueryDict(mutable=True)
    for name in sorted(params):
        values = sorted(value for value in params.getlist(name) if value)
        if values and name not in NOT_OF_A_VIEW and not name.startswith(FIND):
            kept.setlist(name, values)
    return kept.urlencode()


def searches(query: str) -> bool:
    """For somebody, mostly: a shared name is a name given away."""
    return SEARCH in QueryDict(query)


def renumber(views: Iterable[SavedView]) -> None:
    for position, view in enumerate(views):
        if view.position != position:
            SavedView.objects.filter(pk=view.pk).update(position=position)
