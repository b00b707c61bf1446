"""Saving, naming, ordering and sharing views. Every form works without script."""

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Max, QuerySet
from django.http import HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from dashboard import preferences
from dashboard.courses.requests import LoggedIn
from dashboard.exports.words import filter_words
from dashboard.models import SavedView
from dashboard.roster.listing import Roster, shown
from dashboard.views_saved import counts
from dashboard.views_saved.forms import ViewForm
from dashboard.views_saved.shelf import EVERYBODY, View, renumber, shelf_of

MOST = 30
KEPT = timedelta(days=1)


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
        _say_errors(request, form)
        return redirect(f"{reverse('dashboard:roster')}?{view.query}" if view.query else "dashboard:roster")
    last = own.aggregate(last=Max("position"))["last"]
    view.position = 0 if last is None else last + 1
    form.save()
    messages.success(request, _("View “%(name)s” saved.") % {"name": view.name})
    return redirect(View(str(view.pk), view.name, view.query).url)


@require_POST
def change(request: LoggedIn, pk: int) -> HttpResponse:
    form = ViewForm(request.POST, instance=_one(request, pk))
    if form.is_valid():
        form.save()
        messages.success(request, _("View “%(name)s” saved.") % {"name": form.instance.name})
    else:
        _say_errors(request, form)
    return redirect("dashboard:views")


@require_POST
def refilter(request: LoggedIn, pk: int) -> HttpResponse:
    """The same view, with the filters, the columns and the order of now."""
    view = _one(request, pk)
    view.query = shown(request.user, QueryDict(request.POST.get("query", "")))
    form = ViewForm({"name": view.name, "shared": view.shared}, instance=view)
    if form.is_valid():
        form.save()
        messages.success(request, _("View “%(name)s” saved.") % {"name": view.name})
    else:
        _say_errors(request, form)
    return redirect(View(str(view.pk), view.name, view.query).url)


@require_POST
def move(request: LoggedIn, pk: int) -> HttpResponse:
    view, up = _one(request, pk), request.POST.get("to") == "up"
    own = list(_own(request))
    place = own.index(view)
    own.insert(max(place - 1, 0) if up else place + 1, own.pop(place))
    renumber(own)
    return redirect(f"{reverse('dashboard:views')}#view-{pk}")


@require_POST
def delete(request: LoggedIn, pk: int) -> HttpResponse:
    view = _one(request, pk)
    SavedView.objects.filter(pk=pk).update(deleted_at=timezone.now())
    undo = reverse("dashboard:restore-view", args=[pk])
    messages.success(request, _("View “%(name)s” deleted.") % {"name": view.name}, extra_tags=undo)
    return redirect("dashboard:views")


@require_POST
def restore(request: LoggedIn, pk: int) -> HttpResponse:
    """With its place and its sharing."""
    _only_who_follows(request)
    view = get_object_or_404(SavedView, pk=pk, owner=request.user)
    SavedView.objects.filter(pk=pk).update(deleted_at=None)
    messages.success(request, _("View “%(name)s” is back.") % {"name": view.name})
    address = reverse("dashboard:views")
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


@require_POST
def choose_default(request: LoggedIn) -> HttpResponse:
    _only_who_follows(request)
    key = request.POST.get("view", "")
    if key != EVERYBODY and shelf_of(request.user).find(key) is None:
        return HttpResponseBadRequest()
    preferences.keep(request.user, default_view="" if key == EVERYBODY else key)
    messages.success(request, _("Saved: the list of teachers opens like this from now on."))
    return redirect("dashboard:views")


def forget_deleted() -> int:
    """Returns how many views."""
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


def _words(request: LoggedIn, view: View) -> tuple[str, bool]:
    """Its filters, and whether some of them mean nothing any more."""
    roster = Roster.of(request.user, QueryDict(view.query))
    return filter_words(roster, with_search=view.mine), roster.filter.ignored


def _only_who_follows(request: LoggedIn) -> None:
    if not request.user.follows_people:
        raise PermissionDenied(_("Named people are for those who follow them: tutors and coordinators."))


def _own(request: LoggedIn) -> QuerySet[SavedView]:
    return SavedView.objects.filter(owner=request.user, deleted_at=None)


def _one(request: LoggedIn, pk: int) -> SavedView:
    _only_who_follows(request)
    return get_object_or_404(SavedView, pk=pk, owner=request.user, deleted_at=None)


def _say_errors(request: LoggedIn, form: ViewForm) -> None:
    for errors in form.errors.values():
        for error in errors:
            messages.error(request, str(error))
