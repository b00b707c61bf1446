"""What a tutor does: one act, on one or several follow-ups of one person, all or none."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from dashboard import people
from dashboard.addresses import bad_addresses, with_address
from dashboard.enums import UNANSWERED, Cause, Kind, Outcome, State
from dashboard.follow_up import moves, rules
from dashboard.models import BadAddress, BadNumber, Contact, FollowUp, Person
from dashboard.plan.recompute import recompute_people_later, recompute_some
from moodle_sync.enums import EPOCH

UNREACHED = [*UNANSWERED, Outcome.WRONG_NUMBER, Outcome.DO_NOT_CALL]
ASKS_TO_COME = [Outcome.CONNECTED_LIVE, Outcome.WILL_CONNECT]


@dataclass(frozen=True)
class Call:
    """What a caller reports; `chosen` is the date agreed or picked, `number` the digits that were dialled."""

    outcome: Outcome
    cause: Cause | None = None
    note: str = ""
    chosen: datetime | None = None
    answers: dict[str, bool] = field(default_factory=dict)
    callback_for: int | None = None
    """Of a callback: who makes it, by user id; None: anyone."""
    number: str = ""


@transaction.atomic
def mark_contacted(follow_up: FollowUp, *, by: User, version: int, now: datetime | None = None) -> Contact:
    """Where nothing is left to be done, it only tells. Raises moves.Stale when another version is current."""
    now, zone = now or timezone.now(), follow_up.enrolment.course.site.zone
    target = None if rests(follow_up, now) else rules.after_contacted(now=now, zone=zone)
    return moves.record(follow_up, kind=Kind.CONTACTED, author=by, version=version, target=target)


def rests(follow_up: FollowUp, now: datetime) -> bool:
    """Nobody is to be chased here: closed, but for who came in once and no longer comes."""
    if follow_up.state != State.CLOSED_IN:
        return follow_up.state == State.CLOSED_OUT
    seen = follow_up.enrolment.last_course_access
    return seen is None or not EPOCH < seen <= now - follow_up.enrolment.course.dormant_after


def _only_tells(follow_up: FollowUp, call: Call, now: datetime) -> bool:
    """A call that reached nobody, or that asks a person who came in to come in, makes no work of a closed follow-up.

    What a caller states is another matter: a date of their own, a problem, a person who will come after all.
    """
    if call.chosen or not rests(follow_up, now):
        return False
    if call.outcome in ASKS_TO_COME:
        return follow_up.state == State.CLOSED_IN
    return call.outcome in UNREACHED


@transaction.atomic
def log_call(
    person: Person,
    follow_ups: Sequence[tuple[FollowUp, int]],
    call: Call,
    *,
    by: User,
    now: datetime | None = None,
) -> uuid.UUID:
    """One call that counts for each (follow-up, version). Returns the act, to undo it.

    Raises moves.Stale (nothing written) and rules.DateRequired.
    """
    now, act = now or timezone.now(), uuid.uuid4()
    other_channel = can_be_written_to(person)
    for follow_up, version in sorted(follow_ups, key=lambda pair: pair[0].pk):
        target = rules.after_outcome(
            call.outcome,
            now=now,
            zone=follow_up.enrolment.course.site.zone,
            chosen=call.chosen,
            other_channel=other_channel,
            callback_for=call.callback_for,
        )
        contact = moves.record(
            follow_up,
            kind=Kind.CALL,
            author=by,
            version=version,
            target=None if _only_tells(follow_up, call, now) else target,
            act=act,
            outcome=call.outcome,
            cause=call.cause or "",
            note=call.note,
            answers=call.answers,
        )
        if call.outcome == Outcome.WRONG_NUMBER and call.number:
            BadNumber.objects.create(contact=contact, digits=call.number)
    if call.outcome == Outcome.DO_NOT_CALL:  # after the follow-ups, as in an undo: the same order of locks
        accounts = [follow_up.enrolment.participant_id for follow_up, _version in follow_ups]
        persons = people.locked_owners(accounts)
        Person.objects.filter(pk__in=persons).update(do_not_call=True)
        recompute_some([follow_up.pk for follow_up, _version in follow_ups])
        recompute_people_later(persons)
    return act


def add_note(follow_up: FollowUp, text: str, *, by: User, seen: int = -1) -> Contact:
    """A note moves nothing, so it needs no version from the writer: it is simply the next entry.

    With the version that was `seen`, the same note sent twice is one: the first is given back.
    """
    with transaction.atomic():
        locked = FollowUp.objects.select_for_update().get(pk=follow_up.pk)
        since = Contact.objects.filter(follow_up=locked, version__gt=seen) if seen >= 0 else Contact.objects.none()
        if same := since.filter(kind=Kind.NOTE, author=by, note=text, undone_by=None).first():
            return same
        return moves.record(locked, kind=Kind.NOTE, author=by, note=text)


def can_be_written_to(person: Person) -> bool:
    return bool(with_address([person.pk], bad_addresses([person.pk])))


@transaction.atomic
def note_bounce(follow_up: FollowUp, address: str, *, by: User) -> Contact:
    """A message to this address came back. Like a note it moves nothing; the plan then looks for another way."""
    locked = FollowUp.objects.select_for_update().get(pk=follow_up.pk)
    contact = moves.record(locked, kind=Kind.BOUNCED, author=by)
    BadAddress.objects.create(contact=contact, address=address.lower())
    recompute_people_later(people.locked_owners([follow_up.enrolment.participant_id]))
    return contact
