"""How to reach a person: what Moodle gives, and what tutors typed in."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import phonenumbers
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from dashboard.addresses import bad_addresses, holds
from dashboard.models import BadNumber, ContactDetail, Person
from dashboard.person.file import File
from moodle_sync.text import folded, phone_digits

Kind = ContactDetail.Kind


@dataclass(frozen=True)
class Way:
    """One line: a number or an address. `link` is empty for what cannot be dialled.

    `wrong`: a call, or a message that came back, found so.
    """

    kind: Kind
    label: str | Promise
    shown: str
    link: str
    detail: ContactDetail | None = None
    wrong: bool = False

    @property
    def key(self) -> str:
        """Two spellings of one number or address are equal."""
        return self.link.casefold() or self.shown

    @property
    def digits(self) -> str:
        return phone_digits(self.link.removeprefix("tel:"))

    @property
    def may_be_dialled(self) -> bool:
        return self.kind == Kind.PHONE and bool(self.link) and not self.wrong


def read_phone(text: str, country: str) -> PhoneNumber | None:
    """None for what cannot be a number. Only its length is judged: ranges open faster than tables follow."""
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException:
        return None
    return number if phonenumbers.is_possible_number(number) else None


def phone_way(text: str, country: str, label: str | Promise, detail: ContactDetail | None = None) -> Way:
    number = read_phone(text, country)
    if number is None:
        return Way(Kind.PHONE, label, text, "", detail)
    at_home = phonenumbers.region_code_for_country_code(number.country_code or 0) == country
    style = PhoneNumberFormat.NATIONAL if at_home else PhoneNumberFormat.INTERNATIONAL
    dialled = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return Way(Kind.PHONE, label, phonenumbers.format_number(number, style), f"tel:{dialled}", detail)


def email_way(address: str, label: str | Promise, detail: ContactDetail | None = None) -> Way:
    return Way(Kind.EMAIL, label, address, f"mailto:{address}", detail)


def ways_to_reach(file: File) -> list[Way]:
    """Phones first, Moodle's before typed ones, wrong ones last, each once. Only of accounts in the user's scope."""
    known: dict[str, Way] = {}
    bad = bad_numbers(file.person)
    phones = [replace(way, wrong=bool(way.link) and way.digits in bad) for way in _phones(file)]
    returned = bad_addresses([file.person.pk])
    emails = [replace(way, wrong=not holds(way.shown, file.person.pk, returned)) for way in _emails(file)]
    for way in [*sorted(phones, key=lambda way: way.wrong), *sorted(emails, key=lambda way: way.wrong)]:
        known.setdefault(way.key, way)
    return list(known.values())


def bad_numbers(person: Person) -> set[str]:
    """Digits that a call on any of the person's accounts found wrong, and that nobody took back."""
    said = BadNumber.objects.filter(
        contact__undone_by=None, contact__follow_up__enrolment__participant__account__person=person
    )
    return set(said.values_list("digits", flat=True))


def schools(file: File) -> list[Way]:
    """Where the person works: as Moodle says, and as files brought it. Nothing to dial."""
    known: dict[str, Way] = {}
    for participant in file.participants:
        if participant.institution:
            known.setdefault(
                folded(participant.institution), Way(Kind.SCHOOL, _("School"), participant.institution, "")
            )
    for detail in _typed(file, Kind.SCHOOL):
        known.setdefault(folded(detail.value), Way(Kind.SCHOOL, _("School"), detail.value, "", detail))
    return list(known.values())


def _typed(file: File, kind: Kind) -> Iterator[ContactDetail]:
    details = file.person.details.filter(kind=kind, removed_at=None)
    yield from details.select_related("added_by").order_by("added_at", "pk")


def _phones(file: File) -> Iterator[Way]:
    country = file.enrolment.course.site.country
    for participant in file.participants:
        for text in (participant.phone1, participant.phone2):
            if text.strip():
                yield phone_way(text.strip(), participant.site.country, _("Phone"))
    for detail in _typed(file, Kind.PHONE):
        yield phone_way(detail.value, country, detail.label or _("Phone"), detail)


def _emails(file: File) -> Iterator[Way]:
    for participant in file.participants:
        if participant.email:
            yield email_way(participant.email, _("E-mail"))
    for detail in _typed(file, Kind.EMAIL):
        yield email_way(detail.value, detail.label or _("E-mail"), detail)
