"""The figures beside the entries of the navigation: on every page, so cheap, and kept for a moment."""

from dataclasses import asdict, dataclass

from django.core.cache import cache
from django.db.models import Count, Q
from django.utils import timezone

from accounts.models import User
from dashboard.queue.lists import CALLS, Work, callback_but_of, colleagues, queue, workable
from dashboard.scope import visible_enrolments
from moodle_sync.enums import Standing

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
    now = timezone.now()
    to_call = Count("pk", filter=~Q(participant__account__person__do_not_call=True))
    groups = queue(user, now).order_by().values_list("work").annotate(  # type: ignore[misc]  # annotated
        n=Count("pk"), courses=Count("course", distinct=True), to_call=to_call
    )  # fmt: skip
    by_work = {work: (n, courses, to_call) for work, n, courses, to_call in groups}
    mine = callback_but_of(colleagues(user, now))
    return Tally(
        # A reminder is one thing to do, whomever it goes to.
        todo=sum(courses if work == Work.REMINDER else n for work, (n, courses, _calls) in by_work.items()),
        calls=sum(by_work[work][2] for work in CALLS if work in by_work),
        callbacks=workable(user, now).filter(mine).count(),
        people=_people(user),
    )


def _people(user: User) -> int:
    key = f"queue:people:{user.pk}"
    found: int | None = cache.get(key) if user.is_coordinator else None
    if found is None:
        found = visible_enrolments(user).filter(standing=Standing.PRESENT).count()
        if user.is_coordinator:
            cache.set(key, found, PEOPLE_SECONDS)
    return found
