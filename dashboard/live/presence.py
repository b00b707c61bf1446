"""Who has a person's file open at this moment. In Redis only, where it ends by itself; nothing is kept of it."""

from functools import cache as once
from time import time
from typing import cast

from django.conf import settings
from redis import Redis

from accounts.models import User
from dashboard.models import Person
from dashboard.scope import visible_enrolments

SECONDS = 30
"""After which nobody is said to look any more; a page that is looked at says so at least every 15."""


@once
def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL)


def _key(person: int) -> str:
    return f"vigie:presence:{person}"


def note(person: int, user: User) -> None:
    """Ask first whether the user may see the person."""
    now = time()
    with _redis().pipeline() as pipe:
        pipe.zadd(_key(person), {str(user.pk): now})
        pipe.zremrangebyscore(_key(person), "-inf", now - SECONDS)
        pipe.expire(_key(person), SECONDS)
        pipe.execute()


def others(person: int, user: User) -> list[int]:
    """Ids of all who look at this person too, whatever they share."""
    found = cast(list[bytes], _redis().zrangebyscore(_key(person), time() - SECONDS, "+inf"))
    return sorted({int(member) for member in found} - {user.pk})


def looking(person: Person, user: User) -> list[User]:
    """Notes the user's look, and who looks too: colleagues with whom they share one of the person's enrolments.

    Who follows this person elsewhere is nobody that the user is to know by name (product.md §2).
    """
    note(person.pk, user)
    ids = others(person.pk, user)
    if not ids:
        return []
    mine = list(visible_enrolments(user).filter(participant__account__person=person).values_list("pk", flat=True))
    colleagues = User.objects.filter(pk__in=ids).order_by("pk")
    return [one for one in colleagues if visible_enrolments(one).filter(pk__in=mine).exists()]
