"""The private calendar: who may read it, and how little it says."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar
from lxml import html

from accounts.models import Role, User
from dashboard.callbacks import feed
from dashboard.follow_up import dating
from dashboard.models import CalendarFeed, FollowUp
from tests.dashboard.callbacks.conftest import MakeCallback
from tests.factories import EnrolmentFactory

pytestmark = pytest.mark.django_db


def in_(**delta: float) -> datetime:
    return (timezone.now() + timedelta(**delta)).replace(microsecond=0)


def path(token: str) -> str:
    return reverse("dashboard:callback-feed", args=[token])


def read(token: str) -> Calendar:
    response = Client().get(path(token))
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/calendar")
    assert "no-store" in response["Cache-Control"]
    return Calendar.from_ical(response.content.decode())


def events(token: str) -> list[dict[str, str]]:
    return [dict(event) for event in read(token).walk("VEVENT")]


def test_an_event_says_initials_a_link_and_half_an_hour(tutor: User, callback: MakeCallback) -> None:
    due = in_(days=2)
    made = callback(
        due, owner=tutor, participant__first_name="Élodie", participant__last_name="Ferrand",
        participant__email="elodie.ferrand@ac-test.example.org", participant__phone1="0639984127",
    )  # fmt: skip
    token = feed.make_token(tutor)
    [event] = read(token).walk("VEVENT")
    assert "É. F." in str(event["SUMMARY"])
    assert event.decoded("DTSTART") == due.astimezone(UTC)
    assert event.decoded("DURATION") == timedelta(minutes=30)
    assert str(event["URL"]).endswith(reverse("dashboard:person", args=[made.enrolment_id]))
    text = Client().get(path(token)).content.decode().replace("\r\n ", "")
    for secret in ("Ferrand", "Élodie", "elodie", "@ac-test", "0639984127", made.enrolment.course.full_name):
        assert secret not in text


def test_an_account_without_a_name_is_not_told_by_its_address(tutor: User, callback: MakeCallback) -> None:
    nameless = {"participant__first_name": "", "participant__last_name": "", "participant__full_name": ""}
    callback(in_(days=1), owner=tutor, participant__email="p.lemoine@ac-test.example.org", **nameless)
    text = Client().get(path(feed.make_token(tutor))).content.decode()
    assert "lemoine" not in text
    assert "SUMMARY" in text


def test_mine_and_those_for_anyone_that_i_agreed(tutor: User, other_tutor: User, callback: MakeCallback) -> None:
    mine = callback(in_(days=1), owner=tutor, by=other_tutor)
    agreed = callback(in_(days=2), by=tutor)
    callback(in_(days=3), by=other_tutor)
    callback(in_(days=4), owner=other_tutor, by=tutor)
    uids = [event["UID"] for event in events(feed.make_token(tutor))]
    assert [uid.partition("@")[0] for uid in uids] == [f"callback-{mine.pk}", f"callback-{agreed.pk}"]


def test_another_date_moves_the_event_and_adds_none(tutor: User, callback: MakeCallback) -> None:
    made = callback(in_(days=1), owner=tutor)
    token = feed.make_token(tutor)
    [before] = events(token)
    due = in_(days=5)
    dating.redate([(made, made.version)], lambda follow_up: due, by=tutor)
    [after] = read(token).walk("VEVENT")
    assert str(after["UID"]) == before["UID"]
    assert after.decoded("SEQUENCE") > int(before["SEQUENCE"])
    assert after.decoded("DTSTART") == due.astimezone(UTC)


def test_one_call_about_two_courses_is_one_event(tutor: User, callback: MakeCallback) -> None:
    due = in_(days=1)
    made = callback(due, owner=tutor)
    person = made.enrolment.participant.account.person
    other = EnrolmentFactory(participant__person=person, follow_up__state="callback", follow_up__due_at=due)
    FollowUp.objects.filter(pk=other.follow_up.pk).update(assignee=tutor, callback_for=tutor)
    assert len(events(feed.make_token(tutor))) == 1


def test_who_is_out_of_sight_is_out_of_the_calendar(tutor: User, callback: MakeCallback) -> None:
    callback(in_(days=1), owner=tutor)
    FollowUp.objects.update(assignee=None)
    token = feed.make_token(tutor)
    assert len(events(token)) == 1
    tutor.assignments.update(ended_at=timezone.now())
    assert events(token) == []


def test_only_a_digest_is_kept_and_the_address_is_shown_once(claire: Client, tutor: User) -> None:
    page = claire.post(reverse("dashboard:make-feed")).content.decode()
    [address] = html.fromstring(page).xpath("//input[@id='feed-address']/@value")
    token = address.rpartition("/")[2].removesuffix(".ics")
    kept = CalendarFeed.objects.get(user=tutor)
    assert kept.digest == feed.digest(token)
    assert token not in kept.digest
    assert Client().get(path(token)).status_code == 200
    assert token not in claire.get(reverse("dashboard:callbacks")).content.decode()


def test_a_replaced_or_revoked_address_opens_nothing(claire: Client, tutor: User) -> None:
    old = feed.make_token(tutor)
    new = feed.make_token(tutor)
    assert Client().get(path(old)).status_code == 404
    assert Client().get(path(new)).status_code == 200
    claire.post(reverse("dashboard:revoke-feed"))
    assert Client().get(path(new)).status_code == 404


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.OBSERVER}, {"role": Role.ADMINISTRATOR}])
def test_it_ends_with_the_account_and_with_its_role(tutor: User, change: dict[str, object]) -> None:
    token = feed.make_token(tutor)
    User.objects.filter(pk=tutor.pk).update(**change)
    assert Client().get(path(token)).status_code == 404


def test_trying_out_tokens_is_soon_not_answered(tutor: User) -> None:
    token = feed.make_token(tutor)
    answers = [Client().get(path(f"essai-{n}")).status_code for n in range(25)]
    assert answers[0] == 404
    assert answers[-1] == 429
    assert Client().get(path(token)).status_code == 429, "not even the right one, found by trying"


def test_a_calendar_that_asks_all_the_time_is_slowed_down(tutor: User) -> None:
    token = feed.make_token(tutor)
    answers = {Client().get(path(token)).status_code for _n in range(62)}
    assert answers == {200, 429}
