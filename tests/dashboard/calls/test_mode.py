"""Call mode by plain posts, as a browser without script does it."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import User
from dashboard.calls import leases
from dashboard.enums import Cause, Channel, Kind, Outcome, State
from dashboard.follow_up import acts
from dashboard.models import CallRound, Contact, ContactDetail, Draft, FollowUp, Lease, Person
from moodle_sync.enums import EPOCH
from moodle_sync.models import Course, Enrolment
from tests.dashboard.calls.conftest import MakePeople, logged_in
from tests.factories import EnrolmentFactory

pytestmark = pytest.mark.django_db
MODE = "/appels/"


def shown(client: Client) -> html.HtmlElement:
    response = client.get(MODE)
    assert response.status_code == 200
    return html.fromstring(response.content.decode())


def place(client: Client) -> str:
    return str(shown(client).get_element_by_id("callmode").get("data-place"))


def called(client: Client) -> str:
    return str(shown(client).xpath("string(//*[@id='callee'])")).strip()


def start(client: Client, **data: str) -> None:
    data = {"list": "roster", "query": ""} | data
    response = client.post(reverse("dashboard:call-start"), data)
    assert response.headers["Location"] == MODE


def report(client: Client, outcome: Outcome, **changes: Any) -> Any:
    """The form as it stands, with an outcome."""
    form = shown(client).get_element_by_id("call-form")
    fields: dict[str, list[str]] = {}
    for name, value in form.form_values():
        fields.setdefault(name, []).append(value)
    return client.post(form.get("action"), fields | {"outcome": [outcome.value]} | changes)


def names(enrolments: list[Enrolment]) -> list[str]:
    return [enrolment.participant.full_name for enrolment in enrolments]


def test_a_whole_round_from_the_roster_in_its_order(claire: Client, people: MakePeople) -> None:
    everybody = people(3)
    FollowUp.objects.filter(enrolment=everybody[0]).update(state=State.CLOSED_IN, due_at=None)
    start(claire, query="state=todo&sort=-teacher&page=7&open=3")
    expected = sorted(names(everybody[1:]), reverse=True)
    assert called(claire) == expected[0]
    assert report(claire, Outcome.WILL_CONNECT, note="Ce soir.").headers["Location"] == MODE
    assert called(claire) == expected[1]
    report(claire, Outcome.NO_ANSWER)
    page = shown(claire)
    assert place(claire) == "ended"
    assert "2 appels" in page.text_content()
    assert "1 personne jointe" in page.text_content()
    assert set(Contact.objects.values_list("outcome", "note")) == {("will_connect", "Ce soir."), ("no_answer", "")}
    assert not Lease.objects.exists()
    back = claire.post(reverse("dashboard:call-leave"))
    assert back.headers["Location"] == "/enseignants/?state=todo&sort=-teacher"
    assert place(claire) == "none"


def test_the_queue_is_overdue_callbacks_then_planned_calls(
    claire: Client, people: MakePeople, tutor: User, samira: User
) -> None:
    """A colleague's own callback is theirs; what is due later, or by e-mail, is not called."""
    now = timezone.now()
    planned, later, by_mail, mine, anyones, hers = people(6)
    for one, fields in {
        planned: {"next_channel": Channel.CALL, "next_at": now},
        later: {"next_channel": Channel.CALL, "next_at": now + timedelta(days=1)},
        by_mail: {"next_channel": Channel.EMAIL, "next_at": now},
        mine: {"state": State.CALLBACK, "due_at": now, "callback_for": tutor},
        anyones: {"state": State.CALLBACK, "due_at": now - timedelta(days=1)},
        hers: {"state": State.CALLBACK, "due_at": now, "callback_for": samira},
    }.items():
        FollowUp.objects.filter(enrolment=one).update(**fields)
    start(claire, list="queue")
    assert [CallRound.objects.get().current, *CallRound.objects.get().left] == [anyones, mine.pk, planned.pk]
    start(claire, list="callbacks")
    assert [CallRound.objects.get().current, *CallRound.objects.get().left] == [anyones, mine.pk]


