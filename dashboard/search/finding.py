"""Whom a few typed letters mean, over all courses and sites in the user's scope, person by person."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from accounts.models import User
from dashboard.models import FollowUp, PersonAccount
from dashboard.roster.queries import among_these, matching, of_typed_details, roster_for
from dashboard.scope import visible_courses, visible_enrolments
from moodle_sync.enums import Standing
from moodle_sync.models import Enrolment, Participant
from moodle_sync.text import numbers_in, phone_digits, search_words, words_of

CANDIDATES = 300
"""More are not compared: so many people have this in common that another word is needed anyway."""
FEW = 20_000
"""Among so many it is quicker to look at each of the user's people than to ask the index of everybody's names."""
TRIGRAM = 3
COURSES = 4


class Candidate(NamedTuple):
    participant: int
    search_key: str
    sort_key: str


@dataclass
class Result:
    """A person, with the courses in which the user may see them, the ones that matter first."""

    enrolments: list[Enrolment]
    query: str
    several_sites: bool

    @property
    def best(self) -> Enrolment:
        return self.enrolments[0]

    @property
    def name(self) -> str:
        return self.best.participant.full_name

    @cached_property
    def phone(self) -> str:
        """Where a number was typed: the one of this person's that was meant."""
        typed = numbers_in(self.query)
        people = {row.participant_id: row.participant for row in self.enrolments}.values()
        known = [phone for one in people for phone in (one.phone2, one.phone1)]
        return next((phone for phone in known if any(number in phone_digits(phone) for number in typed)), "")

    @property
    def shown(self) -> list[Enrolment]:
        return self.enrolments[:COURSES]

    @property
    def others(self) -> int:
        return len(self.enrolments) - len(self.shown)


@dataclass
class Found:
    query: str
    results: list[Result] = field(default_factory=list)
    more: bool = False
    """Not everybody is shown."""

    @property
    def too_short(self) -> bool:
        return len("".join(search_words(self.query))) < 2

    @property
    def asked(self) -> bool:
        return bool(self.query.strip())


def find(user: User, query: str, now: datetime, *, limit: int) -> Found:
    found = Found(query)
    if found.too_short:
        return found
    candidates = _candidates(user, query, now)
    ranked = _ranked(candidates, search_words(query))
    persons = _persons([candidate.participant for candidate in ranked])
    wanted = persons[: limit + 1]
    by_person = _enrolments_of(user, wanted, now)
    in_order = [by_person[person] for person in wanted if person in by_person]
    several = len({row.course.site_id for rows in in_order for row in rows}) > 1
    found.results = [Result(rows, query, several) for rows in in_order[:limit]]
    found.more = len(candidates) > CANDIDATES or len(in_order) > limit
    return found


def _candidates(user: User, query: str, now: datetime) -> list[Candidate]:
    fields = ("pk", "search_key", "sort_key")
    if _has_few(user):
        mine = matching(roster_for(user, now), query).order_by()
        # Each of a few is compared, so that nobody whose name begins like this is missed.
        rows = mine.values_list(*(f"participant__{name}" for name in fields)).distinct()
        return [Candidate(*row) for row in rows]
    words = search_words(query)
    said = _said(words)
    typed = list(of_typed_details(words).values_list("pk", flat=True)[: CANDIDATES + 1])
    inside = Exists(visible_enrolments(user).filter(participant=OuterRef("pk")))
    chosen = [Participant.objects.filter(said), Participant.objects.filter(among_these("pk", typed))]
    return list(
        {
            row[0]: Candidate(*row)
            for people in (chosen if typed else chosen[:1])
            for row in people.filter(inside).values_list(*fields)[: CANDIDATES + 1]
        }.values()
    )


def _has_few(user: User) -> bool:
    if user.is_tutor:
        return True
    people: int | None = visible_courses(user).aggregate(n=Sum("people_read"))["n"]
    return (people or 0) <= FEW


def _said(words: list[str]) -> Q:
    """By what Moodle says. Two letters alone are the beginning of a word: the index knows no shorter fragment."""
    if any(len(word) >= TRIGRAM for word in words):
        return Q(*(Q(search_key__contains=word) for word in words))
    return Q(*(Q(search_key__startswith=word) | Q(search_key__contains=f" {word}") for word in words))


def _ranked(candidates: Iterable[Candidate], words: list[str]) -> list[Candidate]:
    """Those whose names begin like what was typed, last names before first names; then by name."""

    def rank(one: Candidate) -> tuple[bool, int, str]:
        parts = words_of(one.search_key)
        inside = sum(not any(part.startswith(word) for part in parts) for word in words)
        return not one.sort_key.startswith(words[0]), inside, one.sort_key

    return sorted(candidates, key=rank)


def _persons(participants: list[int]) -> list[int]:
    """In the same order, each once."""
    owners = dict(PersonAccount.objects.filter(pk__in=participants).values_list("pk", "person"))
    return list(dict.fromkeys(owners[pk] for pk in participants if pk in owners))


def _enrolments_of(user: User, persons: list[int], now: datetime) -> dict[int, list[Enrolment]]:
    accounts = PersonAccount.objects.filter(person__in=persons).values_list("pk", flat=True)
    rows: QuerySet[Enrolment, Any] = roster_for(user, now).filter(among_these("participant", accounts))
    by_person: dict[int, list[Enrolment]] = {}
    for row in rows.select_related("participant__account", "course__site", "follow_up").order_by("-pk"):
        by_person.setdefault(row.participant.account.person_id, []).append(row)
    for own in by_person.values():
        own.sort(key=_matters, reverse=True)
    return by_person


def _matters(row: Enrolment) -> tuple[bool, bool, int]:
    """Whom one still has something to do with before whom one has not, and the newest course first."""
    follow_up: FollowUp | None = getattr(row, "follow_up", None)
    return row.standing == Standing.PRESENT, follow_up is not None and follow_up.due_at is not None, row.pk
