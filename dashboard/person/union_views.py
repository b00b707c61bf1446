"""Join two files, separate an account, take either back."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from dashboard import identity
from dashboard.courses.requests import LoggedIn
from dashboard.models import Person, PersonChange
from dashboard.person.answers import done, screen
from dashboard.person.details import schools
from dashboard.person.file import File, open_file
from dashboard.person.union import Side, candidates, changed_enrolments, may_change, names_differ
from dashboard.roster.answers import changed, redirected


@require_GET
def search(request: LoggedIn, pk: int) -> HttpResponse:
    """Whom this file may be joined with, among the people the user may see."""
    file = _open(request.user, pk)
    query = request.GET.get("q", "").strip()[:200]
    context = {"query": query, "found": candidates(file, query)}
    return screen(request, file, "dashboard/person/_join.html", context)


@require_http_methods(["GET", "POST"])
def join(request: LoggedIn, pk: int, other: int) -> HttpResponse:
    """Both files side by side; POST: one file."""
    file, theirs = _open(request.user, pk), _open(request.user, other)
    if file.person == theirs.person:
        raise Http404
    _require(request.user, file.person, theirs.person)
    if request.method == "POST":
        rows = changed_enrolments(request.user, [file.person, theirs.person])
        try:
            change = identity.merge(file.person, theirs.person, accounts=_posted(request, "account"), by=request.user)
        except identity.Overtaken:
            return _join_screen(request, file, theirs, overtaken=True)
        return done(request, pk, rows, message=_("One file now."), undo_url=_undo_url(change))
    return _join_screen(request, file, theirs)


def _join_screen(request: LoggedIn, file: File, theirs: File, *, overtaken: bool = False) -> HttpResponse:
    sides = [Side(file), Side(theirs)]
    context = {"sides": sides, "theirs": theirs, "names_differ": names_differ(*sides), "overtaken": overtaken}
    return screen(request, file, "dashboard/person/_join_confirm.html", context)


@require_http_methods(["GET", "POST"])
def separate(request: LoggedIn, pk: int) -> HttpResponse:
    """The account of this enrolment becomes a file of its own."""
    file = _open(request.user, pk)
    account = file.enrolment.participant
    if request.method == "POST":
        try:
            change = identity.split(
                file.person,
                account.pk,
                accounts=_posted(request, "account"),
                details=_posted(request, "detail"),
                by=request.user,
            )
        except identity.Overtaken:
            return _separate_screen(request, file, overtaken=True)
        rows = changed_enrolments(request.user, [file.person, open_file(request.user, pk).person])
        return done(request, pk, rows, message=_("Two files now."), undo_url=_undo_url(change))
    return _separate_screen(request, file)


def _separate_screen(request: LoggedIn, file: File, *, overtaken: bool = False) -> HttpResponse:
    side = Side(file)
    mine = file.enrolment.participant
    context = {
        "side": side,
        "account": mine,
        "alone": len(side.accounts) < 2,
        "leaving": [e for e in file.enrolments if e.participant == mine],
        "staying": [e for e in file.enrolments if e.participant != mine],
        "details": [way for way in [*side.ways, *schools(side.file)] if way.detail],
        "overtaken": overtaken,
    }
    return screen(request, file, "dashboard/person/_separate.html", context)


@require_POST
def undo(request: LoggedIn, act: UUID) -> HttpResponse:
    """By whoever may make such a change, not only by who made it: a read made some."""
    change = get_object_or_404(PersonChange.objects.select_related("kept", "other"), act=act)
    persons = [change.kept, change.other]
    rows = changed_enrolments(request.user, persons)
    if not rows or not may_change(request.user, *persons):
        raise Http404
    try:
        identity.undo(change, by=request.user)
    except identity.NotUndoable:
        return _answer(request, rows, _("Too late to undo: something happened since. Nothing was changed."), "warning")
    return _answer(request, rows, _("Undone."))


def _undo_url(change: PersonChange) -> str:
    return reverse("dashboard:undo-union", args=[change.act])


def _answer(request: LoggedIn, rows: list[int], message: str, level: str = "success") -> HttpResponse:
    if request.htmx:
        return changed(request, rows, message=message, level=level)
    return redirected(request, message, level=messages.WARNING if level == "warning" else messages.SUCCESS)


def _open(user: User, pk: int) -> File:
    file = open_file(user, pk)
    _require(user, file.person)
    return file


def _require(user: User, *persons: Person) -> None:
    if not may_change(user, *persons):
        raise PermissionDenied(
            _("Some accounts of this person are followed by others: ask a coordinator to join or separate them.")
        )


def _posted(request: LoggedIn, name: str) -> set[int]:
    return {int(pk) for pk in request.POST.getlist(name) if pk.isascii() and pk.isdigit() and len(pk) < 19}
