"""Which human is behind which Moodle accounts: by e-mail automatically, never when the names clearly differ."""

from collections import defaultdict

from django.db import transaction

from dashboard.models import Person, PersonAccount
from moodle_sync.models import Participant
from moodle_sync.text import folded

Link = PersonAccount.Link


def names_agree(one: Participant, other: Participant) -> bool:
    """A missing name agrees with any; else one word in common is enough (maiden names, initials)."""
    words = [set(folded(f"{p.first_name} {p.last_name} {p.full_name}").split()) for p in (one, other)]
    return not all(words) or bool(words[0] & words[1])


@transaction.atomic
def link_new_accounts(course_id: int) -> int:
    """Give a person to each account of the course that has none. Returns how many."""
    new = list(
        Participant.objects.filter(enrolments__course=course_id, account=None)
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    if not new:
        return 0
    homes = _accounts_by_email({folded(p.email) for p in new if p.email})
    orphans: list[Participant] = []
    links: list[PersonAccount] = []
    for participant in new:
        known = homes.get(folded(participant.email), []) if participant.email else []
        home = next((person for other, person in known if names_agree(participant, other)), None)
        if home is None:
            orphans.append(participant)
        else:
            links.append(PersonAccount(participant=participant, person_id=home, link=Link.EMAIL))
    links += _own_persons(orphans)
    PersonAccount.objects.bulk_create(links, batch_size=2000)
    return len(links)


def _accounts_by_email(emails: set[str]) -> dict[str, list[tuple[Participant, int]]]:
    homes = defaultdict(list)
    known = PersonAccount.objects.filter(participant__email__in=emails).select_related("participant")
    for account in known.order_by("pk"):
        homes[folded(account.participant.email)].append((account.participant, account.person_id))
    return homes


def _own_persons(orphans: list[Participant]) -> list[PersonAccount]:
    """One person each, shared by new accounts of one address whose names agree."""
    firsts: dict[str, list[Participant]] = defaultdict(list)
    representative: dict[int, Participant] = {}
    for participant in orphans:
        peers = firsts[folded(participant.email)] if participant.email else []
        first = next((peer for peer in peers if names_agree(participant, peer)), participant)
        if first is participant:
            peers.append(participant)
        representative[participant.pk] = first
    heads = [p for p in orphans if representative[p.pk] is p]
    persons = Person.objects.bulk_create([Person() for _ in heads], batch_size=2000)
    person_of = {head.pk: person for head, person in zip(heads, persons, strict=True)}
    return [
        PersonAccount(
            participant=p,
            person=person_of[representative[p.pk].pk],
            link=Link.ALONE if representative[p.pk] is p else Link.EMAIL,
        )
        for p in orphans
    ]
