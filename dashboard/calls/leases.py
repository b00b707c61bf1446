"""One tutor works on one person, over all their courses: who holds whom, and for how long.

A lease is a row per person that whoever comes first writes. It needs no cleaning up: one that has expired is nobody's.
It keeps two tutors from meeting; what they write is safe without it, by the follow-ups' versions.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from dashboard.enums import OPEN_STATES
from dashboard.live import pulse
from dashboard.models import FollowUp, Lease, Person, PersonAccount
from moodle_sync.enums import Standing
from moodle_sync.models import Enrolment

USUAL = timedelta(minutes=5)
"""Renewed every minute by a page that is looked at."""
ON_THE_PHONE = timedelta(minutes=30)
"""A phone's browser sleeps during the call."""
AT_ONCE = 100
"""Candidates of one statement; it stops at the first who is free, who is nearly always among the first."""


class Claimed(NamedTuple):
    enrolment: int
    person: int


def held(person_ids: Collection[int], now: datetime, *, but: User | None = None) -> dict[int, Lease]:
    """Who is being called, by person; `but`: leases of others only."""
    current = Lease.objects.filter(person__in=person_ids, expires_at__gt=now).select_related("user")
    if but is not None:
        current = current.exclude(user=but)
    return {lease.person_id: lease for lease in current}


def holder(person: Person, *, but: User) -> Lease | None:
    return held([person.pk], timezone.now(), but=but).get(person.pk)


def take(person: Person, user: User, *, length: timedelta = USUAL, over: bool = False) -> Lease | None:
    """Take, or renew, silently; None when a colleague holds the person and `over` does not take it from them.

    A lease that was made longer is not made shorter by a renewal.
    """
    now = timezone.now()
    values: dict[str, Any] = {"person": person.pk, "user": user.pk, "now": now, "expires": now + length, "over": over}
    with connection.cursor() as cursor:
        cursor.execute(TAKE, values)
        row = cursor.fetchone()
    if row and row[0] == now:  # a renewal is no news
        pulse.beat_later()
    return Lease(person=person, user=user, taken_at=row[0], expires_at=row[1]) if row else None


TAKE = f"""
INSERT INTO {Lease._meta.db_table} AS lease (person_id, user_id, taken_at, expires_at)
VALUES (%(person)s, %(user)s, %(now)s, %(expires)s)
ON CONFLICT (person_id) DO UPDATE SET
  user_id = excluded.user_id,
  taken_at = CASE WHEN lease.user_id = excluded.user_id THEN lease.taken_at ELSE excluded.taken_at END,
  expires_at = CASE
    WHEN lease.user_id = excluded.user_id THEN greatest(lease.expires_at, excluded.expires_at)
    ELSE excluded.expires_at END
WHERE lease.user_id = excluded.user_id OR lease.expires_at <= excluded.taken_at OR %(over)s
RETURNING taken_at, expires_at
"""


def release(person: Person, user: User) -> None:
    Lease.objects.filter(person=person, user=user).delete()
    pulse.beat_later()


def release_all(user: User) -> None:
    Lease.objects.filter(user=user).delete()
    pulse.beat_later()


def forget_expired() -> int:
    return Lease.objects.filter(expires_at__lte=timezone.now()).delete()[0]


def still_to_call(enrolments: Sequence[int], *, since: datetime) -> list[int]:
    """Of these, who is to be called whoever holds them now: the same conditions as a claim's."""
    touched = FollowUp.objects.filter(last_contact_at__gte=since, enrolment__participant__account__isnull=False)
    persons = touched.values("enrolment__participant__account__person")
    wanted = Enrolment.objects.filter(
        pk__in=enrolments,
        standing=Standing.PRESENT,
        follow_up__state__in=OPEN_STATES,
        participant__account__person__do_not_call=False,
    ).exclude(participant__account__person__in=persons.filter(_of_the_same(enrolments)))
    found = set(wanted.values_list("pk", flat=True))
    return [pk for pk in enrolments if pk in found]


def _of_the_same(enrolments: Sequence[int]) -> Q:
    persons = PersonAccount.objects.filter(participant__enrolments__in=enrolments).values("person")
    return Q(enrolment__participant__account__person__in=persons)


def claim_next(user: User, enrolments: Sequence[int], *, since: datetime) -> Claimed | None:
    """Take the first of these people who is free and still to be called; None when nobody is.

    Left out: whom a colleague holds, do-not-call, who is no longer present or open, and who was contacted `since`,
    by anybody and in whichever course.
    """
    for start in range(0, len(enrolments), AT_ONCE):
        claimed = _claim_among(user, list(enrolments[start : start + AT_ONCE]), since)
        if claimed:
            return claimed
    return None


def _claim_among(user: User, enrolments: list[int], since: datetime) -> Claimed | None:
    """By a function of the database's (migration `calls`): planning its statement takes five times as long as running
    it, fifty callers wait for that, and each connection keeps a function's plan.

    Whoever is claiming a person has the row locked, and is skipped. Who finished claiming them between our
    statement's start and its lock has their lease seen by the insert: then the next statement sees it too.
    """
    while True:
        now = timezone.now()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT enrolment, person, taken FROM dashboard_claim(%s, %s, %s, %s, %s, %s)",
                [enrolments, user.pk, OPEN_STATES, since, now, now + USUAL],
            )
            row = cursor.fetchone()
        if row is None:
            return None
        if row[2]:
            pulse.beat_later()
            return Claimed(row[0], row[1])
