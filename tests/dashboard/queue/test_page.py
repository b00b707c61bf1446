"""Laws of the page: what its buttons do, and what it costs."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from lxml import html
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from dashboard.enums import Channel, Kind, Outcome, State
from dashboard.follow_up import acts, system
from dashboard.follow_up.reminding import remind
from dashboard.models import Contact, FollowUp, Lease
from dashboard.queue.since import last_working_day
from moodle_sync.models import Course, Enrolment, Group
from tests.dashboard.queue.conftest import HOUR, MakePerson
from tests.dashboard.roster.conftest import parsed
from tests.dashboard.roster.swap import normalised, swap

URL = "/a-faire/"


def htmx(client: Client, url: str, shown: str = URL, **data: object) -> html.HtmlElement:
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{shown}"}
    response = client.post(url, data, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def lines(page: html.HtmlElement, section: str) -> list[str]:
    return [
        " ".join(link.text_content().split())
        for link in page.xpath(f"//section[@id='{section}']//a[contains(@class, 'name')]")
    ]


def figure(page: html.HtmlElement, name: str) -> int:
    return int(page.get_element_by_id(f"figure-{name}").text_content().strip() or 0)


def take(enrolment: Enrolment) -> str:
    return reverse("dashboard:take-charge", args=[enrolment.pk])


@pytest.mark.parametrize("n", [1, 12])
def test_the_number_of_queries_does_not_grow_with_rows(
    claire: Client,
    tutor: User,
    person: MakePerson,
    callback: MakePerson,
    newcomer: MakePerson,
    n: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(n):
        callback()
        newcomer()
        person()
        person(next_channel=Channel.CALL)
        person(next_channel=Channel.EMAIL)
        came_in_after_a_call(person(), tutor)
    with django_assert_max_num_queries(26):
        page = parsed(claire, f"{URL}?all=call")
    assert len(lines(page, "call")) == n


def test_groups_show_the_first_and_all_when_asked(claire: Client, person: MakePerson) -> None:
    for _ in range(9):
        person(next_channel=Channel.CALL)
    page = parsed(claire, URL)
    assert len(lines(page, "call")) == 6
    [more] = page.xpath("//section[@id='call']/header/a")
    page = parsed(claire, more.get("href"))
    assert len(lines(page, "call")) == 9
    assert not page.xpath("//section[@id='call']/header/a")
    assert len(lines(parsed(claire, f"{URL}?all=<script>"), "call")) == 6


@pytest.mark.parametrize("shown", [URL, f"{URL}?all=call"])
def test_a_swap_equals_a_reload(
    claire: Client, person: MakePerson, newcomer: MakePerson, callback: MakePerson, shown: str
) -> None:
    called = [person(next_channel=Channel.CALL) for _ in range(8)][2]
    person(next_channel=Channel.EMAIL)
    callback()
    new = newcomer()
    page = parsed(claire, shown)
    for url in (reverse("dashboard:mark-contacted", args=[called.pk]), take(new)):
        swap(page, htmx(claire, url, shown, version=0))
    swap(page, claire.get(reverse("dashboard:figures")).content.decode())
    fresh = parsed(claire, shown)
    assert normalised(page) == normalised(fresh)
    for name in ("queue", "calls", "callbacks", "people"):
        assert figure(page, name) == figure(fresh, name)
    assert figure(fresh, "queue") == 9
    assert figure(fresh, "calls") == 8


def test_undo_brings_the_queue_back(claire: Client, newcomer: MakePerson, tutor: User) -> None:
    new = newcomer()
    before = normalised(parsed(claire, URL))
    page = parsed(claire, URL)
    swap(page, htmx(claire, take(new), version=0))
    assert FollowUp.objects.get(enrolment=new).assignee == tutor
    assert lines(page, "arrival") == []
    [undo] = page.xpath("//*[@id='toasts']//form/@action")
    swap(page, htmx(claire, undo))
    assert FollowUp.objects.get(enrolment=new).assignee is None
    assert normalised(page).replace('value="2"', 'value="0"').replace('stamp="2-0"', 'stamp="0-0"') == before


def test_the_second_to_take_charge_is_told_and_changes_nothing(
    claire: Client, client: Client, newcomer: MakePerson, other_tutor: User
) -> None:
    new = newcomer()
    acts.add_note(new.follow_up, "Vu.", by=other_tutor)
    answer = htmx(claire, take(new), version=0)
    assert "data-fades" not in answer
    assert FollowUp.objects.get(enrolment=new).assignee is None
    assert not Contact.objects.filter(kind=Kind.ASSIGNED).exists()


def test_without_script_the_button_leads_back_to_the_queue(claire: Client, newcomer: MakePerson) -> None:
    new = newcomer()
    response = claire.post(take(new), {"version": 0, "next": f"{URL}?all=arrival"})
    assert response.headers["Location"] == f"{URL}?all=arrival"
    assert FollowUp.objects.get(enrolment=new).assignee is not None


def test_the_panel_stands_beside_the_queue(claire: Client, person: MakePerson) -> None:
    called = person(next_channel=Channel.CALL)
    page = parsed(claire, f"{URL}?all=call&open={called.pk}")
    [panel] = page.xpath("//*[@id='panel']/aside")
    assert set(panel.xpath(".//a[@data-close]/@href")) == {f"{URL}?all=call"}
    answer = htmx(
        claire, reverse("dashboard:call", args=[called.pk]), f"{URL}?open={called.pk}",
        outcome=Outcome.WILL_CONNECT, **{f"version_{called.pk}": 0},
    )  # fmt: skip
    swap_page = parsed(claire, f"{URL}?open={called.pk}")
    assert f'data-panel="{called.pk}"' in answer
    assert lines(swap_page, "call") == []


def test_names_are_escaped(claire: Client, person: MakePerson, callback: MakePerson, course: Course) -> None:
    Course.objects.filter(pk=course.pk).update(full_name="<b>Évaluer</b>")
    name = "<script>alert(1)</script>"
    callback(participant__full_name=name)
    person(next_channel=Channel.EMAIL)
    text = claire.get(URL).content.decode()
    assert name not in text
    assert "<b>Évaluer</b>" not in text


def test_who_is_on_the_phone_with_a_colleague_is_not_called(
    claire: Client, other_tutor: User, tutor: User, person: MakePerson
) -> None:
    held, free = person(next_channel=Channel.CALL), person(next_channel=Channel.CALL)
    soon = timezone.now() + HOUR
    Lease.objects.create(person=held.participant.account.person, user=other_tutor, expires_at=soon)
    Lease.objects.create(person=free.participant.account.person, user=tutor, expires_at=soon)
    page = parsed(claire, URL)
    assert "Samir B." in page.text_content()
    assert len(page.xpath("//section[@id='call']//a[@aria-disabled='true']")) == 1
    assert page.xpath(f"//*[@id='call-{free.pk}']")


def test_an_empty_queue_says_what_comes_next_and_when(claire: Client, person: MakePerson, course: Course) -> None:
    person(State.WAITING, next_channel=Channel.EMAIL, next_in=timedelta(days=1))
    person(next_channel=Channel.EMAIL, next_in=timedelta(days=3))
    [empty] = parsed(claire, URL).xpath("//*[contains(@class, 'vg-empty')]")
    told = empty.text_content()
    assert "Demain" in told
    assert "1 personne à relancer" in told
    assert str(course) in told


def test_an_empty_queue_of_who_follows_nobody_says_so(client: Client, db: None) -> None:
    from tests.factories import UserFactory

    client.force_login(UserFactory())
    assert not parsed(client, URL).xpath("//*[@id='queue']")


def came_in_after_a_call(enrolment: Enrolment, by: User, *, days: int = 1) -> None:
    """Called so many days before, seen in the course a moment ago."""
    now = timezone.now()
    called = now - timedelta(days=days)
    person = enrolment.participant.account.person
    act = acts.log_call(person, [(enrolment.follow_up, enrolment.follow_up.version)], WILL_CONNECT, by=by, now=called)
    Contact.objects.filter(act=act).update(created_at=called)
    FollowUp.objects.filter(pk=enrolment.follow_up.pk).update(last_contact_at=called)
    come_in(enrolment)


def come_in(enrolment: Enrolment) -> None:
    now = timezone.now()
    seen = {"last_course_access": now, "entered_after": now - timedelta(minutes=1), "entered_before": now}
    Enrolment.objects.filter(pk=enrolment.pk).update(**seen)
    system.close_entered(enrolment.course)


WILL_CONNECT = acts.Call(Outcome.WILL_CONNECT)


def test_the_tutor_sees_what_worked(
    claire: Client, tutor: User, other_tutor: User, person: MakePerson, group: Group
) -> None:
    mine, theirs, alone = person(), person(), person()
    came_in_after_a_call(mine, tutor, days=2)
    came_in_after_a_call(theirs, other_tutor)
    Enrolment.objects.filter(pk=alone.pk).update(last_course_access=timezone.now())
    system.close_entered(group.course)
    [card] = parsed(claire, URL).xpath("//section[@id='came-in']")
    text = " ".join(card.text_content().split())
    assert "3 enseignants sont entrés" in text
    assert "dont 1 après votre contact" in text
    first, *others = [" ".join(item.text_content().split()) for item in card.xpath(".//li")]
    assert first == f"{mine.participant.full_name} 2 j après l’appel"
    assert any("Samir B." in other for other in others)


def test_after_a_reminder_it_says_so(claire: Client, tutor: User, person: MakePerson) -> None:
    one = person(next_channel=Channel.EMAIL)
    act = remind([one.pk], {one.pk: 0}, by=tutor).act
    assert act is not None
    sent = timezone.now() - timedelta(days=2)
    Contact.objects.filter(act=act).update(created_at=sent)
    FollowUp.objects.filter(enrolment=one).update(last_contact_at=sent)
    come_in(one)
    [card] = parsed(claire, URL).xpath("//section[@id='came-in']")
    assert "2 j après la relance" in card.text_content()


@pytest.mark.parametrize(
    ("today", "since"),
    [(23, 20), (24, 23), (27, 26), (28, 27), (29, 27)],
    ids=["Monday", "Tuesday", "Friday", "Saturday", "Sunday"],
)
def test_since_the_last_working_day(today: int, since: int) -> None:
    paris = ZoneInfo("Europe/Paris")
    start = last_working_day(datetime(2026, 11, today, 9, tzinfo=paris))
    assert start == datetime(2026, 11, since, tzinfo=paris)


def test_a_coordinator_sees_what_waits_in_each_course_and_a_tutors_people_in_none_of_their_groups(
    client: Client, coordinator: User, person: MakePerson, callback: MakePerson, newcomer: MakePerson, course: Course
) -> None:
    client.force_login(coordinator)
    callback()
    person(next_channel=Channel.CALL)
    for _ in range(2):
        person(next_channel=Channel.EMAIL)
    newcomer()
    page = parsed(client, URL)
    assert not page.xpath("//section[@data-row] | //li[@data-row]")
    [row] = page.xpath("//section[@aria-labelledby='waiting-title']//tbody/tr")
    assert [cell.text_content().strip() for cell in row.xpath("td")] == [str(course), "1", "1", "2", "1", "–"]
    assert figure(page, "queue") == 0


@pytest.mark.parametrize("name", ["help-calls", "help-list"])
def test_english_and_french_guides_say_the_same_in_as_many_parts(client: Client, observer: User, name: str) -> None:
    client.force_login(observer)
    pages = {}
    for language in ("fr", "en"):
        with translation.override(language):
            response = client.get(reverse(f"dashboard:{name}"), headers={"Accept-Language": language})
        pages[language] = html.document_fromstring(response.content.decode())
    for what in ("//article/section", "//article//tbody/tr", "//article//li", "//article//kbd", "//article//a"):
        assert len(pages["fr"].xpath(what)) == len(pages["en"].xpath(what))
    assert len(pages["fr"].xpath("//article/section")) > 3
    for page in pages.values():
        targets = [link.removeprefix("#") for link in page.xpath("//ol[@class='vg-toc']//a/@href")]
        assert targets == page.xpath("//article/section/@id")


@pytest.mark.parametrize("name", ["queue", "remind-course"])
def test_the_guide_is_reached_from_each_screen(claire: Client, person: MakePerson, course: Course, name: str) -> None:
    person(next_channel=Channel.EMAIL)
    url = reverse(f"dashboard:{name}", args=[course.pk] if name == "remind-course" else [])
    assert parsed(claire, url).xpath(f"//main//a[@href='{reverse('dashboard:help-calls')}']")


@pytest.mark.parametrize("name", ["roster", "views", "exports", "search"])
def test_the_guide_to_the_list_is_reached_at_its_place(claire: Client, person: MakePerson, name: str) -> None:
    person()
    guide = reverse("dashboard:help-list")
    [link] = parsed(claire, reverse(f"dashboard:{name}")).xpath(f"//main//a[starts-with(@href, '{guide}#')]/@href")
    assert parsed(claire, guide).xpath(f"//section[@id='{link.partition('#')[2]}']")
