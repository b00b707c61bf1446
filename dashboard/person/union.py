"""Which Moodle accounts are one human: what the screens to join and to separate files show, and who may."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from accounts.models import User
from dashboard.models import Contact, Person, PersonAccount, PersonChange
from dashboard.people import Account, names_agree
from dashboard.person.details import Way, ways_to_reach
from dashboard.person.file import File
from dashboard.roster.queries import few_people, matching
from dashboard.scope import visible_enrolments
from moodle_sync.models import Enrolment, Participant

FOUND = 12
CHANGES_SHOWN = 3


def may_change(user: User, *persons: Person) -> bool:
    """Coordinators, and tutors to whom every account of these persons is entrusted."""
    if user.is_coordinator:
        return True
    owned = PersonAccount.objects.filter(person__in=persons)
    seen = visible_enrolments(user).filter(participant__account__person__in=persons)
    return not owned.exclude(participant__in=seen.values("participant")).exists()


@dataclass(frozen=True)
class Side:
    """One file of a merge or of a split, as the user may see it."""

    file: File

    @cached_property
    def accounts(self) -> list[int]:
        """All of them, those out of sight too: whoever confirms sees that none came or went meanwhile."""
        return sorted(self.file.person.accounts.values_list("pk", flat=True))

    @property
    def unseen(self) -> int:
        return len(self.accounts) - len(self.file.participants)

    @property
    def ways(self) -> list[Way]:
        return ways_to_reach(self.file)

    @property
    def contacts(self) -> int:
        return Contact.objects.filter(follow_up__in=self.file.follow_ups, author__isnull=False).count()


def names_differ(one: Side, other: Side) -> bool:
    first = [_account(participant) for participant in one.file.participants]
    second = [_account(participant) for participant in other.file.participants]
    return not any(names_agree(a, b) for a in first for b in second)


def _account(participant: Participant) -> Account:
    return Account(*(getattr(participant, name) for name in Account._fields))


def candidates(file: File, query: str) -> list[Enrolment]:
    """One enrolment of each other person found; without a query, those of the same address or the same name."""
    seen = visible_enrolments(file.user).exclude(participant__account__person=file.person)
    seen = seen.filter(participant__account__isnull=False)
    people = None if file.user.is_tutor else few_people(query)
    found = matching(seen, query, people) if query else _alike(file, seen)
    rows = found.select_related("participant__site", "participant__account__person", "course").order_by(
        "participant__sort_key", "pk"
    )
    by_person: dict[int, Enrolment] = {}
    for enrolment in rows[: FOUND * 5]:
        by_person.setdefault(enrolment.participant.account.person_id, enrolment)
    return list(by_person.values())[:FOUND]


def _alike(file: File, seen: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    addresses = {participant.email.lower() for participant in file.participants if participant.email}
    names = {participant.sort_key for participant in file.participants if participant.has_name}
    alike = Participant.objects.annotate(address=Lower("email")).filter(
        Q(address__in=addresses) | Q(sort_key__in=names)
    )
    return seen.filter(participant__in=alike)


def recent_changes(person: Person) -> list[PersonChange]:
    """Newest first; those taken back are history for the audit only."""
    changes = PersonChange.objects.filter(Q(kept=person) | Q(other=person), undone_at=None)
    return list(changes.select_related("author").order_by("-pk")[:CHANGES_SHOWN])


def changed_enrolments(user: User, persons: Iterable[Person]) -> list[int]:
    """The rows that a change redraws."""
    seen = visible_enrolments(user).filter(participant__account__person__in=list(persons))
    return list(seen.order_by("pk").values_list("pk", flat=True))
