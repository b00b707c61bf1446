"""The figures beside the entries of the navigation: on every page, so cheap, and kept for a moment."""

from collections import Counter
from dataclasses import asdict, dataclass

from django.core.cache import cache
from django.utils import timezone

from accounts.models import User
from dashboard.callbacks.listing import ours
from dashboard.queue.lists import Desk, Work, to_call

SECONDS = 20
PEOPLE_SECONDS = 60
"""To count 100,000 takes longer than all the rest, and the figure hardly moves."""


@dataclass(frozen=True)
class Tally:
    todo: int = 0
    calls: int = 0
    callbacks: int = 0
    people: int = 0


def tally(user: User) -> Tally:
    """Kept SECONDS, until the user acts: what others do may show that much later."""
    found: dict[str, int] | None = cache.get(_key(user))
    return Tally(**found) if found is not None else remember(Desk(user, timezone.now()))


def remember(desk: Desk) -> Tally:
    """The figures of what was read already, for the navigation of the page that shows it."""
    works = Counter(found.work for found in desk.queue)
    courses = {found.row.course for found in desk.queue if found.work == Work.REMINDER}
    made = Tally(
        # A reminder is one thing to do, whomever it goes to.
        todo=works.total() - works[Work.REMINDER] + len(courses),
        calls=len(to_call(desk)),
        callbacks=len(desk.callbacks) if desk.user.is_tutor else ours(desk.user).count(),
        people=_people(desk),
    )
    cache.set(_key(desk.user), asdict(made), SECONDS)
    return made


def forget(user: User) -> None:
    cache.delete(_key(user))


def _key(user: User) -> str:
    return f"queue:tally:{user.pk}"


def _people(desk: Desk) -> int:
    key = f"queue:people:{desk.user.pk}"
    found: int | None = cache.get(key)
    if found is None:
        found = desk.seen.present().count()
        cache.set(key, found, PEOPLE_SECONDS)
    return found
