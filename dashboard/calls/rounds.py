"""A tutor's way through a list, one person at a time. The list is kept on the server: any device goes on with it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from dashboard.calls import leases
from dashboard.enums import REACHED, Kind, Outcome
from dashboard.models import CallRound, Contact, Lease, PersonAccount
from dashboard.scope import visible_enrolments
from moodle_sync.models import Enrolment

LONGEST = 300
"""More than anybody calls in a week; the rest of a longer list waits for the next round."""


def round_of(user: User) -> CallRound | None:
    return CallRound.objects.filter(user=user).first()


@transaction.atomic
def begin(user: User, enrolments: Iterable[int], *, title: str, back: str) -> CallRound:
    """Each person once, whatever the number of their courses in the list. An earlier round of the user's ends."""
    now = timezone.now()
    people = _one_each(list(enrolments))
    wanted = leases.still_to_call(people, since=now)
    leases.release_all(user)
    values = {
        "title": title[:200], "back": back[:2000], "left": wanted, "total": len(wanted), "done": 0, "called": [],
        "current": None, "set_aside": len(people) - len(wanted), "paused_at": None, "started_at": now,
    }  # fmt: skip
    CallRound.objects.update_or_create(user=user, defaults=values)
    go_on(user)
    return CallRound.objects.get(user=user)


def _one_each(enrolments: list[int]) -> list[int]:
    accounts = PersonAccount.objects.filter(participant__enrolments__in=enrolments)
    person_of = dict(accounts.values_list("participant__enrolments", "person"))
    first: dict[int, int] = {}
    for pk in enrolments:
        if pk in person_of:
            first.setdefault(person_of[pk], pk)
    return list(first.values())


@transaction.atomic
def go_on(user: User) -> None:
    """Take the next person, unless one is taken; who no longer needs a call drops out of the round."""
    found = _locked(user)
    if found and found.current_id is None:
        found.paused_at = None
        _claim(found)
        found.save()


@transaction.atomic
def skip(user: User, enrolment: int) -> None:
    """To the back of the round. Pressed twice, it skips one person, not two."""
    found = _locked(user)
    if found and found.current_id == enrolment:
        _let_go(found)
        found.left = [*found.left, enrolment]
        _claim(found)
        found.save()


@transaction.atomic
def unskip(user: User, enrolment: int) -> bool:
    """Who was skipped is called now, and whoever came in their place right after. False: they are not in the round."""
    found = _locked(user)
    if found is None or enrolment not in found.left:
        return False
    meanwhile = [] if found.current_id is None else [found.current_id]
    found.left = [enrolment, *meanwhile, *(pk for pk in found.left if pk != enrolment)]
    if found.current_id is not None:
        _let_go(found)
    if found.paused_at is None:
        _claim(found)
    found.save()
    return True


@transaction.atomic
def saved(user: User, enrolment: int, *, pause: bool) -> None:
    """The call to this person was saved: the next one, or a pause."""
    found = _locked(user)
    if found and found.current_id == enrolment:
        _let_go(found)
        found.done += 1
        found.called = [*found.called, enrolment]
        if pause:
            found.paused_at = timezone.now()
        else:
            _claim(found)
        found.save()


@transaction.atomic
def call_again(user: User, enrolments: Collection[int]) -> bool:
    """A call was undone: who was called in the round comes next, or at once where nobody is being called.

    Whoever asks has undone it already: a claim passes over whom somebody contacted since the round began.
    """
    found = _locked(user)
    back = [pk for pk in found.called if pk in enrolments] if found else []
    if found is None or not back:
        return False
    found.called = [pk for pk in found.called if pk not in back]
    found.done -= len(back)
    found.left = [*back, *found.left]
    if found.current_id is None and found.paused_at is None:
        _claim(found)
    found.save()
    return True


@transaction.atomic
def pause(user: User) -> None:
    """The person goes back to the front of the list, and colleagues may call them."""
    found = _locked(user)
    if found and found.paused_at is None:
        if found.current_id is not None:
            found.left = [found.current_id, *found.left]
            _let_go(found)
        found.paused_at = timezone.now()
        found.save()


@transaction.atomic
def leave(user: User) -> str:
    """Everybody held is released. Returns the address of the list that the round began from."""
    found = _locked(user)
    leases.release_all(user)
    if found is None:
        return ""
    found.delete()
    return found.back


def _locked(user: User) -> CallRound | None:
    return CallRound.objects.select_for_update(of=("self",)).filter(user=user).first()


def _let_go(found: CallRound) -> None:
    account = PersonAccount.objects.filter(participant__enrolments=found.current_id).select_related("person").first()
    if account:
        leases.release(account.person, found.user)
    found.current = None


def _claim(found: CallRound) -> None:
    """Whom colleagues hold stays in the list, at its front; who is no longer the user's, or to be called, does not."""
    while True:
        claimed = leases.claim_next(found.user, found.left, since=found.started_at)
        rank = found.left.index(claimed.enrolment) if claimed else len(found.left)
        passed, after = found.left[:rank], found.left[rank + 1 :]
        found.left = [*(leases.still_to_call(passed, since=found.started_at) if passed else []), *after]
        if claimed is None:
            return
        if visible_enrolments(found.user).filter(pk=claimed.enrolment).exists():
            found.current = Enrolment.objects.get(pk=claimed.enrolment)
            return
        Lease.objects.filter(person=claimed.person, user=found.user).delete()


@dataclass(frozen=True)
class Summary:
    calls: int
    reached: int
    outcomes: list[tuple[str, int]]
    dropped: int
    """Who no longer needed a call when their turn came."""


def summary(found: CallRound) -> Summary:
    """Of the user's calls since the round began, each counted once whatever the number of courses."""
    calls = Contact.objects.filter(
        kind=Kind.CALL, author=found.user, created_at__gte=found.started_at, undone_by=None
    ).values_list("act", "outcome")
    outcomes = [Outcome(outcome) for outcome in dict(calls).values()]
    told = [(str(o.label), outcomes.count(o)) for o in Outcome if o in outcomes]
    waiting = len(found.left) + (found.current_id is not None)
    dropped = max(found.total - found.done - waiting, 0)
    return Summary(len(outcomes), sum(o in REACHED for o in outcomes), told, dropped)
