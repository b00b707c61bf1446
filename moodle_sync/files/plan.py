"""What a file would change, person by person. The preview shows it and `apply` writes it: the same plan."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import pgettext_lazy

from moodle_sync.enums import EPOCH, Standing
from moodle_sync.files.columns import Target
from moodle_sync.files.errors import Fault
from moodle_sync.files.known import Ambiguous, Directory, Known
from moodle_sync.files.lines import BadLine, FilePerson, Mapping, Reader
from moodle_sync.files.values import Stamp
from moodle_sync.models import Course, Group
from moodle_sync.text import folded

ACCOUNT_FIELDS = ("first_name", "last_name", "full_name", "email", "phone1", "phone2", "institution", "city")
ENROLMENT_FIELDS = ("roles", "suspended", "course_access", "site_access", "standing", "left_at")


class Outcome(TextChoices):
    CREATED = "created", pgettext_lazy("one person", "New")
    UPDATED = "updated", pgettext_lazy("one person", "Changed")
    UNCHANGED = "unchanged", pgettext_lazy("one person", "Unchanged")


@dataclass(frozen=True)
class Decision:
    """One person: what the account, the enrolment and the groups become. `changed`: names of what differs."""

    person: FilePerson
    known: Known | None
    account: dict[str, Any]
    enrolment: dict[str, Any]
    groups: frozenset[str] | None
    changed: tuple[str, ...]
    first_access: bool

    @property
    def outcome(self) -> Outcome:
        if self.known is None or self.known.enrolment is None:
            return Outcome.CREATED
        return Outcome.UPDATED if self.changed else Outcome.UNCHANGED

    @property
    def is_staff(self) -> bool:
        return bool(self.enrolment["standing"] == Standing.STAFF)


@dataclass
class Plan:
    """`course` may not exist yet: then it has no key, and everybody is new."""

    course: Course
    mapping: Mapping
    moment: datetime
    alive: Callable[[int], None] = lambda lines: None
    decisions: list[Decision] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)

    def __call__(self, rows: Sequence[tuple[int, list[str]]]) -> "Plan":
        reader = Reader(
            self.mapping,
            self.moment,
            self.course.site.zone,
            course_names=frozenset({folded(self.course.short_name), folded(self.course.full_name)} - {""}),
            known_groups=frozenset(self._group_names.values()),
            alive=self.alive,
        )
        people = reader(rows)
        self.bad = reader.bad
        directory = Directory(self.course, people)
        for person in sorted(people, key=lambda person: not person.email):
            try:
                self.decisions.append(self._decide(person, directory.find(person)))
            except Ambiguous:
                self.bad += [BadLine(number, Fault.HOMONYM) for number in person.numbers]
        self.decisions.sort(key=lambda decision: decision.person.numbers[0])
        self.bad.sort(key=lambda line: line.number)
        return self

    @cached_property
    def counts(self) -> dict[str, int]:
        found = Counter(str(decision.outcome) for decision in self.decisions)
        return {
            **{outcome.value: found[outcome] for outcome in Outcome},
            "first_accesses": sum(decision.first_access for decision in self.decisions),
            "staff": sum(decision.is_staff for decision in self.decisions),
            "bad": len(self.bad),
        }

    @cached_property
    def _group_names(self) -> dict[int, str]:
        """By key; unsaved courses have no group."""
        return dict(self.groups.values_list("pk", "name")) if self.course.pk else {}

    @cached_property
    def groups(self) -> Any:
        return Group.objects.filter(course=self.course)

    @cached_property
    def _moodle_gives_groups(self) -> bool:
        return bool(self.course.pk) and self.groups.exclude(moodle_id=None).filter(gone_at=None).exists()

    def _decide(self, person: FilePerson, known: Known | None) -> Decision:
        owned = self._moodle_owns(known)
        account = self._account(person, known)
        enrolment = self._enrolment(person, known, owned=owned)
        groups = self._groups(person, known, owned=owned)
        changed = self._changed(known, account, enrolment, groups)
        entered = enrolment["course_access"]
        came = known is not None and known.course_access == EPOCH and entered is not None and entered > EPOCH
        return Decision(person, known, account, enrolment, groups, changed, came)

    def _moodle_owns(self, known: Known | None) -> bool:
        """A web service reads this enrolment: where it says something, that stands, and comes again."""
        return (
            self.course.connection_id is not None
            and known is not None
            and known.moodle_id is not None
            and known.enrolment is not None
        )

    def _account(self, person: FilePerson, known: Known | None) -> dict[str, Any]:
        """What Moodle itself told of an account is only completed; what a file told, a later one corrects."""
        said = {name: getattr(person, name) for name in ACCOUNT_FIELDS}
        if known is None:
            return said
        before = {name: getattr(known, name) for name in ACCOUNT_FIELDS}
        if known.moodle_id is not None:
            return {name: before[name] or said[name] for name in ACCOUNT_FIELDS}
        after = {name: said[name] or before[name] for name in ACCOUNT_FIELDS}
        after["email"] = before["email"] or said["email"]  # found by it, whatever its capitals
        if not (person.first_name or person.last_name):
            self._keep_parts(person, known, after)
        return after

    @staticmethod
    def _keep_parts(person: FilePerson, known: Known, after: dict[str, Any]) -> None:
        """A name in one piece does not undo a known cut of the same name."""
        same = set(folded(person.full_name).split()) == set(folded(known.full_name).split())
        if same and known.full_name:
            after["full_name"] = known.full_name
        elif person.full_name:
            after["first_name"] = after["last_name"] = ""

    def _enrolment(self, person: FilePerson, known: Known | None, *, owned: bool) -> dict[str, Any]:
        before = known if known is not None and known.enrolment is not None else None
        roles, suspended = before.roles or [] if before else [], before.suspended if before else None
        if person.roles is not None and not owned:
            roles = person.roles
        if person.suspended is not None and (not owned or suspended is None):
            suspended = person.suspended
        after = {
            "roles": roles,
            "suspended": suspended,
            "course_access": later(before.course_access if before else None, person.course_access),
            "site_access": later(before.site_access if before else None, person.site_access),
        }
        if owned and before and before.left_at is not None:
            return after | {"standing": before.standing, "left_at": before.left_at}
        is_staff = not set(self.course.site.trainee_roles).issuperset(roles)
        is_out = bool(suspended or (known and known.account_suspended))
        standing = Standing.STAFF if is_staff else Standing.SUSPENDED if is_out else Standing.PRESENT
        return after | {"standing": standing.value, "left_at": None}

    def _groups(self, person: FilePerson, known: Known | None, *, owned: bool) -> frozenset[str] | None:
        """None: they stay as they are."""
        if person.groups is None or (owned and self._moodle_gives_groups):
            return None
        return frozenset(name[:255] for name in person.groups)

    def _changed(
        self, known: Known | None, account: dict[str, Any], enrolment: dict[str, Any], groups: frozenset[str] | None
    ) -> tuple[str, ...]:
        if known is None or known.enrolment is None:
            return ()
        differing = [name for name in ACCOUNT_FIELDS if account[name] != getattr(known, name)]
        differing += [
            name
            for name in ENROLMENT_FIELDS
            if name not in {"standing", "left_at"} and enrolment[name] != getattr(known, name)
        ]
        if enrolment["standing"] != known.standing and not {"roles", "suspended"} & set(differing):
            differing.append("suspended")
        if groups is not None and groups != {self._group_names[pk] for pk in known.groups}:
            differing.append("groups")
        return tuple(differing)


def later(before: datetime | None, said: Stamp | None) -> datetime | None:
    """Accesses only move forward: an old file, or the same one again, undoes nothing. Silence keeps what is known."""
    if said is None:
        return before
    if before is None:
        return said.at
    return before if said.earliest <= before <= said.latest else max(before, said.at)


def mapping_of(codes: Sequence[str]) -> list[Target | None]:
    return [Target(code) if code else None for code in codes]
