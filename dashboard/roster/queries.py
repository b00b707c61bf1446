"""The rows of the roster and their counts. Everything a row shows is read here; the table never queries."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, cast

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, transaction
from django.db.models import (
    BooleanField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Value,
)

from accounts.models import Assignment, User
from dashboard.addresses import bad_addresses, holds, with_typed_address
from dashboard.models import ContactDetail
from dashboard.plan import tried
from dashboard.scope import entrusted_to, visible_enrolments
from moodle_sync.enums import Standing
from moodle_sync.models import Enrolment, Membership, Participant
from moodle_sync.querysets import EnrolmentQuerySet
from moodle_sync.text import search_words

FOLLOWED = {Standing.PRESENT, Standing.SUSPENDED}
"""Standings of which every enrolment has a follow-up."""
MANY = 10_000
Seen = Mapping[int, int]
"""The course of each of a tutor's enrolments: read once, every other query of a page is cheap to make and to plan."""


GROUP_NAMES = (
    Membership.objects.filter(enrolment=OuterRef("pk"), group__gone_at=None)
    .order_by("group__name", "group")
    .values("group__name")
)


class _Ids(ArraySubquery):
    template = "(ARRAY(%(subquery)s))"


def among(ids: QuerySet[Any, Any], column: str = "pk") -> Func:
    """`id = ANY (ARRAY(…))`: PostgreSQL finds the ids first, once.

    With `IN (…)` and a LIMIT it walks the index of the sort instead, in hope of meeting the few ids early:
    a tutor's page then costs as much as reading everybody.
    """
    return Func(F(column), _Ids(ids), template="%(expressions)s", arg_joiner=" = ANY ", output_field=BooleanField())


def among_these(column: str, ids: Iterable[int]) -> Func:
    """`column = ANY (…)` for ids already in hand, as `among`.

    The array is hidden from the planner: of 2,000 ids it would rather read every follow-up than look up theirs.
    """
    # Without an output field, which would look at every id once more.
    array = Value(list(ids))
    hidden = Func(array, template="(ARRAY(SELECT unnest(%(expressions)s::bigint[])))")
    return Func(F(column), hidden, template="%(expressions)s", arg_joiner=" = ANY ", output_field=BooleanField())


