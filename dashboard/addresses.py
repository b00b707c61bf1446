"""Which e-mail addresses of a person still hold: a message that came back says of one that it does not."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from dashboard.models import BadAddress, ContactDetail, PersonAccount

Bad = Mapping[int, Collection[str]]


def bad_addresses(persons: Collection[int]) -> Bad:
    """By person, in small letters: what any of their accounts' timelines says, until it is undone."""
    person = "contact__follow_up__enrolment__participant__account__person"
    said = BadAddress.objects.filter(contact__undone_by=None, **{f"{person}__in": persons})
    found: defaultdict[int, set[str]] = defaultdict(set)
    for pk, address in said.values_list(person, "address"):
        found[pk].add(address)
    return found


def holds(address: str, person: int | None, bad: Bad) -> bool:
    return bool(address) and address.lower() not in bad.get(person or 0, ())


def with_address(persons: Collection[int], bad: Bad) -> set[int]:
    """Who of them has one that holds, by any account or by a colleague's hand."""
    if not persons:
        return set()
    by_account = PersonAccount.objects.filter(person__in=persons).exclude(participant__email="")
    typed = with_typed_address(persons, bad)
    pairs = by_account.values_list("person", "participant__email")
    return typed | {person for person, address in pairs if holds(address, person, bad)}


def with_typed_address(persons: Collection[int], bad: Bad) -> set[int]:
    if not persons:
        return set()
    typed = ContactDetail.objects.filter(person__in=persons, kind=ContactDetail.Kind.EMAIL, removed_at=None)
    return {person for person, address in typed.values_list("person", "value") if holds(address, person, bad)}
