"""Where a file stands in the list it was opened from: who comes before it, and who after."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urlencode, urlsplit

from django.http import HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dashboard.callbacks.listing import Callbacks
from dashboard.courses.requests import LoggedIn
from dashboard.queue.lists import Work
from dashboard.queue.page import Queue
from dashboard.roster.listing import Roster
from dashboard.scope import visible_enrolments

LIST = "list"
"""The parameter of a file's own address that names the list it was opened from."""
NAMES: dict[str, str | Promise] = {
    "dashboard:roster": _("Teachers"),
    "dashboard:queue": _("To do"),
    "dashboard:callbacks": _("Callbacks"),
}


@dataclass(frozen=True)
class Step:
    """One file further."""

    pk: int
    url: str


@dataclass(frozen=True)
class Place:
    """`number` and `total` are None where only the neighbours are known; `page`: that of the roster it stands on."""

    title: str | Promise
    url: str
    previous: Step | None = None
    next: Step | None = None
    number: int | None = None
    total: int | None = None
    page: int | None = None
    is_outside: bool = False
    """Not, or no longer, in the list."""


def split(text: str) -> SplitResult:
    """Of what is no address at all: nothing."""
    try:
        return urlsplit(text)
    except ValueError:
        return SplitResult("", "", "", "", "")


def list_of(address: SplitResult) -> SplitResult | None:
    """The list an address is that of, or names; without what is open beside it."""
    if address.path not in {reverse(name) for name in NAMES}:
        named = parse_qs(address.query).get(LIST, [""])[0]
        address = split(named)
        if address.scheme or address.netloc or address.path not in {reverse(name) for name in NAMES}:
            return None
    params = QueryDict(address.query, mutable=True)
    params.pop("open", None)
    return SplitResult("", "", address.path, params.urlencode(), "")


def file_url(pk: int, listed: SplitResult | None) -> str:
    """The address of a file on a page of its own, which says where it was opened from."""
    url = reverse("dashboard:person", args=[pk])
    return f"{url}?{urlencode({LIST: listed.geturl()})}" if listed else url


def place_of(user: User, pk: int, listed: SplitResult, *, shown: Roster | Queue | None = None) -> Place:
    """`shown`: the list itself, where it is being drawn too."""
    params = QueryDict(listed.query)
    match _name(listed):
        case "dashboard:roster":
            return _on_roster(shown if isinstance(shown, Roster) else Roster.of(user, params), pk, listed)
        case "dashboard:queue":
            queue = shown if isinstance(shown, Queue) else Queue.of(user, params)
            ids = [found.pk for found in queue.found if found.work != Work.REMINDER]
        case _:
            sections = Callbacks(user, params).sections
            ids = [callback.enrolment.pk for section in sections for callback in section.callbacks]
    return _among(ids, pk, listed)


def kept(user: User, listed: SplitResult, before: str, after: str) -> Place:
    """The neighbours it had when it was opened: what was saved since may have moved it in the list, or out of it."""
    asked = [int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None for text in (before, after)]
    seen = set(visible_enrolments(user).filter(pk__in=filter(None, asked)).values_list("pk", flat=True))
    first, last = (Step(pk, file_url(pk, listed)) if pk in seen and pk else None for pk in asked)
    return Place(NAMES[_name(listed)], listed.geturl(), first, last)


def _name(listed: SplitResult) -> str:
    [name] = [name for name in NAMES if reverse(name) == listed.path]
    return name


def _on_roster(roster: Roster, pk: int, listed: SplitResult) -> Place:
    """Of few rows the file's rank is looked up. Of many, it is looked for about the page that the list shows."""
    paginator = roster.paginator
    if roster.are_few:
        return _among(list(paginator.ids), pk, listed, per_page=paginator.per_page)
    first, ids = paginator.about(roster.page.number)
    return _among(ids, pk, listed, first=first, total=paginator.count, per_page=paginator.per_page)


def _among(
    ids: Sequence[int],
    pk: int,
    listed: SplitResult,
    *,
    first: int = 0,
    total: int | None = None,
    per_page: int | None = None,
) -> Place:
    """`ids`: the list, or as many of the `total` as are known, from the `first` on."""
    title, url = NAMES[_name(listed)], listed.geturl()
    total = len(ids) if total is None else total
    if pk not in ids:
        return Place(title, url, is_outside=True)
    at = ids.index(pk)
    before = ids[at - 1] if at else None
    after = ids[at + 1] if at + 1 < len(ids) else None
    if (before is None and first > 0) or (after is None and first + len(ids) < total):
        return Place(title, url, is_outside=True)  # at the edge of what was looked at: a neighbour is not known
    return Place(
        title,
        url,
        Step(before, file_url(before, listed)) if before else None,
        Step(after, file_url(after, listed)) if after else None,
        number=first + at + 1,
        total=total,
        page=(first + at) // per_page + 1 if per_page else None,
    )


def naming_its_list(request: LoggedIn) -> HttpResponseRedirect | None:
    """A file that is opened on a page of its own from a list: its address is made to say so."""
    if request.htmx or LIST in request.GET:
        return None
    referer = split(request.headers.get("Referer", ""))
    listed = list_of(referer) if referer.netloc == request.get_host() else None
    if listed is None:
        return None
    params = request.GET.copy()
    params[LIST] = listed.geturl()
    return HttpResponseRedirect(f"{request.path}?{params.urlencode()}")
