"""From rows and a mapping of columns to people; a row that cannot be taken is kept with its number and reason."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from moodle_sync.files import values
from moodle_sync.files.columns import Target
from moodle_sync.files.errors import Fault
from moodle_sync.files.rows import EVERY
from moodle_sync.files.values import Stamp
from moodle_sync.text import folded

Mapping = Sequence[Target | None]
LENGTHS = {
    Target.FIRST_NAME: 100, Target.LAST_NAME: 100, Target.FULL_NAME: 255, Target.INSTITUTION: 255, Target.CITY: 120,
}  # fmt: skip


@dataclass(frozen=True)
class BadLine:
    number: int
    fault: Fault
    column: int | None = None


@dataclass
class FilePerson:
    """What all the lines of one person say. None: the file has no such column, or says nothing."""

    numbers: list[int]
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    full_name: str = ""
    phone1: str = ""
    phone2: str = ""
    institution: str = ""
    city: str = ""
    groups: list[str] | None = None
    roles: list[str] | None = None
    suspended: bool | None = None
    course_access: Stamp | None = None
    site_access: Stamp | None = None

    @property
    def name_key(self) -> str:
        """«Dupont Jean» and «Jean DUPONT» are one name."""
        return name_key(self.full_name)

    @property
    def key(self) -> tuple[str, str]:
        return ("email", self.email.lower()) if self.email else ("name", self.name_key)


def name_key(full_name: str) -> str:
    return " ".join(sorted(folded(full_name).split()))


class LineFault(Exception):
    def __init__(self, fault: Fault, column: int | None = None) -> None:
        self.fault, self.column = fault, column


@dataclass
class Reader:
    """Reads the lines of one file. `course_names`: how the file may call the course it is for."""

    mapping: Mapping
    moment: datetime
    zone: ZoneInfo
    course_names: frozenset[str] = frozenset()
    known_groups: frozenset[str] = frozenset()
    alive: Callable[[int], None] = lambda lines: None
    people: dict[tuple[str, str], FilePerson] = field(default_factory=dict)
    bad: list[BadLine] = field(default_factory=list)

    def __call__(self, rows: Sequence[tuple[int, list[str]]]) -> list[FilePerson]:
        self._course = self._course_of(rows)
        confused: set[tuple[str, str]] = set()
        for done, (number, cells) in enumerate(rows, start=1):
            try:
                person = self._person(number, cells)
                self._add(person, confused)
            except LineFault as exc:
                self.bad.append(BadLine(number, exc.fault, exc.column))
            if done % EVERY == 0:
                self.alive(done)
        for key in confused:
            self.bad += [BadLine(number, Fault.HOMONYM) for number in self.people.pop(key).numbers]
        self.bad.sort(key=lambda line: line.number)
        return list(self.people.values())

    def _course_of(self, rows: Sequence[tuple[int, list[str]]]) -> str:
        """What the file calls the course, where it names any: ours, else the most frequent."""
        if Target.COURSE not in self.mapping:
            return ""
        column = self.mapping.index(Target.COURSE)
        named = Counter(folded(values.tidy(cells[column])) for _, cells in rows)
        named.pop("", None)
        ours = [name for name in named if name in self.course_names]
        return ours[0] if ours else named.most_common(1)[0][0] if named else ""

    def _person(self, number: int, cells: list[str]) -> FilePerson:
        person = FilePerson([number])
        for column, (target, cell) in enumerate(zip(self.mapping, cells, strict=True)):
            if target is not None:
                self._take(person, target, column, cell)
        if not person.full_name:
            person.full_name = f"{person.first_name} {person.last_name}".strip()
        if not person.email and not person.full_name:
            raise LineFault(Fault.NOBODY)
        return person

    def _take(self, person: FilePerson, target: Target, column: int, cell: str) -> None:
        match target:
            case Target.EMAIL:
                try:
                    person.email = values.email(cell)
                except ValueError:
                    raise LineFault(Fault.EMAIL, column) from None
            case Target.COURSE:
                if (name := folded(values.tidy(cell))) and name != self._course:
                    raise LineFault(Fault.OTHER_COURSE, column)
            case Target.GROUPS:
                person.groups = [*(person.groups or []), *values.groups(cell, self.known_groups)]
            case Target.GROUP:
                person.groups = [*(person.groups or []), *values.group(cell)]
            case Target.ROLES:
                person.roles = sorted({*(person.roles or []), *values.roles(cell)})
            case Target.STATUS:
                try:
                    person.suspended = values.suspended(cell)
                except KeyError:
                    raise LineFault(Fault.STATUS, column) from None
            case Target.COURSE_ACCESS | Target.SITE_ACCESS:
                setattr(person, target.value, self._access(column, cell))
            case Target.PHONE1 | Target.PHONE2:
                setattr(person, target.value, values.phone(cell))
            case Target.FULL_NAME:
                person.full_name = values.full_name(cell)
            case _:
                setattr(person, target.value, values.tidy(cell, LENGTHS[target]))

    def _access(self, column: int, cell: str) -> Stamp | None:
        try:
            return values.access(cell, moment=self.moment, zone=self.zone)
        except values.InTheFuture:
            raise LineFault(Fault.FUTURE, column) from None
        except values.NotAMoment:
            raise LineFault(Fault.MOMENT, column) from None

    def _add(self, person: FilePerson, confused: set[tuple[str, str]]) -> None:
        """A report has one line per group of a person."""
        first = self.people.setdefault(person.key, person)
        if first is person:
            return
        if person.email and not _names_agree(first, person):
            raise LineFault(Fault.OTHER_NAME)
        if not person.email and _facts(first) != _facts(person):
            confused.add(person.key)
        _merge(first, person)


def _names_agree(one: FilePerson, other: FilePerson) -> bool:
    mine, theirs = set(one.name_key.split()), set(other.name_key.split())
    return not mine or not theirs or bool(mine & theirs)


def _facts(person: FilePerson) -> tuple[object, ...]:
    return person.course_access, person.site_access, person.suspended, person.phone1, person.institution


def _merge(first: FilePerson, again: FilePerson) -> None:
    first.numbers += again.numbers
    for name in ("first_name", "last_name", "full_name", "phone1", "phone2", "institution", "city"):
        setattr(first, name, getattr(first, name) or getattr(again, name))
    if again.groups is not None:
        first.groups = list(dict.fromkeys([*(first.groups or []), *again.groups]))
    if again.roles is not None:
        first.roles = sorted({*(first.roles or []), *again.roles})
    if again.suspended is not None:  # enrolled twice and active once is active
        first.suspended = again.suspended and first.suspended is not False
    for name in ("course_access", "site_access"):
        stamps = [stamp for stamp in (getattr(first, name), getattr(again, name)) if stamp]
        setattr(first, name, max(stamps, key=lambda stamp: stamp.at, default=None))
