"""Previous and next: of the list the file was opened from, in its order, whatever page it stands on."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import User
from dashboard.enums import Outcome, State
from dashboard.follow_up import acts
from dashboard.models import FollowUp
from dashboard.roster import listing
from moodle_sync.models import Enrolment, Group
from tests.factories import EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db
BY_NAME = "/enseignants/?sort=teacher"


@pytest.fixture
def people(group: Group) -> list[Enrolment]:
    """30 of Claire's, in the order of their names: two pages of her list."""
    names = [f"P{n:02}" for n in range(30)]
    return [
        EnrolmentFactory(
            course=group.course, groups=[group], participant__first_name="Ana", participant__last_name=name,
            participant__full_name=f"Ana {name}",
        )
        for name in names
    ]  # fmt: skip


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client


def steps(client: Client, pk: int, address: str, **data: str) -> tuple[int | None, int | None, str]:
    """(previous, next, what is said) in the panel of `pk` beside the list at `address`."""
    headers = {"HX-Request": "true", "HX-Target": "panel", "HX-Current-URL": f"http://testserver{address}"}
    return read(client.get(reverse("dashboard:person", args=[pk]), data, headers=headers).content.decode())


def read(page: str) -> tuple[int | None, int | None, str]:
    [nav] = html.fromstring(page).xpath("//nav[@id='panel-place']")
    found = [nav.xpath(f".//a[@id='{name}']/@data-opens") for name in ("panel-previous", "panel-next")]
    first, last = (int(pks[0]) if pks else None for pks in found)
    return first, last, " ".join(nav.text_content().split())


def test_one_goes_on_to_the_next_page_of_the_same_order(claire: Client, people: list[Enrolment]) -> None:
    pks = [enrolment.pk for enrolment in people]
    assert steps(claire, pks[0], BY_NAME)[:2] == (None, pks[1])
    assert steps(claire, pks[24], BY_NAME)[:2] == (pks[23], pks[25])
    assert steps(claire, pks[25], f"{BY_NAME}&page=2&open={pks[24]}")[:2] == (pks[24], pks[26])
    assert steps(claire, pks[5], "/enseignants/?sort=-teacher")[:2] == (pks[6], pks[4])
    page = claire.get(f"{BY_NAME}&open={pks[25]}").content.decode()
    assert html.fromstring(page).get_element_by_id("panel-place").get("data-page") == "2", "the list turns to it"


def test_the_ends_say_so_and_a_filter_makes_another_list(claire: Client, people: list[Enrolment]) -> None:
    first, last, words = steps(claire, people[-1].pk, BY_NAME)
    assert (first, last) == (people[-2].pk, None)
    assert "Fin de la liste" in words
    assert "30 sur 30" in words
    assert steps(claire, people[3].pk, "/enseignants/?q=P03")[:2] == (None, None)
    assert "Hors de la liste" in steps(claire, people[3].pk, "/enseignants/?q=P04")[2]


@pytest.mark.parametrize("page", [1, 2])
def test_among_a_great_many_the_neighbours_are_those_about_the_page(
    client: Client, people: list[Enrolment], page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "FEW", 3)
    client.force_login(UserFactory(role="coordinator", sees_all=True))
    pks = [enrolment.pk for enrolment in people]
    assert steps(client, pks[24], f"{BY_NAME}&page={page}")[:2] == (pks[23], pks[25])
    assert steps(client, pks[0], f"{BY_NAME}&page={page}")[:2] == (None, pks[1])
    assert steps(client, pks[29], f"{BY_NAME}&page={page}")[:2] == (pks[28], None)


def test_who_left_the_list_by_what_was_saved_keeps_their_neighbours(claire: Client, people: list[Enrolment]) -> None:
    """Else the tutor who logs a call would have to find their place again."""
    before, one, after = people[3:6]
    address = f"/enseignants/?sort=teacher&state=todo&open={one.pk}"
    form = {"outcome": "will_connect", f"version_{one.pk}": "0", "before": str(before.pk), "after": str(after.pk)}
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{address}"}
    answer = claire.post(reverse("dashboard:call", args=[one.pk]), form, headers=headers)
    assert FollowUp.objects.get(enrolment=one).state == State.CONTACTED
    assert read(answer.content.decode())[:2] == (before.pk, after.pk)


def test_a_neighbour_that_is_nobodys_business_is_not_offered(claire: Client, people: list[Enrolment]) -> None:
    stranger = EnrolmentFactory()
    found = steps(claire, people[1].pk, BY_NAME, before=str(stranger.pk), after="12x")
    assert found[:2] == (None, None)


def test_the_queue_and_the_callbacks_are_lists_too(claire: Client, people: list[Enrolment], tutor: User) -> None:
    for n, enrolment in enumerate(people[:3]):
        agreed = acts.Call(Outcome.CALLBACK, chosen=timezone.now() + timedelta(hours=n + 1), callback_for=tutor.pk)
        acts.log_call(enrolment.participant.account.person, [(enrolment.follow_up, 0)], agreed, by=tutor)
    url = reverse("dashboard:person", args=[people[1].pk])
    opened = claire.get(url, headers={"Referer": "http://testserver/rappels/?whose=mine"})["Location"]
    assert opened == f"{url}?list={quote('/rappels/?whose=mine', safe='')}", "the address carries the list"
    page = html.fromstring(claire.get(opened).content.decode())
    for name, neighbour in (("panel-previous", people[0]), ("panel-next", people[2])):
        href = page.get_element_by_id(name).get("href")
        assert href == f"/enseignants/{neighbour.pk}/?list={quote('/rappels/?whose=mine', safe='')}"
    FollowUp.objects.filter(enrolment__in=people[:2]).update(due_at=timezone.now() - timedelta(hours=1))
    overdue = sorted(enrolment.pk for enrolment in people[:2])
    assert steps(claire, overdue[0], "/a-faire/")[:2] == (None, overdue[1])


@pytest.mark.parametrize(
    "listed", ["https://evil.example.org/enseignants/", "//evil.example.org/rappels/", "/sessions/", "http://[x"]
)
def test_only_ones_own_lists_are_followed(claire: Client, people: list[Enrolment], listed: str) -> None:
    page = claire.get(reverse("dashboard:person", args=[people[0].pk]), {"list": listed}).content.decode()
    assert "panel-place" not in page
    assert claire.get(reverse("dashboard:person", args=[people[0].pk]), headers={"Referer": listed}).status_code == 200
    assert not html.fromstring(page).xpath("//a[contains(@href, 'evil')]")
