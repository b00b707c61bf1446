"""Short words for «as the page shows it»: a page says which it has, and is sent what differs."""

from collections.abc import Collection
from typing import Any

from django.db.models import BigIntegerField, Count, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast, Extract
from django.utils import timezone

from accounts.models import User
from dashboard.calls import leases
from dashboard.models import Blockage, Contact, HintAnswer, Lease, NoteVersion, Person
from dashboard.scope import visible_enrolments


def of_row(version: int | None, held_by: int | None) -> str:
    """Each move raises the version; who is on the phone changes without one."""
    return f"{version}-{held_by or 0}"


def of_rows(user: User, ids: Collection[int]) -> dict[int, str]:
    """Of those that the user may (still) see."""
    rows = list(
        visible_enrolments(user)
        .filter(pk__in=ids)
        .values_list("pk", "follow_up__version", "participant__account__person")
    )
    held = leases.held([person for _pk, _version, person in rows if person], timezone.now(), but=user)
    by_person = {person: lease.user_id for person, lease in held.items()}
    return {pk: of_row(version, by_person.get(person)) for pk, version, person in rows}


def of_file(person: Person, user: User) -> str:
    """The last entry first: every move writes one. What else may change without one follows."""
    entries = Contact.objects.filter(follow_up__enrolment__participant__account__person=OuterRef("pk")).order_by()
    last = entries.values("follow_up__enrolment__participant__account__person").annotate(last=Max("pk")).values("last")
    lease = Lease.objects.filter(person=OuterRef("pk"), expires_at__gt=timezone.now()).exclude(user=user)
    found = Person.objects.filter(pk=person.pk).annotate(
        last=Subquery(last),
        typed=Count("details", distinct=True),
        removed=Count("details", filter=Q(details__removed_at__isnull=False), distinct=True),
        known=Count("accounts", distinct=True),
        corrected=Subquery(_corrections()),
        held=Subquery(lease.values("user")),
        asked=Subquery(_requests()),
        refused=Subquery(_refused_hints()),
    )
    values = found.values_list("last", "typed", "removed", "known", "held", "corrected", "asked", "refused").get()
    return "-".join(str(value or 0) for value in values)


def _requests() -> QuerySet[Blockage, Any]:
    """When somebody said last that the request about a blockage was sent, in microseconds."""
    owner = "follow_up__enrolment__participant__account__person"
    found = Blockage.objects.filter(**{owner: OuterRef("pk")}).order_by()
    moment = Cast(Extract(Max("asked_at"), "epoch") * 1_000_000, BigIntegerField())
    last: QuerySet[Blockage, Any] = found.values(owner).annotate(last=moment).values("last")
    return last


def _refused_hints() -> QuerySet[HintAnswer, Any]:
    """«No» to a likely cause is no entry, and is deleted when it is taken back."""
    owner = "follow_up__enrolment__participant__account__person"
    found = HintAnswer.objects.filter(**{owner: OuterRef("pk")}, agreed=False).order_by()
    last: QuerySet[HintAnswer, Any] = found.values(owner).annotate(last=Max("pk")).values("last")
    return last


def _corrections() -> QuerySet[NoteVersion, Any]:
    """The last correction of a note of the person's, or the last one taken back."""
    owner = "contact__follow_up__enrolment__participant__account__person"
    found = NoteVersion.objects.filter(**{owner: OuterRef("pk")}).order_by()
    last: QuerySet[NoteVersion, Any] = found.values(owner).annotate(last=Max("pk")).values("last")
    return last
