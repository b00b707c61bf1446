"""Laws of the row's buttons."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import User
from dashboard.enums import Kind, State
from dashboard.follow_up import acts
from dashboard.models import Contact, FollowUp
from moodle_sync.models import Enrolment
from tests.dashboard.roster.conftest import MakePeople, names, parsed
from tests.dashboard.roster.swap import normalised, swap
from tests.factories import EnrolmentFactory


def htmx(client: Client, url: str, shown: str, **data: object) -> html.HtmlElement:
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{shown}"}
    return client.post(url, data, headers=headers)


def contacted(enrolment: Enrolment) -> str:
    return reverse("dashboard:mark-contacted", args=[enrolment.pk])


@pytest.mark.parametrize(
    "shown",
    ["/enseignants/", "/enseignants/?state=todo", "/enseignants/?sort=-teacher&page=2", "/enseignants/?access=active"],
)
def test_a_swap_equals_a_reload(claire: Client, people: MakePeople, shown: str) -> None:
    enrolment = people(27)[3]
    page = parsed(claire, shown)
    answer = htmx(claire, contacted(enrolment), shown, version=0)
    assert answer.status_code == 200
    swap(page, answer.content.decode())
    assert normalised(page) == normalised(parsed(claire, shown))


def test_undo_brings_the_page_back(claire: Client, people: MakePeople) -> None:
    [enrolment, _other] = people(2)
    before = normalised(parsed(claire, "/enseignants/"))
    page = parsed(claire, "/enseignants/")
    swap(page, htmx(claire, contacted(enrolment), "/enseignants/", version=0).content.decode())
    [undo] = page.xpath("//*[@id='toasts']//form/@action")
    swap(page, htmx(claire, undo, "/enseignants/").content.decode())
    # The version moved on twice, nothing else.
    after = normalised(page).replace('value="2"', 'value="0"').replace('stamp="2-0"', 'stamp="0-0"')
    assert after.replace(f'value="{enrolment.pk}:2"', f'value="{enrolment.pk}:0"') == before


def test_an_undo_that_takes_the_person_out_of_sight_empties_the_panel(
    claire: Client, tutor: User, people: MakePeople
) -> None:
    """The act had made the tutor the assignee, by which alone the person could still be seen."""
    [enrolment, _other] = people(2)
    shown = f"/enseignants/?open={enrolment.pk}"
    act = acts.mark_contacted(enrolment.follow_up, by=tutor, version=0).act
    tutor.assignments.update(ended_at=timezone.now())
    page = parsed(claire, shown)
    assert page.xpath("//*[@id='panel']/aside")
    answer = htmx(claire, reverse("dashboard:undo", args=[act]), shown)
    assert answer.status_code == 200
    swap(page, answer.content.decode())
    assert FollowUp.objects.get(enrolment=enrolment).assignee is None
    assert not page.xpath("//*[@id='panel']/aside")


def test_a_row_that_somebody_else_moved_stays_as_it_is(claire: Client, people: MakePeople, other_tutor: User) -> None:
    [enrolment] = people(1)
    acts.add_note(enrolment.follow_up, "vu", by=other_tutor)
    answer = htmx(claire, contacted(enrolment), "/enseignants/", version=0).content.decode()
    assert 'name="version" value="1"' in answer
    assert FollowUp.objects.get(enrolment=enrolment).state == State.TODO
    assert Contact.objects.filter(kind=Kind.CONTACTED).count() == 0


@pytest.mark.parametrize("version", ["", "x", "-3", "999999999999999999999999", "9" * 5000])
def test_a_strange_version_changes_nothing(claire: Client, people: MakePeople, version: str) -> None:
    [enrolment] = people(1)
    assert htmx(claire, contacted(enrolment), "/enseignants/", version=version).status_code == 200
    assert not Contact.objects.exists()


def test_undo_is_refused_once_something_happened(claire: Client, people: MakePeople, other_tutor: User) -> None:
    [enrolment] = people(1)
    htmx(claire, contacted(enrolment), "/enseignants/", version=0)
    act = Contact.objects.get().act
    acts.add_note(FollowUp.objects.get(enrolment=enrolment), "vu", by=other_tutor)
    answer = htmx(claire, reverse("dashboard:undo", args=[act]), "/enseignants/")
    assert answer.status_code == 200
    assert FollowUp.objects.get(enrolment=enrolment).state == State.CONTACTED


def test_a_strangers_row_is_not_found(claire: Client, people: MakePeople) -> None:
    people(1)
    stranger = EnrolmentFactory.create()
    assert htmx(claire, contacted(stranger), "/enseignants/", version=0).status_code == 404
    assert not Contact.objects.exists()


def test_nobody_undoes_anothers_act(client: Client, people: MakePeople, tutor: User, coordinator: User) -> None:
    [enrolment] = people(1)
    act = acts.mark_contacted(enrolment.follow_up, by=tutor, version=0).act
    client.force_login(coordinator)
    assert client.post(reverse("dashboard:undo", args=[act])).status_code == 404


def test_without_script_the_button_leads_back_with_the_same_undo(claire: Client, people: MakePeople) -> None:
    [enrolment] = people(1)
    response = claire.post(contacted(enrolment), {"version": 0, "next": "/enseignants/?state=todo"})
    assert response.headers["Location"] == "/enseignants/?state=todo"
    page = parsed(claire, "/enseignants/?state=todo")
    [undo] = page.xpath("//*[@id='toasts']//form/@action")
    assert undo == reverse("dashboard:undo", args=[Contact.objects.get().act])


def test_the_way_back_stays_on_this_site(claire: Client, people: MakePeople) -> None:
    [enrolment] = people(1)
    response = claire.post(contacted(enrolment), {"version": 0, "next": "https://elsewhere.example.org/"})
    assert response.headers["Location"] == "/enseignants/"


def test_an_open_panel_is_redrawn_with_its_row(claire: Client, people: MakePeople) -> None:
    [enrolment] = people(1)
    shown = f"/enseignants/?open={enrolment.pk}"
    page = parsed(claire, shown)
    assert page.xpath(f"//*[@id='panel']//*[@data-panel='{enrolment.pk}']")
    assert page.xpath(f"//tr[@id='row-{enrolment.pk}' and @class='open']")
    answer = htmx(claire, contacted(enrolment), shown, version=0).content.decode()
    assert f'data-panel="{enrolment.pk}"' in answer
    assert names(page)