def test_the_callbacks_of_a_colleague_who_is_gone_are_anyones_in_a_round_too(
    claire: Client, people: MakePeople, samira: User
) -> None:
    [hers] = people()
    FollowUp.objects.update(state=State.CALLBACK, due_at=timezone.now(), callback_for=samira)
    assert "rappel" not in shown(claire).get_element_by_id("callmode").text_content()
    User.objects.filter(pk=samira.pk).update(is_active=False)
    cache.clear()
    assert "1 rappel en retard" in shown(claire).text_content().replace("\u00a0", " ")
    start(claire, list="callbacks")
    assert CallRound.objects.get().current_id == hers.pk


def test_a_closed_course_is_called_by_nobody_from_the_queue(claire: Client, people: MakePeople) -> None:
    people()
    FollowUp.objects.update(next_channel=Channel.CALL, next_at=timezone.now())
    Course.objects.update(visible=False)
    start(claire, list="queue")
    assert place(claire) == "none"


def test_an_empty_list_says_so_and_what_comes_next(claire: Client, people: MakePeople) -> None:
    refused, later = people(2)
    Person.objects.filter(accounts__participant=refused.participant).update(do_not_call=True)
    FollowUp.objects.filter(enrolment=later).update(state=State.CALLBACK, due_at=timezone.now() + timedelta(days=2))
    start(claire, query=f"q={refused.participant.last_name}")
    text = shown(claire).text_content()
    assert "Personne à appeler dans cette liste" in text
    assert "1 personne a été écartée" in text
    assert "le prochain est prévu" in text


def test_an_unknown_list_is_a_404_and_a_broken_query_harms_nobody(claire: Client, people: MakePeople) -> None:
    [one] = people()
    assert claire.post(reverse("dashboard:call-start"), {"list": "all"}).status_code == 404
    start(claire, query="state=nonsense&state=todo&sort=%00&q=")
    assert called(claire) == one.participant.full_name
    refused = claire.post(reverse("dashboard:call-start"), {"list": "roster", "query": "state=nonsense"}, follow=True)
    assert "la liste est vide" in refused.content.decode()
    assert called(claire) == one.participant.full_name, "the round goes on"


def test_only_the_users_own_people_are_in_a_round(claire: Client, people: MakePeople) -> None:
    [mine] = people()
    EnrolmentFactory()
    start(claire)
    assert CallRound.objects.get().total == 1
    assert called(claire) == mine.participant.full_name


def test_save_and_pause(claire: Client, people: MakePeople) -> None:
    people(2)
    start(claire, query="sort=teacher")
    report(claire, Outcome.NO_ANSWER, pause="1")
    assert place(claire) == "paused"
    assert not Lease.objects.exists()
    claire.post(reverse("dashboard:call-next"))
    assert place(claire) == "calling"
    claire.post(reverse("dashboard:call-pause"))
    assert (place(claire), Lease.objects.count()) == ("paused", 0)


def test_a_refused_report_keeps_what_was_typed(claire: Client, people: MakePeople) -> None:
    people()
    start(claire)
    response = report(claire, Outcome.CALLBACK, note="Jeudi ?")
    assert response.status_code == 422
    page = html.fromstring(response.content.decode())
    assert page.get_element_by_id("call-note").text == "Jeudi ?"
    assert page.get_element_by_id("call-date-error").text_content().strip()
    assert not Contact.objects.exists()


def test_a_change_meanwhile_is_said_and_saving_again_is_a_decision(
    claire: Client, people: MakePeople, samira: User
) -> None:
    [one] = people()
    start(claire)
    form = dict(shown(claire).get_element_by_id("call-form").form_values())
    acts.add_note(one.follow_up, "Note.", by=samira)
    response = claire.post(reverse("dashboard:call-save", args=[one.pk]), form | {"outcome": "voicemail"})
    assert response.status_code == 422
    again = dict(html.fromstring(response.content.decode()).get_element_by_id("call-form").form_values())
    assert claire.post(reverse("dashboard:call-save", args=[one.pk]), again).status_code == 302
    assert Contact.objects.get(kind=Kind.CALL).outcome == Outcome.VOICEMAIL


def test_what_the_person_knew_is_told_on_the_timeline(claire: Client, people: MakePeople) -> None:
    [one] = people()
    start(claire)
    report(claire, Outcome.WILL_CONNECT, knows_address="no", knows_enrolment="yes")
    assert Contact.objects.get().answers == {"address": False, "enrolment": True}
    file = claire.get(reverse("dashboard:person", args=[one.pk])).content.decode()
    assert "Adresse de la plateforme non connue, inscription connue" in file


