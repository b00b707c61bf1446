"""What an open page is told: every change in its user’s scope, nothing of others, and nothing at all for free."""

from datetime import timedelta
from time import time
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import User
from dashboard.calls import leases
from dashboard.enums import State
from dashboard.follow_up import acts, correcting, moves
from dashboard.live import presence, pulse
from dashboard.models import Contact, FollowUp, Person
from moodle_sync.models import Enrolment, Group
from tests.factories import AssignmentFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db
ROSTER = "http://testserver/enseignants/"


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    cache.clear()


@pytest.fixture
def camille(group: Group) -> Enrolment:
    found: Enrolment = EnrolmentFactory.create(course=group.course, groups=[group], participant__last_name="Ferrand")
    return found


def ask(client: Client, page: str = ROSTER, **asked: object) -> HttpResponseBase:
    headers = {"HX-Request": "true", "HX-Current-URL": page}
    return client.get(reverse("dashboard:changes") + "?" + urlencode(asked), headers=headers)


def stamp(client: Client, enrolment: Enrolment) -> str:
    """As the roster shows it."""
    page = html.fromstring(client.get("/enseignants/").content.decode())
    return str(page.get_element_by_id(f"row-{enrolment.pk}").get("data-stamp"))


def parts(response: HttpResponseBase) -> html.HtmlElement:
    assert response.status_code == 200, response.status_code
    return html.fromstring(f"<body>{response.content.decode()}</body>")  # type: ignore[attr-defined]


def contacted(enrolment: Enrolment, by: User) -> Contact:
    follow_up = FollowUp.objects.get(enrolment=enrolment)
    done = acts.mark_contacted(follow_up, by=by, version=follow_up.version)
    pulse.beat()  # after the commit, which this test never comes to
    return done


def test_nothing_new_costs_one_query_and_no_session(claire: Client, camille: Enrolment) -> None:
    pulse.beat()  # whatever came before
    rows = f"{camille.pk}:{stamp(claire, camille)}"
    since = ask(claire, rows=rows)["X-Vigie-Since"]
    with CaptureQueriesContext(connection) as queries:
        response = ask(claire, rows=rows, since=since)
    assert (response.status_code, response.content) == (204, b"")  # type: ignore[attr-defined]
    assert len(queries) == 1, "only who asks"
    assert not response.cookies, "asking renews no session"


def test_acts_elsewhere_cost_a_few_indexed_queries(claire: Client, camille: Enrolment, other_tutor: User) -> None:
    rows = f"{camille.pk}:{stamp(claire, camille)}"
    since = ask(claire, rows=rows)["X-Vigie-Since"]
    elsewhere = EnrolmentFactory.create()
    contacted(elsewhere, other_tutor)
    with CaptureQueriesContext(connection) as queries:
        assert ask(claire, rows=rows, since=since).status_code == 204
    assert len(queries) <= 12


def test_a_colleagues_act_brings_the_row_and_the_figures(claire: Client, camille: Enrolment, samira: User) -> None:
    rows = f"{camille.pk}:{stamp(claire, camille)}"
    since = ask(claire, rows=rows)["X-Vigie-Since"]
    contacted(camille, samira)
    answer = ask(claire, rows=rows, since=since)
    page = parts(answer)
    row = page.get_element_by_id(f"row-{camille.pk}")
    assert "Samira" in row.text_content()
    assert page.get_element_by_id("tile-contacted").xpath("string(b)") == "1"
    assert not page.get_element_by_id("news").text_content().strip(), "it is still in its place"
    rows = f"{camille.pk}:{row.get('data-stamp')}"
    assert ask(claire, rows=rows, since=answer["X-Vigie-Since"]).status_code == 204


def test_who_leaves_or_joins_a_list_is_announced_not_moved(
    claire: Client, camille: Enrolment, group: Group, samira: User
) -> None:
    page, rows = f"{ROSTER}?state=todo", f"{camille.pk}:{stamp(claire, camille)}"
    since = ask(claire, page, rows=rows)["X-Vigie-Since"]
    contacted(camille, samira)
    answer = parts(ask(claire, page, rows=rows, since=since))
    assert not answer.xpath("//tr")
    assert answer.get_element_by_id("news").get("data-left") == str(camille.pk)
    assert "1" in answer.get_element_by_id("news").text_content()
    joined = parts(ask(claire, f"{ROSTER}?state=contacted", rows="", since=since))
    assert not joined.xpath("//tr")
    assert "1" in joined.get_element_by_id("news").text_content()


def test_the_queue_is_told_too(claire: Client, camille: Enrolment, samira: User) -> None:
    page = "http://testserver/a-faire/"
    FollowUp.objects.filter(enrolment=camille).update(
        state=State.CALLBACK, due_at=timezone.now() - timedelta(days=1), callback_for=None
    )
    first = html.fromstring(claire.get("/a-faire/").content.decode())
    rows = ",".join(f"{row.get('data-row')}:{row.get('data-stamp')}" for row in first.xpath("//li[@data-row]"))
    since = ask(claire, page, rows=rows)["X-Vigie-Since"]
    assert rows.startswith(f"{camille.pk}:")
    contacted(camille, samira)
    answer = parts(ask(claire, page, rows=rows, since=since))
    assert answer.get_element_by_id("news").get("data-left") == str(camille.pk)


