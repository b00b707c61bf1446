"""E-mail addresses of those picked, to put in Bcc: each once."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from dashboard.addresses import Bad, bad_addresses, holds
from dashboard.enums import State
from dashboard.follow_up.reminding import Obstacle, obstacles
from dashboard.models import ContactDetail
from dashboard.selection.picked import Picked

RECENT = {Obstacle.RECENT, Obstacle.TODAY}


@dataclass
class Addresses:
    found: list[str] = field(default_factory=list)
    without: int = 0
    """No address of theirs is known, or none that holds."""
    recent: int = 0
    """Written to a moment ago: left out, unless asked for."""
    closed: int = 0
    """Who will not follow the course: to note the e-mail leaves them out too."""
    people: int = 0

    @property
    def text(self) -> str:
        """With commas, as the standard has it (RFC 5322): what most mail programs take."""
        return ", ".join(self.found)

    @property
    def for_outlook(self) -> str:
        """Which takes no commas by itself."""
        return "; ".join(self.found)


def addresses(picked: Picked, now: datetime, *, recent_too: bool) -> Addresses:
    """In the order of the list; one for a person with several enrolments or accounts, whatever its capitals."""
    columns = ("pk", "participant__email", "participant__account__person", "follow_up__state")
    rows = {pk: facts for pk, *facts in picked.rows(now).order_by().values_list(*columns)}
    hindered = obstacles(list(rows), now)
    everybody = {person for _email, person, _state in rows.values() if person}
    bad = bad_addresses(everybody)
    typed = _typed(everybody, bad)
    result, persons, known = Addresses(people=len(rows)), set[int](), set[str]()
    for pk in picked.versions:
        if pk not in rows:
            continue
        email, person, state = rows[pk]
        if state == State.CLOSED_OUT:
            result.closed += 1
            continue
        address = email if holds(email, person, bad) else typed.get(person, "")
        if not address:
            result.without += 1
        elif hindered[pk] in RECENT and not recent_too:
            result.recent += 1
        elif person not in persons and address.casefold() not in known:
            result.found.append(address)
            persons |= {person} if person else set()
            known.add(address.casefold())
    return result


def _typed(persons: Collection[int], bad: Bad) -> dict[int, str]:
    """The first that a colleague typed and that still holds, by person."""
    details = ContactDetail.objects.filter(kind=ContactDetail.Kind.EMAIL, removed_at=None, person__in=persons)
    pairs = details.order_by("-pk").values_list("person", "value")
    return {person: address for person, address in pairs if holds(address, person, bad)}
