"""An address that changed, or a name that was corrected, may show that two persons are one.

They are joined only while nothing was written about one of them, who has a single account that no hand linked;
otherwise the file offers it, and somebody decides. An address that changes never takes an account away.
"""

from collections import defaultdict

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Lower

from dashboard.identity import join_unwritten
from dashboard.models import Contact, ContactDetail, Person, PersonAccount
from dashboard.people import Account, names_agree, one_at_a_time

Link = PersonAccount.Link


@transaction.atomic
def join_same_addresses(course_id: int) -> int:
    """Join who can be, among the people of a course and everybody of their addresses. Returns how many."""
    if not _lonely(course_id).exists():
        return 0
    one_at_a_time()
    joined = 0
    for pk, person, *row in _lonely(course_id).order_by("pk").values_list("pk", "person", *_columns()):
        home = _home(Account(*row), person)
        if home is not None and not _lonely(course_id).filter(pk=pk, person=person).exists():
            continue  # somebody just joined them
        if home is not None:
            join_unwritten(Person(pk=home), Person(pk=person))
            joined += 1
    return joined


def _columns() -> list[str]:
    return [f"participant__{name}" for name in Account._fields]


def _with_address() -> QuerySet[PersonAccount]:
    return PersonAccount.objects.exclude(participant__email="").annotate(address=Lower("participant__email"))


def _lonely(course_id: int) -> QuerySet[PersonAccount]:
    """Single accounts nobody wrote anything about, whose address somebody else has too."""
    alike = _with_address().filter(address=OuterRef("address")).exclude(person=OuterRef("person"))  # type: ignore[misc]  # annotated
    others = PersonAccount.objects.filter(person=OuterRef("person")).exclude(pk=OuterRef("pk"))
    written = Contact.objects.filter(author__isnull=False, follow_up__enrolment__participant=OuterRef("participant"))
    details = ContactDetail.objects.filter(person=OuterRef("person"))
    return (
        _with_address()
        .filter(Exists(alike), participant__enrolments__course=course_id, person__do_not_call=False)
        .exclude(link=Link.HAND)
        .exclude(Exists(others))
        .exclude(Exists(written))
        .exclude(Exists(details))
    )


def _home(account: Account, person: int) -> int | None:
    """The oldest person of that address whose name does not clearly differ."""
    alike = _with_address().filter(address=account.address)  # type: ignore[misc]  # annotated
    rows = alike.exclude(person=person).order_by("person", "pk")
    by_person: dict[int, list[Account]] = defaultdict(list)
    for owner, *row in rows.values_list("person", *_columns()):
        by_person[owner].append(Account(*row))
    homes = [owner for owner, accounts in by_person.items() if any(names_agree(account, one) for one in accounts)]
    return homes[0] if homes else None
