"""Saving, naming, ordering and sharing views. Every form works without script."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Max, QuerySet
from django.http import Http404, HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from dashboard import desk_changes, preferences
from dashboard.courses.requests import LoggedIn
from dashboard.desk_changes import KEPT, noted
from dashboard.exports.words import filter_words
from dashboard.models import DeskChange, SavedView
from dashboard.roster.answers import answer
from dashboard.roster.filters import RosterFilter
from dashboard.roster.listing import Roster, shown
from dashboard.views_saved import counts
from dashboard.views_saved.forms import LONGEST, ViewForm
from dashboard.views_saved.shelf import EVERYBODY, View, renumber, shelf_of

MOST = 30


@never_cache
@require_GET
def views(request: LoggedIn) -> HttpResponse:
    _only_who_follows(request)
    return _page(request)


@never_cache
@require_GET
def figures(request: LoggedIn) -> HttpResponse:
    """Of the views in the side bar: fetched after the page, and again after an act."""
    _only_who_follows(request)
    shelf = shelf_of(request.user)
    return render(
        request, "dashboard/views_saved/_side.html", {"shelf": shelf, "counts": counts.counted(request.user, shelf.all)}
    )


@require_POST
def save(request: LoggedIn) -> HttpResponse:
    """The list that the address shows, under a name."""
    _only_who_follows(request)
    own = _own(request)
    view = SavedView(owner=request.user, query=shown(request.user, QueryDict(request.POST.get("query", ""))))
    if own.count() >= MOST:
        messages.error(request, _("You have %(n)s views already: delete one first.") % {"n": MOST})
        return redirect("dashboard:views")
    form = ViewForm(request.POST, instance=view)
    if not form.is_valid():
        return _refused(request, form)
    last = own.aggregate(last=Max("position"))["last"]
    view.position = 0 if last is None else last + 1
    return _saved(request, form, shows_it=True)


@require_POST
def change(request: LoggedIn, pk: int) -> HttpResponse:
    view = _one(request, pk)
    if view.deleted_at:
        return _deleted(request, view)
    form = ViewForm(request.POST, instance=view)
    if form.is_valid():
        return _saved(request, form)
    _say_errors(request, form)
    return redirect("dashboard:views")


@require_POST
def refilter(request: LoggedIn, pk: int) -> HttpResponse:
    """The same view, with the filters, the columns and the order of now."""
    view = _one(request, pk)
    if view.deleted_at:
        return _deleted(request, view)
    view.query = shown(request.user, QueryDict(request.POST.get("query", "")))
    form = ViewForm({"name": view.name, "shared": view.shared}, instance=view)
    if form.is_valid():
        return _saved(request, form, shows_it=True)
    return _refused(request, form)


@require_POST
def move(request: LoggedIn, pk: int) -> HttpResponse:
    view, up = _one(request, pk), request.POST.get("to") == "up"
    if view.deleted_at:
        return _deleted(request, view)
    with noted(request.user) as change:
        own = list(_own(request))
        place = own.index(view)
        own.insert(max(place - 1, 0) if up else place + 1, own.pop(place))
        renumber(own)
    if change.undo_url:
        messages.success(request, _("View “%(name)s” moved.") % {"name": view.name}, extra_tags=change.undo_url)
    return redirect(f"{reverse('dashboard:views')}#view-{pk}")


@require_POST
def delete(request: LoggedIn, pk: int) -> HttpResponse:
    view = _one(request, pk)
    if view.deleted_at:
        return _deleted(request, view)
    with noted(request.user) as change:
        SavedView.objects.filter(pk=pk).update(deleted_at=timezone.now())
    messages.success(request, _("View “%(name)s” deleted.") % {"name": view.name}, extra_tags=change.undo_url)
    return redirect("dashboard:views")


@require_POST
def undo(request: LoggedIn, act: UUID) -> HttpResponse:
    """Of one's views, or of how one's list looks. The page that shows them reads itself again."""
    _only_who_follows(request)
    try:
        change = desk_changes.take_back(act, by=request.user)
    except DeskChange.DoesNotExist as exc:
        raise Http404 from exc
    except desk_changes.TooLate:
        words = _("Too late to undo: something happened since. Nothing was changed.")
        return answer(request, [], words, level="warning")
    return answer(request, [], _undone(change))


def _undone(change: DeskChange) -> str:
    """By its name: the key may take back what was done on another page, minutes ago."""
    for view in change.before["views"].values():
        if view["deleted"]:
            return _("Undone: the view “%(name)s” is no longer kept.") % {"name": view["name"]}
        if view["name"]:
            return _("Undone: the view “%(name)s” is as before.") % {"name": view["name"]}
    return _("Undone: the list looks as before.")


@require_POST
def choose_default(request: LoggedIn) -> HttpResponse:
    _only_who_follows(request)
    key = request.POST.get("view", "")
    if key != EVERYBODY and shelf_of(request.user).find(key) is None:
        return HttpResponseBadRequest()
    with noted(request.user) as change:
        preferences.keep(request.user, default_view="" if key == EVERYBODY else key)
    words = _("Saved: the list of teachers opens like this from now on.")
    messages.success(request, words, extra_tags=change.undo_url)
    return redirect("dashboard:views")


def _saved(request: LoggedIn, form: ViewForm, *, shows_it: bool = False) -> HttpResponse:
    with noted(request.user) as change:
        view = form.save()
    messages.success(request, _("View “%(name)s” saved.") % {"name": view.name}, extra_tags=change.undo_url)
    return redirect(View(str(view.pk), view.name, view.query).url if shows_it else "dashboard:views")


def forget_deleted() -> int:
    """What was deleted or changed more than a day ago can no longer be taken back. Returns how many views."""
    desk_changes.forget_old()
    number, _by_model = SavedView.objects.filter(deleted_at__lt=timezone.now() - KEPT).delete()
    return number


def _page(request: LoggedIn) -> HttpResponse:
    shelf, user = shelf_of(request.user), request.user
    found = counts.counted(user, shelf.all)
    lines = [(view, _words(request, view), found[view.key]) for view in shelf.all]
    context = {
        "mine": [line for line in lines if line[0].mine],
        "shipped": [line for line in lines if line[0].saved is None],
        "theirs": [line for line in lines if line[0].saved and not line[0].mine],
        "default": preferences.of(user).default_view or EVERYBODY,
    }
    return render(request, "dashboard/views_saved/list.html", context)


def _words(request: LoggedIn, view: View) -> tuple[str, RosterFilter]:
    """Its filters, also as they are understood: some may mean nothing any more."""
    roster = Roster.of(request.user, QueryDict(view.query))
    return filter_words(roster, with_search=view.mine), roster.filter


def _only_who_follows(request: LoggedIn) -> None:
    if not request.user.follows_people:
        raise PermissionDenied(_("Named people are for those who follow them: tutors and coordinators."))


def _own(request: LoggedIn) -> QuerySet[SavedView]:
    return SavedView.objects.filter(owner=request.user, deleted_at=None)


def _one(request: LoggedIn, pk: int) -> SavedView:
    """One's own, even one that another tab deleted."""
    _only_who_follows(request)
    return get_object_or_404(SavedView, pk=pk, owner=request.user)


def _deleted(request: LoggedIn, view: SavedView) -> HttpResponse:
    name = " ".join(request.POST.get("name", "").split())
    if name and name != view.name:
        words = _(
            "View “%(name)s” was deleted meanwhile, in another tab. The name you typed, “%(typed)s”, was not saved."
        )
    else:
        words = _("View “%(name)s” was deleted meanwhile, in another tab. Nothing was changed.")
    messages.warning(request, words % {"name": view.name, "typed": name})
    return redirect("dashboard:views")


def _refused(request: LoggedIn, form: ViewForm) -> HttpResponse:
    """Back to the list that was to be kept, if its address can be followed."""
    _say_errors(request, form)
    view = form.instance
    if len(view.query) > LONGEST:
        return redirect("dashboard:views")
    if view.pk:
        return redirect(View(str(view.pk), view.name, view.query).url)
    return redirect(f"{reverse('dashboard:roster')}?{view.query}" if view.query else "dashboard:roster")


def _say_errors(request: LoggedIn, form: ViewForm) -> None:
    for errors in form.errors.values():
        for error in errors:
            messages.error(request, str(error))