def test_a_callback_that_a_call_in_vain_leaves_is_said_to_be_kept(
    claire: Client, people: MakePeople, tutor: User
) -> None:
    [one] = people()
    FollowUp.objects.update(state=State.CALLBACK, due_at=timezone.now() + timedelta(days=2), callback_for=tutor)
    start(claire)
    report(claire, Outcome.NO_ANSWER)
    file = claire.get(reverse("dashboard:person", args=[one.pk])).content.decode()
    assert "rappel gardé le " in file
    assert "suivi passé à « À rappeler »" not in file.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(("chosen", "mine"), [("mine", True), ("anyone", False)])
def test_a_callback_is_mine_or_anyones(
    claire: Client, people: MakePeople, tutor: User, chosen: str, mine: bool
) -> None:
    people()
    start(claire)
    report(claire, Outcome.CALLBACK, when="1", callback_for=chosen)
    assert FollowUp.objects.get().callback_for == (tutor if mine else None)


def test_a_colleague_who_takes_over_is_named_and_the_draft_stays(
    claire: Client, people: MakePeople, samira: User
) -> None:
    [one] = people()
    start(claire)
    claire.post(reverse("dashboard:call-draft", args=[one.pk]), {"note": "Déjà dit.", f"version_{one.pk}": 0})
    lease_url = reverse("dashboard:lease-take", args=[one.pk])
    hers = logged_in(samira)
    assert hers.post(lease_url).status_code == 409, "never silently"
    assert "Claire D. appelle cette personne" in hers.get(f"/enseignants/{one.pk}/").content.decode()
    assert hers.post(lease_url, {"over": "1"}).status_code == 302
    page = shown(claire)
    assert "Samira B. a pris la suite" in page.text_content()
    assert page.get_element_by_id("call-note").text == "Déjà dit."
    assert not page.xpath("//a[starts-with(@href, 'tel:')]"), "no number to tap"
    answer = claire.post(lease_url, {"held": "1"})
    assert (answer.status_code, "Samira B. a pris la suite" in answer.content.decode()) == (409, True)


def test_tapping_the_number_reserves_for_half_an_hour(claire: Client, people: MakePeople) -> None:
    [one] = people()
    start(claire)
    claire.post(reverse("dashboard:lease-take", args=[one.pk]), {"long": "1"})
    assert Lease.objects.get().expires_at > timezone.now() + leases.ON_THE_PHONE - timedelta(minutes=1)


def test_an_expired_lease_is_taken_again_on_coming_back(claire: Client, people: MakePeople, tutor: User) -> None:
    people()
    start(claire)
    Lease.objects.update(expires_at=timezone.now())
    assert place(claire) == "calling"
    assert Lease.objects.get().expires_at > timezone.now()


def test_saving_in_the_panel_lets_go_and_ends_the_draft(claire: Client, people: MakePeople) -> None:
    [one] = people()
    claire.post(reverse("dashboard:lease-take", args=[one.pk]))
    claire.post(reverse("dashboard:call-draft", args=[one.pk]), {"note": "Oui.", f"version_{one.pk}": 0})
    claire.post(reverse("dashboard:call", args=[one.pk]), {"outcome": "voicemail", f"version_{one.pk}": 0})
    assert not Lease.objects.exists()
    assert not Draft.objects.exists()


def test_without_a_number_one_is_added_in_place(claire: Client, people: MakePeople) -> None:
    [one] = people(participant__phone1="")
    start(claire)
    assert "Aucun numéro à appeler n’est connu." in shown(claire).text_content()
    url = reverse("dashboard:call-add-detail", args=[one.pk])
    refused = claire.post(url, {"value": "12"})
    assert (refused.status_code, "callmode" in refused.content.decode()) == (422, True)
    assert claire.post(url, {"value": "06 39 98 41 27"}).headers["Location"] == MODE
    assert ContactDetail.objects.get().value == "+33639984127"
    assert shown(claire).xpath("//a[@class='vg-num']/@href") == ["tel:+33639984127"]


def test_who_does_not_want_to_be_called_any_more_has_no_number_to_tap(claire: Client, people: MakePeople) -> None:
    people()
    start(claire)
    Person.objects.update(do_not_call=True)
    page = shown(claire)
    assert not page.xpath("//a[starts-with(@href, 'tel:')]")
    assert "Ne souhaite plus être appelé" in page.text_content()


