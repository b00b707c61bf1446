"""One line of an export: the row of the roster, with how to reach the person and where they work."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import phonenumbers
from django.utils.translation import gettext as _

from accounts.models import User
from dashboard.addresses import bad_addresses
from dashboard.exports.reading import Reader
from dashboard.models import BadNumber, ContactDetail
from dashboard.person.details import read_phone
from dashboard.plan.why import NextAction
from dashboard.roster.rows import Row
from moodle_sync.enums import EPOCH
from moodle_sync.models import Enrolment
from moodle_sync.text import folded, phone_digits

Kind = ContactDetail.Kind


@dataclass
class Line:
    row: Row
    details: Sequence[ContactDetail] = ()
    """Typed by tutors or brought by a file."""
    bad: set[str] = field(default_factory=set)
    """Digits that a call found wrong."""
    bounced: Collection[str] = ()
    """Addresses from which a message came back, in small letters."""

    @property
    def record(self) -> Enrolment:
        return self.row.record

    def _typed(self, kind: Kind) -> list[str]:
        return [detail.value for detail in self.details if detail.kind == kind]

    @cached_property
    def emails(self) -> list[str]:
        """Each once, those from which a message came back last, and marked: a mailing must not take them."""
        said = [self.record.participant.email, *self._typed(Kind.EMAIL)]
        known = list({text.casefold(): text for text in reversed(said) if text}.values())[::-1]
        wrong = [text for text in known if text.lower() in self.bounced]
        marked = [_("%(address)s (a message came back)") % {"address": text} for text in wrong]
        return [text for text in known if text not in wrong] + marked

    @cached_property
    def phones(self) -> list[str]:
        """Each once, those a call found wrong last; as they are dialled from the platform's country."""
        participant = self.record.participant
        country = self.record.course.site.country
        known: dict[str, str] = {}
        for text in (participant.phone1, participant.phone2, *self._typed(Kind.PHONE)):
            number = read_phone(text, country) if text.strip() else None
            if number is None:
                if text.strip():
                    known.setdefault(text.strip(), text.strip())
                continue
            # «00 49 …» and not «+49 …»: a spreadsheet would reckon with a plus.
            shown = phonenumbers.format_out_of_country_calling_number(number, country)
            wrong = phone_digits(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)) in self.bad
            known.setdefault(shown, _("%(number)s (wrong number)") % {"number": shown} if wrong else shown)
        return sorted(known.values(), key=lambda text: text not in known)

    @cached_property
    def school(self) -> str:
        said = [self.record.participant.institution, *self._typed(Kind.SCHOOL)]
        return ", ".join({folded(text): text for text in reversed(said) if text}.values())

    def local(self, moment: datetime) -> datetime:
        """By the platform's own clock."""
        return moment.astimezone(self.record.course.site.zone)

    @property
    def came(self) -> datetime | None:
        at = self.record.last_course_access
        return self.local(at) if at and at > EPOCH else None

    @property
    def contacted(self) -> datetime | None:
        return self.local(self.row.contact.created_at) if self.row.contact else None

    @cached_property
    def next(self) -> NextAction:
        return self.row.next

    @property
    def why(self) -> str:
        return self.next.because or self.next.reason


def lines(user: User, ids: Iterable[int], now: datetime) -> Iterator[Line]:
    """In the order of `ids`; who is gone, or out of the user's sight by now, is left out."""
    for records in Reader(user, now).batches(ids):
        persons = {r.pk: r.participant.account.person_id for r in records if hasattr(r.participant, "account")}
        details, bad = _details(persons.values()), _bad_numbers(persons.values())
        bounced = bad_addresses(set(persons.values()))
        for record in records:
            person = persons.get(record.pk, 0)
            row = Row(record, user, now)
            yield Line(row, details.get(person, ()), bad.get(person, set()), bounced.get(person, ()))


def _details(persons: Iterable[int]) -> dict[int, list[ContactDetail]]:
    found: dict[int, list[ContactDetail]] = defaultdict(list)
    for detail in ContactDetail.objects.filter(person__in=set(persons), removed_at=None).order_by("added_at", "pk"):
        found[detail.person_id].append(detail)
    return found


def _bad_numbers(persons: Iterable[int]) -> dict[int, set[str]]:
    path = "contact__follow_up__enrolment__participant__account__person"
    found: dict[int, set[str]] = defaultdict(set)
    said = BadNumber.objects.filter(contact__undone_by=None, **{f"{path}__in": set(persons)})
    for person, digits in said.values_list(path, "digits"):
        found[person].add(digits)
    return found
