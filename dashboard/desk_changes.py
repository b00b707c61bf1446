"""What a user changes of their own desk, its views and its list, is noted with what it was, to take it back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from dashboard import preferences
from dashboard.models import DeskChange, Preference, SavedView

KEPT = timedelta(days=1)
OF_A_VIEW = ["name", "query", "shared", "position"]
OF_THE_LIST = ["column_order", "hidden_columns", "sort", "density", "page_size", "default_view"]
State = dict[str, dict[str, Any]]


class TooLate(Exception):
    """What was changed is another by now, or was taken back already. Nothing was written."""


@contextmanager
def noted(user: User) -> Iterator[DeskChange]:
    """Whatever is done inside is one change: its `undo_url` is known afterwards."""
    with transaction.atomic():
        before, change = _locked(user), DeskChange(user=user, before={}, after={})
        yield change
        after = _state(user)
        for pk, view in after["views"].items():
            before["views"].setdefault(pk, view | {"deleted": True})  # without the change it would not be there
        for part, found in after.items():
            touched = [key for key, value in found.items() if before[part][key] != value]
            change.after[part] = {key: found[key] for key in touched}
            change.before[part] = {key: before[part][key] for key in touched}
        if change.undo_url:
            change.save()


@transaction.atomic
def take_back(act: UUID, *, by: User) -> DeskChange:
    """Returns what was taken back. Raises DeskChange.DoesNotExist for what is not theirs, and TooLate."""
    now = _locked(by)
    change = DeskChange.objects.get(act=act, user=by)
    for pk, after in change.after["views"].items():
        # Another order since leaves a new name or filters as they are: but for those, a view is one thing.
        moved = change.before["views"][pk]["position"] != after["position"]
        if _but_place(now["views"].get(pk, {}), moved) != _but_place(after, moved):
            raise TooLate
    if any(now["list"][name] != value for name, value in change.after["list"].items()):
        raise TooLate
    for pk, after in change.after["views"].items():
        before = change.before["views"][pk]
        values = {name: before[name] for name in OF_A_VIEW if before[name] != after[name]}
        deleted_at = timezone.now() if before["deleted"] else None
        SavedView.objects.filter(pk=pk, owner=by).update(**values, deleted_at=deleted_at)
    if change.before["list"]:
        preferences.keep(by, **change.before["list"])
    return change


def forget_old() -> None:
    DeskChange.objects.filter(at__lt=timezone.now() - KEPT).delete()


def _locked(user: User) -> State:
    """One change of a user's after the other."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    return _state(user)


def _state(user: User) -> State:
    kept = Preference.objects.filter(user=user).first() or Preference(user=user)
    views = {
        str(view.pk): {name: getattr(view, name) for name in OF_A_VIEW} | {"deleted": view.deleted_at is not None}
        for view in SavedView.objects.filter(owner=user)
    }
    return {"views": views, "list": {name: getattr(kept, name) for name in OF_THE_LIST}}


def _but_place(view: dict[str, Any], moved: bool) -> dict[str, Any]:
    return {name: value for name, value in view.items() if moved or name != "position"}
