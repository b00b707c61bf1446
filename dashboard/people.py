"""Which human is behind which Moodle accounts: by e-mail automatically, never when the names clearly differ."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import normalised_email
from dashboard.models import Person, PersonAccount
from moodle_sync.models import Participant
from moodle_sync.text import folded

Link = PersonAccount.Link
MANY = 5_000
"""Accounts in memory at once; the first read of a large course brings ten times as many."""
LOCK = 0x5650
"""Of ours, among PostgreSQL's advisory locks."""


class Account(NamedTuple):
    """What decides: a first read brings thousands, too many to make a model instance of each."""

    pk: int
    email: str
    first_name: str
    last_name: str
    full_name: str

    @property
    def address(self) -> str:
        """Moodle keeps capitals as they were typed; they tell nobody apart."""
        return normalised_email(self.email)

    @property
    def words(self) -> set[str]:
        return set(folded(f"{self.first_name} {self.last_name} {self.full_name}").split())


class NewLink(NamedTuple):
    account: int
    person: int
    link: str


def names_agree(one: Account, other: Account) -> bool:
    """A missing name agrees with any; else one word in common is enough (maiden names, initials)."""
    return not one.words or not other.words or bool(one.words & other.words)


def one_at_a_time() -> None:
    """Until the transaction ends, nobody else changes who is who."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def locked_owners(accounts: Iterable[int]) -> set[int]:
    """The persons of these accounts, who keep them until the transaction ends: what is written finds its file."""
    rows = PersonAccount.objects.select_for_update().filter(pk__in=list(accounts)).order_by("pk")
    return {row.person_id for row in rows}


@transaction.atomic
def link_new_accounts(course_id: int) -> int:
    """Give a person to each account of the course that has none. Returns how many.

    One course at a time: two sites read at once would each make a person for the same human.
    """
    one_at_a_time()
    rows = Participant.objects.filter(enrolments__course=course_id, account=None).select_for_update(of=("self",))
    linked, last = 0, 0
    fields = Account._fields
    while new := [Account(*row) for row in rows.filter(pk__gt=last).order_by("pk").values_list(*fields)[:MANY]]:
        _link(new)
        linked, last = linked + len(new), new[-1].pk
    return linked


def _link(new: list[Account]) -> None:
    homes = _accounts_by_email({account.address for account in new if account.address})
    orphans: list[Account] = []
    links: list[NewLink] = []
    for account in new:
        known = homes.get(account.address, []) if account.address else []
        home = next((person for other, person in known if names_agree(account, other)), None)
        if home is None:
            orphans.append(account)
        else:
            links.append(NewLink(account.pk, home, Link.EMAIL))
    _create(links + _own_persons(orphans))


@transaction.atomic
def gather_emptied_accounts(course_id: int) -> None:
    """An account of a file whose enrolments went to Moodle's own account of that e-mail: its person goes along.

    What was typed on the person stays with the one who is seen.
    """
    emptied = PersonAccount.objects.filter(
        participant__site__courses=course_id, participant__moodle_id=None, participant__enrolments=None
    ).exclude(participant__email="")
    for left in emptied.select_related("participant", "person").select_for_update(of=("self",)):
        one = left.participant
        same = PersonAccount.objects.annotate(address=Lower("participant__email")).filter(
            participant__site=one.site_id, address=one.email.lower()
        )
        kept = same.exclude(pk=left.pk).exclude(person=left.person_id).select_related("person").first()
        if kept is not None:
            _move_person(left.person, kept.person)


def _move_person(gone: Person, kept: Person) -> None:
    """Accounts, typed details and the wish not to be called; a detail both have stays once."""
    if gone.do_not_call:
        Person.objects.filter(pk=kept.pk).update(do_not_call=True)
    held = {(detail.kind, detail.value) for detail in kept.details.filter(removed_at=None)}
    for detail in gone.details.all():
        if detail.removed_at is not None or (detail.kind, detail.value) not in held:
            detail.person = kept
            detail.save(update_fields=["person"])
    gone.accounts.update(person=kept, link=Link.EMAIL)


def _accounts_by_email(emails: set[str]) -> dict[str, list[tuple[Account, int]]]:
    homes = defaultdict(list)
    columns = [f"participant__{name}" for name in Account._fields]
    known = (
        PersonAccount.objects.annotate(address=Lower("participant__email")).filter(address__in=emails).order_by("pk")
    )
    for person, *row in known.values_list("person", *columns):
        account = Account(*row)
        homes[account.address].append((account, person))
    return homes


def _own_persons(orphans: list[Account]) -> list[NewLink]:
    """One person each, shared by new accounts of one address whose names agree."""
    firsts: dict[str, list[Account]] = defaultdict(list)
    first_of: dict[int, int] = {}
    for account in orphans:
        peers = firsts[account.address] if account.address else []
        first = next((peer for peer in peers if names_agree(account, peer)), account)
        if first is account:
            peers.append(account)
        first_of[account.pk] = first.pk
    alone = [pk for pk, first_pk in first_of.items() if pk == first_pk]
    person_of = dict(zip(alone, _new_persons(len(alone)), strict=True))
    return [
        NewLink(pk, person_of[first_pk], Link.ALONE if pk == first_pk else Link.EMAIL)
        for pk, first_pk in first_of.items()
    ]


def _new_persons(number: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Person._meta.db_table} (do_not_call, created_at)"
            " SELECT FALSE, %s FROM generate_series(1, %s) RETURNING id",
            [timezone.now(), number],
        )
        return [pk for (pk,) in cursor.fetchall()]


def _create(links: list[NewLink]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {PersonAccount._meta.db_table} (participant_id, person_id, link)"
            " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[])",
            [list(column) for column in zip(*links, strict=True)],
        )