def found_first(rows: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    """The same rows, for which PostgreSQL looks before it sorts: right where they are few.

    It believes that a page of the sort's index holds its share of them. Rare accesses gather at one end of it, and
    the page is then found after reading everybody.
    """
    return Enrolment.objects.filter(among(rows.order_by().values("pk")))


@contextmanager
def planned_for_a_page() -> Iterator[None]:
    """For what stops after a page: by an index, row by row.

    Told that a row may lie anywhere on a disk, PostgreSQL would rather read everybody, with as many workers as it has.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL random_page_cost = 1.1")
        yield


def seen_by(user: User) -> Seen | None:
    """None for coordinators, whose scope is a condition on courses."""
    return dict(visible_enrolments(user).values_list("pk", "course_id")) if user.is_tutor else None


def roster_for(user: User, now: datetime, seen: Seen | None = None) -> QuerySet[Enrolment]:
    """The user's enrolments with `access`, whatever their standing. `seen`: where it was read already."""
    rows = visible_enrolments(user) if seen is None else Enrolment.objects.filter(among_these("pk", seen))
    if user.is_tutor and seen is None:
        rows = Enrolment.objects.filter(among(rows.values("pk")))
    return cast(EnrolmentQuerySet, rows).with_access(now=now)


def of_standing(rows: QuerySet[Enrolment], standings: Sequence[str]) -> QuerySet[Enrolment]:
    """Enrolments of these standings.

    The inner join to follow-ups is what lets their indexes give the order. Who was read a moment ago has
    none until the end of the same task, and appears then.
    """
    rows = rows.filter(standing=standings[0]) if len(standings) == 1 else rows.filter(standing__in=standings)
    return rows.filter(follow_up__isnull=False) if FOLLOWED.issuperset(standings) else rows


def in_groups(rows: QuerySet[Enrolment], group_ids: Iterable[int], *, without: bool) -> QuerySet[Enrolment]:
    """People of any of the groups; `without`: also those who are in no group."""
    ungrouped = ~Q(Exists(Membership.objects.filter(enrolment=OuterRef("pk"))))
    ids = list(group_ids)
    if not ids:
        return rows.filter(ungrouped) if without else rows.none()
    chosen = among(Membership.objects.filter(group__in=ids).values_list("enrolment"))
    return rows.filter(Q(chosen) | ungrouped if without else chosen)


def held_by(rows: QuerySet[Enrolment], user_ids: Iterable[int], *, nobody: bool) -> QuerySet[Enrolment]:
    """People who are entrusted to any of these colleagues, or for whom one of them acts; `nobody`: also the others."""
    found = _without_tutor() if nobody else Q(pk__in=[])
    for user_id in user_ids:
        found |= Q(among(Enrolment.objects.filter(pk__in=entrusted_to(user_id)).values("pk")))
    return rows.filter(found)


def _without_tutor() -> Q:
    current = Assignment.objects.current()
    member = Membership.objects.filter(enrolment=OuterRef("pk"))
    entrusted = (
        Q(course__in=current.filter(group=None, ungrouped=False).values("course"))
        | Q(Exists(member.filter(group__in=current.filter(group__isnull=False).values("group"))))
        | (Q(course__in=current.filter(ungrouped=True).values("course")) & ~Q(Exists(member)))
    )
    return Q(follow_up__assignee=None) & ~entrusted


def last_contacted(rows: QuerySet[Enrolment], *, before: datetime | None, never: bool) -> QuerySet[Enrolment]:
    found = Q(follow_up__last_contact_at__lt=before) if before else Q(pk__in=[])
    if never:
        found |= Q(follow_up__isnull=False, follow_up__last_contact_at=None)
    return rows.filter(found)


def matching(rows: QuerySet[Enrolment], query: str, people: set[int] | None = None) -> QuerySet[Enrolment]:
    """Whom a search finds, by what Moodle says or by a phone or address that a tutor typed.

    `people`: what `few_people` found. Without, each of the rows is looked at: right where these are few, or where a
    search finds a great many («ac-», half a common name).
    """
    if people is not None:
        return rows.filter(among_these("participant", people))
    words = search_words(query)
    if not words:
        return rows.none()
    # Compared where it lies: a fragment of a number that thousands have would fill the statement with their ids.
    return rows.filter(*(_says(word, "participant__") for word in words))


def few_people(query: str) -> set[int] | None:
    """The accounts that a search means, looked up once for the counts and the page; None: there are too many."""
    words = search_words(query)
    if not words:
        return set()
    found = Participant.objects.search(query).values_list("pk", flat=True)[: MANY + 1]
    return {*found, *of_typed_details(words).values_list("pk", flat=True)} if len(found) <= MANY else None


def of_typed_details(words: Sequence[str]) -> QuerySet[Participant]:
    """Accounts of those whom a search finds by something that a tutor typed, alone or beside what Moodle says."""
    persons = ContactDetail.objects.filter(_any_of(words), removed_at=None).values("person")
    found = Participant.objects.filter(among(persons, "account__person"))
    return found.filter(*(_says(word) for word in words)) if len(words) > 1 else found


def _any_of(words: Iterable[str]) -> Q:
    return reduce(or_, (Q(search_key__contains=word) for word in words))


def _says(word: str, participant: str = "") -> Q:
    """In what Moodle says or in what a tutor typed: «Dupont 06 39 98 41 27» may be one word of each."""
    typed = ContactDetail.objects.filter(search_key__contains=word, removed_at=None)
    owner = OuterRef(f"{participant}account__person")
    return Q(**{f"{participant}search_key__contains": word}) | Q(Exists(typed.filter(person=owner)))


def with_row_data(ids: Sequence[int], now: datetime) -> list[Enrolment]:
    """All that the rows of one page show, in the order of `ids`: one query for them, one for what was tried.

    Ids first, rows second: sorting 100,000 rows with their names and notes would carry all of it through the sort.
    """
    rows = (
        Enrolment.objects.filter(pk__in=ids)
        .with_access(now=now)
        .annotate(group_names=ArraySubquery(GROUP_NAMES))
        .select_related("participant__account__person", "course__site", "follow_up__last_contact__author")
    )
    by_id = {row.pk: row for row in rows}
    _look_for_addresses(by_id.values())
    tried.look_up(by_id.values())
    return [by_id[pk] for pk in ids if pk in by_id]


def _look_for_addresses(rows: Iterable[Enrolment]) -> None:
    """`has_address`: Moodle's, unless a message came back from there, or one that a colleague typed."""
    person_of = {row.pk: account.person_id for row in rows if (account := getattr(row.participant, "account", None))}
    bad = bad_addresses(set(person_of.values()))
    without = [row for row in rows if not holds(row.participant.email, person_of.get(row.pk), bad)]
    typed = with_typed_address({person_of[row.pk] for row in without if row.pk in person_of}, bad)
    for row in rows:
        row.has_address = True  # type: ignore[attr-defined]
    for row in without:
        row.has_address = person_of.get(row.pk) in typed  # type: ignore[attr-defined]
