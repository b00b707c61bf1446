"""Taking back one's own act: whole, or from a person's timeline for that person."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.bulk import views as bulk_views
from dashboard.bulk.words import undone_words
from dashboard.calls import rounds
from dashboard.courses.requests import LoggedIn
from dashboard.follow_up import many, moves
from dashboard.models import BulkAct, Contact, PersonAccount
from dashboard.roster.answers import answer
from dashboard.scope import undoable


@require_POST
def undo(request: LoggedIn, act: UUID) -> HttpResponse:
    """`enrolment`: of an act on many people, for the person of this one only."""
    of = request.POST.get("enrolment", "")
    bulk = BulkAct.objects.filter(pk=act, user=request.user).first()
    if bulk and not of:
        return bulk_views.undo(request, bulk)
    try:
        return _of_many(request, act) if not of and _touched_many(act) else _of_one(request, act, _person(of))
    except Contact.DoesNotExist as exc:
        raise Http404 from exc


def _of_one(request: LoggedIn, act: UUID, person: int | None) -> HttpResponse:
    seen = undoable(request.user, act)
    try:
        back = moves.undo(act, by=request.user, among=seen.values_list("pk", flat=True), person=person)
    except moves.OutOfReach as exc:
        words = _("Not undone: it was for “%(courses)s” too, where this person is no longer yours.")
        courses = ", ".join(str(entry.follow_up.enrolment.course) for entry in exc.entries)
        return answer(request, [], words % {"courses": courses}, level="warning")
    except moves.NotUndoable:
        words = _("Too late to undo: something happened since. Nothing was changed.")
        return answer(request, list(seen.values_list("enrolment", flat=True)), words, level="warning")
    ids = [follow_up.enrolment_id for follow_up in back]
    again = rounds.call_again(request.user, ids)
    words = _("Undone. In call mode, this person comes next.") if again else _("Undone.")
    return answer(request, ids, words)


def _of_many(request: LoggedIn, act: UUID) -> HttpResponse:
    """A reminder, people handed over. One of them who was called since does not keep all the others."""
    seen = undoable(request.user, act).values_list("pk", flat=True)
    undone, kept = many.undo_act(act, by=request.user, among=seen)
    words = undone_words(len(undone), len(kept))
    return answer(request, [*undone, *kept], words, level="warning" if kept else "success")


def _touched_many(act: UUID) -> bool:
    persons = Contact.objects.filter(act=act).values("follow_up__enrolment__participant__account__person")
    return len(persons.distinct()[:2]) > 1


def _person(enrolment: str) -> int | None:
    """Raises Http404 where nobody has this enrolment."""
    if not enrolment:
        return None
    if not (enrolment.isascii() and enrolment.isdigit() and len(enrolment) < 19):
        raise Http404
    account = PersonAccount.objects.filter(participant__enrolments=int(enrolment)).first()
    if account is None:
        raise Http404
    return account.person_id