def test_a_file_that_was_handed_over_says_so(claire: Client, people: MakePeople, tutor: User) -> None:
    first, _second = people(2)
    start(claire)
    tutor.assignments.update(ended_at=timezone.now())
    assert place(claire) == "gone"
    claire.post(reverse("dashboard:call-skip", args=[CallRound.objects.get().current_id]))
    assert place(claire) == "ended"
    assert first.participant.full_name not in claire.get(MODE).content.decode()


def test_who_was_called_by_mistake_comes_next_again(claire: Client, people: MakePeople) -> None:
    first, second = sorted(people(2), key=lambda one: one.participant.sort_key)
    start(claire, query="sort=teacher")
    report(claire, Outcome.DECLINED)
    assert called(claire) == second.participant.full_name
    undo = reverse("dashboard:undo", args=[Contact.objects.get().act])
    answer = claire.post(undo, {"next": MODE}, follow=True).content.decode()
    assert "cette personne revient juste après" in answer
    found = CallRound.objects.get()
    assert (found.current_id, found.left, found.done) == (second.pk, [first.pk], 0)
    report(claire, Outcome.NO_ANSWER)
    assert called(claire) == first.participant.full_name


def test_after_the_last_an_undo_brings_the_person_back_at_once(claire: Client, people: MakePeople) -> None:
    [one] = people(1)
    start(claire)
    report(claire, Outcome.NO_ANSWER)
    assert place(claire) == "ended"
    claire.post(reverse("dashboard:undo", args=[Contact.objects.get().act]))
    assert called(claire) == one.participant.full_name


def test_an_undone_call_from_elsewhere_adds_nobody_to_a_round(claire: Client, people: MakePeople) -> None:
    elsewhere, other = people(2)
    start(claire, query=f"q={other.participant.last_name}")
    told = {"outcome": "no_answer", f"version_{elsewhere.pk}": 0}
    claire.post(reverse("dashboard:call", args=[elsewhere.pk]), told)
    claire.post(reverse("dashboard:undo", args=[Contact.objects.get().act]))
    assert CallRound.objects.get().left == []


def test_who_was_handed_over_is_not_named_as_next(claire: Client, people: MakePeople, tutor: User) -> None:
    current, following = people(2)
    start(claire, query="sort=teacher")
    first, second = sorted([current, following], key=lambda one: one.participant.sort_key)
    assert second.participant.full_name in shown(claire).text_content()
    FollowUp.objects.filter(enrolment=first).update(assignee=tutor)  # hers by name, not by her group
    tutor.assignments.update(ended_at=timezone.now())
    assert called(claire) == first.participant.full_name
    assert second.participant.full_name not in shown(claire).text_content()


def test_who_is_on_the_line_is_seen_in_the_list(claire: Client, people: MakePeople, samira: User) -> None:
    one, _other = people(2)
    leases.take(one.participant.account.person, samira)
    page = html.fromstring(claire.get("/enseignants/").content.decode())
    row = page.get_element_by_id(f"row-{one.pk}")
    assert "Samira B. est en ligne" in row.text_content()
    [button] = row.xpath(".//*[@aria-disabled='true']")
    assert "Samira B. est en ligne" in button.get("aria-label")
    assert page.text_content().count("est en ligne") == 1
    own = html.fromstring(logged_in(samira).get("/enseignants/").content.decode())
    assert "est en ligne" not in own.text_content()


def test_the_number_of_queries_does_not_grow_with_the_list(
    claire: Client, people: MakePeople, django_assert_max_num_queries: Any
) -> None:
    people(30)
    start(claire)
    with django_assert_max_num_queries(29):
        claire.get(MODE)


def test_a_likely_cause_is_offered_and_not_chosen_by_itself(claire: Client, people: MakePeople) -> None:
    [one] = people(1)
    Enrolment.objects.filter(pk=one.pk).update(last_site_access=timezone.now(), last_course_access=EPOCH)
    start(claire, list="roster", query="")
    page = shown(claire)
    assert page.xpath("//button/@data-cause") == [Cause.UNAWARE_STARTED]
    assert page.xpath("//*[@id='call-cause']/option[@selected]/@value") == [""]
