"""What a tutor typed about a person and did not save yet: kept here, so that it survives whatever befalls the page."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict
from django.utils import timezone

from accounts.models import User
from dashboard.calls.questions import QUESTIONS, Answer
from dashboard.models import Contact, Draft, FollowUp, Lease, Person

KEPT_FOR = timedelta(days=30)
DROPPED_FOR = timedelta(days=1)
LONGEST = 2000
TYPED = ["outcome", "cause", "note", *(question.field for question in QUESTIONS)]
"""What makes a form worth keeping; the other fields always say something."""
KEPT = [*TYPED, "when", "date", "callback_for", "number", "also"]


def keep(user: User, person: Person, posted: QueryDict, *, follow_up: FollowUp, version: int) -> Draft | None:
    """None where there is nothing to keep.

    A page sends its draft when it is left, and that may arrive after what it saved: whoever has written on the
    follow-up since the version their form shows has saved that form.
    """
    saved = Contact.objects.filter(follow_up=follow_up, author=user, version__gt=version)
    answers = {name: [value[:LONGEST] for value in posted.getlist(name)][:100] for name in KEPT if name in posted}
    said = {value.strip() for name in TYPED for value in answers.get(name, [])}
    if saved.exists():
        forget(user, person)
        return None
    if not said - {"", Answer.UNASKED}:
        Draft.objects.filter(user=user, person=person, dropped_at=None).delete()
        return None
    answers["enrolment"] = [str(follow_up.enrolment_id)]
    values = {"answers": answers, "updated_at": timezone.now(), "dropped_at": None}
    return Draft.objects.update_or_create(user=user, person=person, defaults=values)[0]


def draft_of(user: User, person: Person) -> Draft | None:
    return Draft.objects.filter(user=user, person=person, dropped_at=None).first()


def forget(user: User, person: Person) -> None:
    Draft.objects.filter(user=user, person=person).delete()


def drop(user: User, person: Person) -> None:
    """As `forget`, by hand: it can be picked up again."""
    Draft.objects.filter(user=user, person=person).update(dropped_at=timezone.now())


def pick_up(user: User, person: Person) -> bool:
    """False where something else was typed, or saved, since."""
    return bool(Draft.objects.filter(user=user, person=person).exclude(dropped_at=None).update(dropped_at=None))


def forget_old() -> int:
    now = timezone.now()
    old = Q(updated_at__lt=now - KEPT_FOR) | Q(dropped_at__lt=now - DROPPED_FOR)
    return Draft.objects.filter(old).delete()[0]


def as_initial(draft: Draft, *, enrolment: int) -> dict[str, Any]:
    """For the form of `enrolment`; which other courses were ticked says nothing on the form of another one."""
    answers: Mapping[str, list[str]] = draft.answers
    initial: dict[str, Any] = {name: answers[name][0] for name in KEPT if name != "also" and answers.get(name)}
    if answers.get("enrolment") == [str(enrolment)]:
        initial["also"] = answers.get("also", [])
    return initial


def move(source: Person, target: Person) -> None:
    """Two files became one: what was typed about either, and who is calling them, stands for both."""
    Draft.objects.filter(person__in=[source, target]).exclude(dropped_at=None).delete()
    drafts = Draft.objects.filter(person=target, user=OuterRef("user"))
    Draft.objects.filter(~Exists(drafts), person=source).update(person=target)
    if not Lease.objects.filter(person=target).exists():
        Lease.objects.filter(person=source).update(person=target)