def test_a_stranger_is_told_nothing_whatever_is_asked_for(
    client: Client, other_tutor: User, camille: Enrolment, samira: User, person: Person
) -> None:
    client.force_login(other_tutor)
    since = ask(client)["X-Vigie-Since"]
    contacted(camille, samira)
    presence.note(person.pk, samira)
    answer = ask(client, rows=f"{camille.pk}:0-0", since=since, open=camille.pk, stamp="", beside="9")
    assert "Ferrand" not in answer.content.decode()  # type: ignore[attr-defined]
    assert "Samira" not in answer.content.decode()  # type: ignore[attr-defined]
    assert presence.others(person.pk, samira) == [], "and is not said to look"


def test_observers_and_administrators_are_refused(client: Client, observer: User, administrator: User) -> None:
    for user in (observer, administrator):
        client.force_login(user)
        assert ask(client).status_code == 403


@pytest.fixture
def person(camille: Enrolment) -> Person:
    found: Person = camille.participant.account.person
    return found


def test_an_open_file_is_told_in_words_what_others_did(claire: Client, camille: Enrolment, samira: User) -> None:
    shown = html.fromstring(claire.get(f"/enseignants/{camille.pk}/").content.decode())
    has = shown.xpath("//*[@data-panel]")[0].get("data-stamp")
    since = ask(claire, open=camille.pk, stamp=has)["X-Vigie-Since"]
    assert ask(claire, open=camille.pk, stamp=has, since=since).status_code == 204
    contacted(camille, samira)
    page = parts(ask(claire, open=camille.pk, stamp=has, last=has.split("-")[0], since=since))
    told = page.get_element_by_id("panel-meanwhile").text_content()
    assert "Samira B." in told
    assert page.xpath("//*[@data-panel]")[0].get("data-stamp") != has


def test_a_corrected_note_comes_to_the_open_file(claire: Client, camille: Enrolment, samira: User) -> None:
    entry = acts.add_note(FollowUp.objects.get(enrolment=camille), "Sonne ocupé.", by=samira)
    shown = html.fromstring(claire.get(f"/enseignants/{camille.pk}/").content.decode())
    has = shown.xpath("//*[@data-panel]")[0].get("data-stamp")
    since = ask(claire, open=camille.pk, stamp=has)["X-Vigie-Since"]
    correcting.correct(Contact.objects.filter(pk=entry.pk), "Sonne occupé.", by=samira, version=0)
    pulse.beat()  # after the commit, which this test never comes to
    page = parts(ask(claire, open=camille.pk, stamp=has, since=since))
    assert "Sonne occupé." in page.get_element_by_id("panel-told").text_content()


def test_presence_names_the_colleague_and_ends_by_itself(
    claire: Client, client: Client, camille: Enrolment, samira: User, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    presence.note(person.pk, samira)
    page = parts(ask(claire, open=camille.pk, stamp="x", beside=""))
    assert "Samira B." in page.get_element_by_id("presence").text_content()
    assert page.get_element_by_id("presence").get("data-beside") == str(samira.pk)
    monkeypatch.setattr("dashboard.live.presence.time", lambda: time() + presence.SECONDS + 1)
    gone = parts(ask(claire, open=camille.pk, stamp="x", beside=samira.pk))
    assert not gone.get_element_by_id("presence").text_content().strip()


def test_who_follows_the_person_elsewhere_is_not_named(
    claire: Client, client: Client, camille: Enrolment, samira: User, person: Person
) -> None:
    elsewhere = EnrolmentFactory.create(participant__person=person)
    stranger = AssignmentFactory(user__first_name="Zoé", course=elsewhere.course).user
    presence.note(person.pk, stranger)
    presence.note(person.pk, samira)
    shown = parts(ask(claire, open=camille.pk, stamp="x", beside="")).get_element_by_id("presence")
    assert shown.get("data-beside") == str(samira.pk)
    assert "Zoé" not in shown.text_content()
    assert "Zoé" not in claire.get(f"/enseignants/{camille.pk}/").content.decode()
    client.force_login(stranger)
    assert "Samira" not in client.get(f"/enseignants/{elsewhere.pk}/").content.decode()


def test_a_colleague_on_the_phone_shows_in_the_list(
    claire: Client, camille: Enrolment, samira: User, person: Person
) -> None:
    rows = f"{camille.pk}:{stamp(claire, camille)}"
    since = ask(claire, rows=rows)["X-Vigie-Since"]
    leases.take(person, samira)
    pulse.beat()
    row = parts(ask(claire, rows=rows, since=since)).get_element_by_id(f"row-{camille.pk}")
    assert "Samira B." in row.text_content()


@pytest.mark.django_db(transaction=True)
def test_every_move_is_felt_once_it_can_be_read(camille: Enrolment, samira: User) -> None:
    before = pulse.current()
    follow_up = FollowUp.objects.get(enrolment=camille)
    entry = acts.mark_contacted(follow_up, by=samira, version=follow_up.version)
    assert pulse.current() > before
    before = pulse.current()
    moves.undo(entry.act, by=samira, among=[follow_up.pk])
    assert pulse.current() > before


@pytest.mark.parametrize("text", ["", "a.b.c", "1.2", "1.2.3.4", "-1.0.0", "9" * 30 + ".0.0", "1.2.99999999999"])
def test_a_token_that_means_nothing_is_a_first_question(claire: Client, camille: Enrolment, text: str) -> None:
    assert ask(claire, since=text, rows="x:1,:2,3", open="x", last="-4").status_code in {200, 204}
