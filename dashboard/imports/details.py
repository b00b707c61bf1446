"""The second kind of file: phones and schools for people already known, kept as typed by whoever imports."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils import timezone
from phonenumbers import PhoneNumberFormat, format_number

from accounts.models import User
from dashboard.imports.places import reachable_enrolments
from dashboard.models import ContactDetail
from dashboard.person.details import read_phone
from moodle_sync.files import values
from moodle_sync.files.columns import Target
from moodle_sync.files.errors import Fault
from moodle_sync.files.lines import BadLine, LineFault, Mapping
from moodle_sync.files.plan import Outcome
from moodle_sync.files.rows import EVERY
from moodle_sync.models import Participant, Site
from moodle_sync.text import folded, phone_digits

Kind = ContactDetail.Kind
TARGETS = [Target.EMAIL, Target.PHONE1, Target.PHONE2, Target.INSTITUTION]
KINDS = {Target.PHONE1: Kind.PHONE, Target.PHONE2: Kind.PHONE, Target.INSTITUTION: Kind.SCHOOL}
Detail = tuple[int, str, str]
"""(person, kind, value)."""
PEOPLE = (
    "SELECT lower(p.email), min(a.person_id), count(DISTINCT a.person_id) FROM moodle_sync_participant p"
    " JOIN dashboard_personaccount a ON a.participant_id = p.id"
    " WHERE p.id = ANY(%s) AND lower(p.email) = ANY(%s) GROUP BY 1"
)


@dataclass(frozen=True)
class Addition:
    number: int
    email: str
    outcome: Outcome
    new: tuple[Detail, ...]

    @property
    def changed(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(kind for _, kind, _ in self.new))


@dataclass
class DetailsPlan:
    site: Site
    user: User
    mapping: Mapping
    alive: Callable[[int], None] = lambda lines: None
    additions: list[Addition] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)

    def __call__(self, rows: Sequence[tuple[int, list[str]]]) -> "DetailsPlan":
        lines: list[tuple[int, str, list[tuple[str, str]]]] = []
        for done, (number, cells) in enumerate(rows, start=1):
            try:
                lines.append((number, *self._line(cells)))
            except LineFault as exc:
                self.bad.append(BadLine(number, exc.fault, exc.column))
            if done % EVERY == 0:
                self.alive(done)
        people = self._people([email for _, email, _ in lines])
        known = self._details(list(people.values()))
        for number, email, details in lines:
            person = people.get(email)
            if person is None:
                self.bad.append(BadLine(number, Fault.UNKNOWN_PERSON, self.mapping.index(Target.EMAIL)))
                continue
            new = tuple(d for kind, value in details if (d := (person, kind, value)) not in known)
            known.update(new)
            self.additions.append(Addition(number, email, Outcome.UPDATED if new else Outcome.UNCHANGED, new))
        self.bad.sort(key=lambda line: line.number)
        return self

    @property
    def counts(self) -> dict[str, int]:
        changed = sum(addition.outcome == Outcome.UPDATED for addition in self.additions)
        return {"updated": changed, "unchanged": len(self.additions) - changed, "bad": len(self.bad)}

    def write(self) -> None:
        ContactDetail.objects.bulk_create(
            (
                ContactDetail(
                    person_id=person,
                    kind=kind,
                    value=value,
                    search_key=phone_digits(value) if kind == Kind.PHONE else folded(value)[:254],
                    added_by=self.user,
                    added_at=timezone.now(),
                )
                for addition in self.additions
                for person, kind, value in addition.new
            ),
            batch_size=2000,
        )

    def _line(self, cells: list[str]) -> tuple[str, list[tuple[str, str]]]:
        email, details = "", []
        for column, (target, cell) in enumerate(zip(self.mapping, cells, strict=True)):
            match target:
                case Target.EMAIL:
                    try:
                        email = values.email(cell).lower()
                    except ValueError:
                        raise LineFault(Fault.EMAIL, column) from None
                case Target.PHONE1 | Target.PHONE2:
                    if number := values.phone(cell):
                        details.append((Kind.PHONE.value, self._phone(number, column)))
                case Target.INSTITUTION:
                    if school := values.tidy(cell, 254):
                        details.append((Kind.SCHOOL.value, school))
                case _:
                    pass
        if not email:
            raise LineFault(Fault.EMAIL, self.mapping.index(Target.EMAIL))
        if not details:
            raise LineFault(Fault.NOTHING)
        return email, details

    def _phone(self, text: str, column: int) -> str:
        number = read_phone(text, self.site.country)
        if number is None:
            raise LineFault(Fault.PHONE, column)
        return format_number(number, PhoneNumberFormat.E164)

    def _people(self, emails: list[str]) -> dict[str, int]:
        """The one person of each address, among those the user may add to."""
        seen = reachable_enrolments(self.user, self.site).values("participant")
        ids = list(Participant.objects.filter(pk__in=seen).values_list("pk", flat=True))
        with connection.cursor() as cursor:
            cursor.execute(PEOPLE, [ids, emails])
            return {email: person for email, person, persons in cursor.fetchall() if persons == 1}

    def _details(self, people: list[int]) -> set[Detail]:
        """What is known, what Moodle says included; and what a tutor removed, which a file does not bring back."""
        typed = ContactDetail.objects.filter(person__in=people).values_list("person", "kind", "value")
        known: set[Any] = set(typed)
        accounts = Participant.objects.filter(account__person__in=people).select_related("site")
        for person, phone1, phone2, institution in accounts.values_list(
            "account__person", "phone1", "phone2", "institution"
        ):
            numbers = [read_phone(text, self.site.country) for text in (phone1, phone2) if text]
            known |= {(person, Kind.PHONE.value, format_number(n, PhoneNumberFormat.E164)) for n in numbers if n}
            known.add((person, Kind.SCHOOL.value, institution))
        return known
