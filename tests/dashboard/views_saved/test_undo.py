"""Whatever is done to one's views is taken back, and an undo that comes too late changes nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import User
from dashboard import desk_changes
from dashboard.models import DeskChange, Preference, SavedView
from dashboard.views_saved import views

pytestmark = pytest.mark.django_db
TOAST = {"HX-Request": "true", "HX-Target": "toasts"}


@pytest.fixture(autouse=True)
def no_kept_counts() -> None:
    cache.clear()


@pytest.fixture
def own(tutor: User) -> list[SavedView]:
    names = enumerate(("A", "B", "C"))
    return [SavedView.objects.create(owner=tutor, name=n, query="state=todo", position=p) for p, n in names]


def state() -> list[Any]:
    """Of views and of how the list opens, as the user finds them."""
    kept = Preference.objects.values_list("default_view", flat=True).first() or ""
    return [kept, *SavedView.objects.filter(deleted_at=None).values_list("pk", "name", "query", "shared", "position")]


def done(client: Client, url: str, pk: int | None = None, /, **data: Any) -> str:
    """Returns where it is undone; blank: no undo is offered."""
    args = [] if pk is None else [pk]
    page = client.post(reverse(f"dashboard:{url}", args=args), data, follow=True)
    assert page.status_code == 200
    forms = html.document_fromstring(page.content.decode()).xpath("//*[@id='toasts']//form")
    return str(forms[0].get("action")) if forms else ""


ACTS: dict[str, Callable[[Client, list[SavedView]], str]] = {
    "saved": lambda client, own: done(client, "save-view", name="D", query="state=blocked", shared="on"),
    "renamed": lambda client, own: done(client, "change-view", own[0].pk, name="Autre"),
    "shared": lambda client, own: done(client, "change-view", own[0].pk, name="A", shared="on"),
    "filtered": lambda client, own: done(client, "refilter-view", own[0].pk, query="access=dormant"),
    "moved": lambda client, own: done(client, "move-view", own[2].pk, to="up"),
    "deleted": lambda client, own: done(client, "delete-view", own[1].pk),
    "default": lambda client, own: done(client, "default-view", view=str(own[0].pk)),
    "everybody by default": lambda client, own: done(client, "default-view", view="all"),
}


@pytest.mark.parametrize("what", ACTS)
def test_an_act_on_views_is_taken_back(claire: Client, tutor: User, own: list[SavedView], what: str) -> None:
    Preference.objects.create(user=tutor, default_view=str(own[1].pk))
    before = state()
    undo = ACTS[what](claire, own)
    assert state() != before, "the act did something"
    answer = claire.post(undo, headers=TOAST)
    assert b"<form" not in answer.content, "an undo is not undone in turn"
    assert answer["HX-Trigger"] == "acted", "the page reads itself again"
    assert state() == before
    assert "Trop tard" in claire.post(undo, headers=TOAST).content.decode()
    assert state() == before, "once is enough"


def test_undone_in_turn_from_the_last_to_the_first(claire: Client, own: list[SavedView]) -> None:
    before = [state()]
    undos = []
    for name in ("saved", "renamed", "moved", "deleted", "default"):
        undos.append(ACTS[name](claire, own))
        before.append(state())
    for undo in reversed(undos):
        assert state() == before.pop()
        claire.post(undo, headers=TOAST)
    assert state() == before.pop()


def test_an_undo_never_drops_what_was_done_since(claire: Client, own: list[SavedView]) -> None:
    shared = done(claire, "change-view", own[0].pk, name="A", shared="on")
    unshared = done(claire, "change-view", own[0].pk, name="A")
    done(claire, "refilter-view", own[0].pk, query="q=duval")
    before = state()
    for undo in (shared, unshared):
        assert "Trop tard" in claire.post(undo, headers=TOAST).content.decode()
    assert state() == before, "a search is never shared, not even by an undo"


def test_another_order_since_leaves_a_name_to_be_undone(claire: Client, own: list[SavedView]) -> None:
    renamed = done(claire, "change-view", own[0].pk, name="Autre")
    done(claire, "move-view", own[0].pk, to="down")
    claire.post(renamed, headers=TOAST)
    assert [view.name for view in SavedView.objects.all()] == ["B", "A", "C"]


def test_what_changes_nothing_offers_nothing(claire: Client, own: list[SavedView]) -> None:
    assert done(claire, "move-view", own[0].pk, to="up") == ""
    assert done(claire, "change-view", own[0].pk, name="A") == ""
    assert not DeskChange.objects.exists()


def test_nobody_elses_is_undone(claire: Client, client: Client, own: list[SavedView], samira: User) -> None:
    undo = done(claire, "delete-view", own[1].pk)
    client.force_login(samira)
    assert client.post(undo, headers=TOAST).status_code == 404
    assert SavedView.objects.filter(deleted_at=None).count() == 2


def test_after_a_day_nothing_is_left_of_it(claire: Client, own: list[SavedView]) -> None:
    done(claire, "delete-view", own[1].pk)
    views.forget_deleted()
    assert DeskChange.objects.count() == 1
    DeskChange.objects.update(at=timezone.now() - desk_changes.KEPT - timedelta(minutes=1))
    views.forget_deleted()
    assert not DeskChange.objects.exists()
