"""Saved views: filters under a name, whose they are, who sees them, and what they say when something is gone."""

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import User
from dashboard import desk_changes
from dashboard.enums import Channel, State
from dashboard.models import FollowUp, Preference, SavedView
from dashboard.roster.listing import Roster
from dashboard.views_saved import views
from dashboard.views_saved.counts import counted
from dashboard.views_saved.shelf import SHIPPED, Shelf, View, seen_by, shelf_of
from moodle_sync.enums import EPOCH
from moodle_sync.models import Course, Enrolment, Group
from tests.factories import AssignmentFactory, CourseFactory, EnrolmentFactory, SiteFactory, UserFactory

pytestmark = pytest.mark.django_db
ROSTER = "/enseignants/"
MARKED = "//nav[contains(@class, 'views')]/a[@aria-current]"


@pytest.fixture(autouse=True)
def no_kept_counts() -> None:
    cache.clear()


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def save(client: Client, name: str = "Ma vue", query: str = "state=todo", **more: Any) -> SavedView:
    client.post(reverse("dashboard:save-view"), {"name": name, "query": query, **more})
    return SavedView.objects.latest("pk")


def filters(query: str) -> str:
    """Without the columns, which are many."""
    return re.sub("columns=[^&]*&", "", query)


def text_of(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return " ".join(html.document_fromstring(response.content.decode()).text_content().split())


def test_a_view_keeps_filters_and_order_but_no_page(claire: Client, tutor: User) -> None:
    view = save(claire, query="state=todo&page=3&open=12&sort=-teacher&view=remind&q=")
    assert filters(view.query) == "sort=-teacher&state=todo"
    assert view.owner == tutor


def test_a_view_keeps_the_columns_and_the_order_it_was_saved_with(claire: Client, tutor: User) -> None:
    Preference.objects.create(user=tutor, sort="-teacher", hidden_columns=["place"], column_order=["state"])
    view = save(claire)
    Preference.objects.update(sort="", hidden_columns=[], column_order=[])
    again = User.objects.get(pk=tutor.pk)
    display = Roster.of(again, QueryDict(view.query)).display
    assert (display.sort, display.columns[0], "place" in display.columns) == ("-teacher", "state", False)
    assert "modifiée" not in text_of(claire, View(str(view.pk), view.name, view.query).url)


def test_the_open_view_is_marked_in_the_side_bar(claire: Client) -> None:
    view = save(claire)
    for url, headers in (
        (f"{ROSTER}?state=todo&view={view.pk}", {}),
        ("/vues/nombres/", {"HX-Request": "true", "HX-Current-URL": f"http://testserver{ROSTER}?view={view.pk}"}),
    ):
        page = html.document_fromstring(claire.get(url, headers=headers).content.decode())
        assert page.xpath(f"{MARKED}/span[@class='t']/text()") == ["Ma vue"]
    page = html.document_fromstring(claire.get("/vues/?view=1").content.decode())
    assert not page.xpath(MARKED)


def test_the_address_of_a_view_holds_its_filters(claire: Client) -> None:
    view = save(claire)
    response = claire.post(reverse("dashboard:save-view"), {"name": "Autre", "query": "state=todo"})
    assert filters(response["Location"]) == f"{ROSTER}?sort=next&state=todo&view={view.pk + 1}"


def test_the_page_says_which_view_is_open_and_whether_it_was_changed(claire: Client, group: Group) -> None:
    EnrolmentFactory(course=group.course, groups=[group])
    view = save(claire)
    assert "modifiée" not in text_of(claire, f"{ROSTER}?state=todo&view={view.pk}")
    page = text_of(claire, f"{ROSTER}?state=todo&access=dormant&view={view.pk}")
    assert "Vue : Ma vue · modifiée" in page.replace("\u00a0", " ")
    claire.post(reverse("dashboard:refilter-view", args=[view.pk]), {"query": f"access=dormant&view={view.pk}"})
    view.refresh_from_db()
    assert filters(view.query) == "access=dormant&sort=next"


def test_a_deleted_view_says_so_and_its_filters_stay(claire: Client, group: Group) -> None:
    EnrolmentFactory(course=group.course, groups=[group], follow_up__state=State.WAITING)
    view = save(claire)
    claire.post(reverse("dashboard:delete-view", args=[view.pk]))
    page = text_of(claire, f"{ROSTER}?state=todo&view={view.pk}")
    assert "Cette vue a été supprimée" in page
    assert "0 enseignant" in page.replace("\u00a0", " ")


def test_what_was_deleted_is_forgotten_after_a_day(claire: Client) -> None:
    view = save(claire)
    claire.post(reverse("dashboard:delete-view", args=[view.pk]))
    assert views.forget_deleted() == 0
    SavedView.objects.update(deleted_at=timezone.now() - desk_changes.KEPT * 2)
    assert views.forget_deleted() == 1


def test_order_by_buttons(claire: Client, tutor: User) -> None:
    first, _second, third = (save(claire, name) for name in ("A", "B", "C"))
    move = reverse("dashboard:move-view", args=[third.pk])
    claire.post(move, {"to": "up"})
    claire.post(move, {"to": "up"})
    claire.post(move, {"to": "up"})
    claire.post(reverse("dashboard:move-view", args=[first.pk]), {"to": "down"})
    assert list(SavedView.objects.filter(owner=tutor).values_list("name", flat=True)) == ["C", "B", "A"]


def test_names_are_escaped_everywhere(claire: Client) -> None:
    view = save(claire, "<b>x</b>")
    for url in (ROSTER, reverse("dashboard:views"), f"{ROSTER}?state=todo&view={view.pk}"):
        page = claire.get(url).content.decode()
        assert "<b>x</b>" not in page
        assert "&lt;b&gt;x&lt;/b&gt;" in page


@pytest.mark.parametrize("name", ["", "   ", "x" * 61])
def test_a_view_has_a_name(claire: Client, name: str) -> None:
    claire.post(reverse("dashboard:save-view"), {"name": name, "query": "state=todo"})
    assert not SavedView.objects.exists()


def test_filters_that_no_address_holds_are_refused_in_words(claire: Client) -> None:
    """A redirect to such an address would be an error, after the view was saved."""
    query = "&".join(f"course={10**9 + pk}" for pk in range(900))
    view = save(claire)
    for url in (reverse("dashboard:save-view"), reverse("dashboard:refilter-view", args=[view.pk])):
        page = claire.post(url, {"name": "Trop", "query": query}, follow=True)
        assert "trop de filtres" in page.content.decode()
    assert [filters(kept.query) for kept in SavedView.objects.all()] == [filters(view.query)]


def test_a_search_is_never_shared(claire: Client) -> None:
    claire.post(reverse("dashboard:save-view"), {"name": "Duval", "query": "q=duval", "shared": "on"})
    assert not SavedView.objects.exists()
    view = save(claire, shared="on")
    claire.post(reverse("dashboard:refilter-view", args=[view.pk]), {"query": "q=duval"})
    view.refresh_from_db()
    assert filters(view.query) == "sort=next&state=todo"


def test_shared_with_those_of_the_same_platform(
    claire: Client, course: Course, other_tutor: User, coordinator: User, other_coordinator: User, observer: User
) -> None:
    view = save(claire, shared="on")
    elsewhere = UserFactory(email="loin@example.org")
    AssignmentFactory(user=elsewhere, course=CourseFactory(site=SiteFactory()))
    assert list(seen_by(other_tutor)) == [view]
    assert list(seen_by(coordinator)) == [view]
    for user in (elsewhere, other_coordinator, observer):
        assert list(seen_by(user)) == []
    save(client_of(coordinator), "De Paul", shared="on")
    assert [one.name for one in seen_by(elsewhere)] == ["De Paul"], "Paul coordinates everything"


def test_each_counts_their_own_people(
    claire: Client, group: Group, tutor: User, other_tutor: User, course: Course
) -> None:
    EnrolmentFactory.create_batch(2, course=course, groups=[group], follow_up__state=State.BLOCKED, **_due())
    theirs = other_tutor.assignments.get().group
    EnrolmentFactory(course=course, groups=[theirs], follow_up__state=State.BLOCKED, **_due())
    assert counted(tutor, SHIPPED)["blocked"] == 2
    assert counted(other_tutor, SHIPPED)["blocked"] == 1


def _due() -> dict[str, Any]:
    return {"follow_up__due_at": timezone.now()}


def test_the_shipped_views_hold_whom_their_names_say(tutor: User, other_tutor: User, group: Group) -> None:
    def one(state: State, **fields: Any) -> Enrolment:
        stamps = {"last_course_access": EPOCH, "last_site_access": EPOCH}
        made: Enrolment = EnrolmentFactory(
            course=group.course, groups=[group], follow_up__state=state, **stamps, **_due()
        )
        FollowUp.objects.filter(enrolment=made).update(**fields)
        return made

    one(State.TODO, next_channel=Channel.EMAIL)
    one(State.TODO, next_channel=Channel.CALL)
    one(State.TODO, next_channel=Channel.CALL)
    one(State.CALLBACK, callback_for=tutor)
    one(State.CALLBACK)
    one(State.CALLBACK, callback_for=other_tutor)
    found = counted(tutor, SHIPPED)
    assert (found["remind"], found["call"], found["callbacks"], found["blocked"]) == (1, 2, 2, 0)
    assert found["quiet"] == 6, "never contacted is not contacted either"


def test_the_default_opens_the_list_and_everybody_stays_a_click_away(claire: Client, group: Group) -> None:
    EnrolmentFactory(course=group.course, groups=[group])
    view = save(claire)
    claire.post(reverse("dashboard:default-view"), {"view": str(view.pk)})
    assert filters(claire.get(ROSTER)["Location"]) == f"{ROSTER}?sort=next&state=todo&view={view.pk}"
    assert claire.get(f"{ROSTER}?view=all").status_code == 200
    page = html.document_fromstring(claire.get(f"{ROSTER}?state=todo").content.decode())
    assert page.xpath("//*[@id='chip-state-todo']/@href") == [f"{ROSTER}?view=all"], "the bare address is of the view"
    claire.post(reverse("dashboard:delete-view", args=[view.pk]), follow=True)
    assert ["n’est plus partagée" in text_of(claire, ROSTER) for _visit in range(2)] == [True, False], "said once"
    assert claire.post(reverse("dashboard:default-view"), {"view": "999"}).status_code == 400


def test_what_is_gone_is_said_and_the_rest_is_shown(claire: Client, group: Group, tutor: User) -> None:
    other = CourseFactory(site=group.course.site, full_name="Autre session")
    AssignmentFactory(user=tutor, course=other)
    EnrolmentFactory(course=group.course, groups=[group], participant__full_name="Ève Restante")
    EnrolmentFactory(course=other, participant__full_name="Jean Parti")
    third = CourseFactory(site=group.course.site)
    AssignmentFactory(user=tutor, course=third)
    EnrolmentFactory(course=third, participant__full_name="Hors Vue")
    view = save(claire, query=f"course={group.course.pk}&course={other.pk}")
    Course.objects.filter(pk=other.pk).update(followed=False)
    page = text_of(claire, f"{ROSTER}?{view.query}&view={view.pk}").replace("\u00a0", " ")
    assert "Session : un choix n’existe plus" in page
    assert "Ève Restante" in page
    assert "Hors Vue" not in page
    assert "Une partie de ses filtres n’existe plus" in text_of(claire, reverse("dashboard:views"))


def test_only_the_owner_changes_a_view(claire: Client, other_tutor: User) -> None:
    view = save(claire, shared="on")
    samir = client_of(other_tutor)
    for name in ("change-view", "refilter-view", "move-view", "delete-view"):
        assert samir.post(reverse(f"dashboard:{name}", args=[view.pk]), {"name": "X"}).status_code == 404
    assert SavedView.objects.get().name == "Ma vue"
    assert isinstance(shelf_of(other_tutor), Shelf)


def test_two_views_of_one_person_never_read_alike(claire: Client, tutor: User) -> None:
    save(claire, "Ma vue")
    save(claire, " ma  VUE ", query="state=blocked")
    other = save(claire, "Une autre")
    claire.post(reverse("dashboard:change-view", args=[other.pk]), {"name": "ma vue"})
    claire.post(reverse("dashboard:change-view", args=[other.pk]), {"name": "Une autre", "shared": "on"})

    assert list(SavedView.objects.order_by("pk").values_list("name", "shared")) == [
        ("Ma vue", False),
        ("Une autre", True),
    ]


@pytest.mark.parametrize("name", ["change-view", "refilter-view", "move-view", "delete-view"])
def test_a_view_that_another_tab_deleted_is_told_with_the_name_that_was_typed(claire: Client, name: str) -> None:
    view = save(claire, "Ancienne")
    claire.post(reverse("dashboard:delete-view", args=[view.pk]))
    claire.get(reverse("dashboard:views"))
    response = claire.post(reverse(f"dashboard:{name}", args=[view.pk]), {"name": "Nouveau nom"}, follow=True)
    assert response.redirect_chain == [(reverse("dashboard:views"), 302)]
    assert "Ancienne" in response.text
    assert "Nouveau nom" in response.text
    assert SavedView.objects.get(pk=view.pk).deleted_at
