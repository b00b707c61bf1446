"""The figures beside the entries of the navigation: on every page, so cheap, and kept for a moment."""

from dataclasses import asdict, dataclass

from django.core.cache import cache
from django.db.models import Count, Q
from django.utils import timezone

from accounts.models import User
from dashboard.queue.lists import CALLS, Desk, Work

SECONDS = 20
PEOPLE_SECONDS = 300
"""Of a coordinator: to count 100,000 takes longer than all the rest, and the figure hardly moves."""


@dataclass(frozen=True)
class Tally:
    todo: int = 0
    calls: int = 0
    callbacks: int = 0
    people: int = 0


def tally(user: User) -> Tally:
    """Kept SECONDS, until the user acts: what others do may show that much later."""
    found: dict[str, int] | None = cache.get(_key(user))
    if found is None:
        found = asdict(_count(user))
        cache.set(_key(user), found, SECONDS)
    return Tally(**found)


def forget(user: User) -> None:
    cache.delete(_key(user))


def _key(user: User) -> str:
    return f"queue:tally:{user.pk}"


def _count(user: User) -> Tally:
    desk = Desk(user, timezone.now())
    to_call = Count("pk", filter=~Q(participant__account__person__do_not_call=True))
    groups = desk.queue.order_by().values_list("work").annotate(  # type: ignore[misc]  # annotated
        n=Count("pk"), courses=Count("course", distinct=True), to_call=to_call
    )  # fmt: skip
    by_work = {work: (n, courses, to_call) for work, n, courses, to_call in groups}
    return Tally(
        # A reminder is one thing to do, whomever it goes to.
        todo=sum(courses if work == Work.REMINDER else n for work, (n, courses, _calls) in by_work.items()),
        calls=sum(by_work[work][2] for work in CALLS if work in by_work),
        callbacks=desk.workable.filter(desk.callback).count(),
        people=_people(desk),
    )


def _people(desk: Desk) -> int:
    key = f"queue:people:{desk.user.pk}"
    found: int | None = cache.get(key) if desk.user.is_coordinator else None
    if found is None:
        found = desk.seen.present().count()
        if desk.user.is_coordinator:
            cache.set(key, found, PEOPLE_SECONDS)
    return found
