"""Callbacks: whose, when, another date for one or many, and back."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import User
from dashboard.callbacks.forms import later
from dashboard.callbacks.listing import Callbacks
from dashboard.enums import Kind, State
from dashboard.follow_up import acts, dating
from dashboard.models import Contact, FollowUp
from dashboard.queue import counts
from moodle_sync.models import Course, Group, Site
from tests.dashboard.callbacks.conftest import MakeCallback
from tests.factories import AssignmentFactory, UserFactory

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")


def in_(**delta: float) -> datetime:
    return timezone.now() + timedelta(**delta)


def shown(user: User, whose: str = "") -> list[int]:
    return [row.follow_up.pk for row in Callbacks(user, QueryDict(f"whose={whose}")).rows]


def key(follow_up: FollowUp, version: int | None = None) -> str:
    return f"{follow_up.enrolment_id}:{follow_up.version if version is None else version}"


def send(client: Client, *, follow: bool = False, **data: object) -> int:
    return client.post(reverse("dashboard:redate"), data, follow=follow).status_code


def test_overdue_first_then_today_then_later(tutor: User, callback: MakeCallback) -> None:
    later_on, overdue = callback(in_(days=4)), callback(in_(hours=-2))
    sections = Callbacks(tutor, QueryDict()).sections
    assert [(s.name, [row.follow_up.pk for row in s.callbacks]) for s in sections] == [
        ("overdue", [overdue.pk]),
        ("later", [later_on.pk]),
    ]


def test_today_is_the_sites_today(tutor: User, callback: MakeCallback, site: Site) -> None:
    """Anywhere on earth, either Kiritimati or Niue has another day than the server."""
    for zone in ("Pacific/Kiritimati", "Pacific/Niue"):
        Site.objects.filter(pk=site.pk).update(time_zone=zone)
        now = timezone.now().astimezone(ZoneInfo(zone))
        end_of_day = now.replace(hour=23, minute=59, second=59, microsecond=0)
        made = callback(end_of_day)
        [row] = [row for row in Callbacks(tutor, QueryDict()).rows if row.follow_up.pk == made.pk]
        assert row.section == "today"
        assert "23:59" in row.moment


def test_mine_and_anyones_but_not_a_colleagues(
    tutor: User, other_tutor: User, coordinator: User, callback: MakeCallback
) -> None:
    mine, anyones = callback(in_(days=1), owner=tutor), callback(in_(days=2))
    theirs = callback(in_(days=3), owner=other_tutor)
    assert shown(tutor) == [mine.pk, anyones.pk]
    assert shown(tutor, "mine") == [mine.pk]
    assert shown(tutor, "anyone") == [anyones.pk]
    assert shown(tutor, "colleagues") == [mine.pk, anyones.pk], "not a tutor's choice"
    assert shown(coordinator, "colleagues") == [mine.pk, theirs.pk]


def test_the_navigations_figure_is_the_lists(
    tutor: User, other_tutor: User, coordinator: User, observer: User, callback: MakeCallback, course: Course
) -> None:
    """Also of callbacks where nobody can come in just now, and of those whose owner calls nobody any more."""
    callback(in_(days=1), owner=tutor)
    callback(in_(days=-1))
    callback(in_(days=2), owner=other_tutor)
    callback(in_(days=3), owner=observer)
    for visible in (True, False):
        Course.objects.filter(pk=course.pk).update(visible=visible)
        cache.clear()
        assert counts.tally(tutor).callbacks == len(shown(tutor)) == 3
        assert counts.tally(coordinator).callbacks == len(shown(coordinator)) == 2


def test_another_date_is_counted_at_once(
    claire: Client, tutor: User, other_tutor: User, callback: MakeCallback
) -> None:
    hers = callback(in_(days=2), owner=other_tutor)
    mine = callback(in_(days=1), owner=tutor)
    assert counts.tally(tutor).callbacks == 1
    assert shown(tutor) == [mine.pk]
    FollowUp.objects.filter(pk=hers.pk).update(callback_for=None)
    send(claire, callback=[key(mine)], what="anyone")
    assert counts.tally(tutor).callbacks == 2, "what was counted before the act is forgotten"


def test_what_is_out_of_sight_is_not_shown(other_tutor: User, other_coordinator: User, callback: MakeCallback) -> None:
    callback(in_(days=1))
    callback(in_(days=1), owner=other_tutor)
    for user in (other_tutor, other_coordinator):
        assert shown(user) == shown(user, "colleagues") == []


def test_a_callback_in_a_course_not_open_yet_is_shown_with_its_date(
    claire: Client, group: Group, callback: MakeCallback
) -> None:
    Course.objects.filter(pk=group.course.pk).update(start_date=in_(days=9), full_name="Session à venir")
    due = datetime.combine(in_(days=2).date(), datetime.min.time(), tzinfo=PARIS) + timedelta(hours=14, minutes=35)
    made = callback(due)
    [line] = html.fromstring(claire.get(reverse("dashboard:callbacks")).content.decode()).xpath(
        f"//*[@data-callback='{made.enrolment_id}']"
    )
    assert "14:35" in line.text_content()
    assert line.xpath(".//span[contains(@class, 'vg-tag')]")


@pytest.mark.parametrize("days", [1, 3])
def test_an_overdue_one_is_put_off_from_today_at_the_same_time_of_day(
    claire: Client, callback: MakeCallback, days: int
) -> None:
    made = callback(in_(days=-5))
    assert made.due_at is not None
    assert send(claire, what=days, callback=key(made)) == 302
    after = FollowUp.objects.get(pk=made.pk)
    local, before = after.due_at.astimezone(PARIS), made.due_at.astimezone(PARIS)  # type: ignore[union-attr]
    assert local.date() == timezone.now().astimezone(PARIS).date() + timedelta(days=days)
    assert local.time() == before.time()
    entry = Contact.objects.get(follow_up=made, kind=Kind.REDATED)
    assert (entry.from_state, entry.to_state, entry.to_due_at) == (State.CALLBACK, State.CALLBACK, after.due_at)


def test_one_to_come_is_put_off_from_its_own_day(callback: MakeCallback) -> None:
    made = callback(in_(days=10))
    assert made.due_at is not None
    assert later(made, 3).astimezone(PARIS).date() == made.due_at.astimezone(PARIS).date() + timedelta(days=3)


def test_many_at_once_and_the_whole_taken_back(claire: Client, tutor: User, callback: MakeCallback) -> None:
    made = [callback(in_(days=-n), owner=tutor if n == 2 else None) for n in (1, 2, 3)]
    before = {f.pk: (f.due_at, f.callback_for_id) for f in made}
    day = (in_(days=6)).astimezone(PARIS).strftime("%Y-%m-%dT10:15")
    response = claire.post(
        reverse("dashboard:redate"), {"what": "date", "date": day, "callback": [key(f) for f in made]}
    )
    [message] = get_messages(response.wsgi_request)
    for follow_up in FollowUp.objects.filter(pk__in=before):
        assert follow_up.due_at is not None
        assert follow_up.due_at.astimezone(PARIS).strftime("%Y-%m-%dT%H:%M") == day
        assert follow_up.callback_for_id == before[follow_up.pk][1], "still the same person's to make"
    undo = reverse("dashboard:undo", args=[message.extra_tags])
    assert claire.post(undo, headers={"HX-Request": "true"}).status_code == 200
    assert {f.pk: (f.due_at, f.callback_for_id) for f in FollowUp.objects.filter(pk__in=before)} == before


def test_when_one_was_overtaken_none_is_moved(claire: Client, callback: MakeCallback) -> None:
    first, second = callback(in_(days=1)), callback(in_(days=2))
    assert send(claire, what=1, callback=[key(first), key(second, version=0)]) == 422
    assert not Contact.objects.filter(kind=Kind.REDATED).exists()
    assert FollowUp.objects.get(pk=first.pk).due_at == first.due_at


def test_who_came_in_meanwhile_is_not_called_back(claire: Client, callback: MakeCallback) -> None:
    made = callback(in_(days=1))
    FollowUp.objects.filter(pk=made.pk).update(state=State.CLOSED_IN, due_at=None)
    assert send(claire, what=1, callback=key(made)) == 422
    assert FollowUp.objects.get(pk=made.pk).state == State.CLOSED_IN


def test_overtaken_the_ticks_and_the_date_stay_and_the_same_button_does_it(
    claire: Client, group: Group, callback: MakeCallback
) -> None:
    first, second, gone = (callback(in_(days=n)) for n in (1, 2, 3))
    samira = UserFactory.create(first_name="Samira", last_name="Benali")
    AssignmentFactory.create(user=samira, course=group.course, group=group)
    typed = {"what": "date", "date": in_(days=6).strftime("%Y-%m-%dT10:15")}
    posted = typed | {"callback": [key(first), key(second), key(gone)]}
    dating.redate([(first, first.version)], lambda follow_up: in_(days=4), by=samira)
    acts.mark_contacted(gone, by=samira, version=gone.version)
    response = claire.post(reverse("dashboard:redate"), posted)
    assert response.status_code == 422
    page = html.fromstring(response.content.decode())
    ticked = page.xpath("//input[@name='callback'][@checked]/@value")
    first.refresh_from_db()
    assert set(ticked) == {key(first), key(second)}
    assert page.xpath("//input[@name='date']/@value") == [typed["date"]]
    assert "Samira B." in page.get_element_by_id("callbacks-error").text_content()
    assert claire.post(reverse("dashboard:redate"), typed | {"callback": ticked}).status_code == 302
    assert Contact.objects.filter(kind=Kind.REDATED).exclude(author=samira).count() == 2


@pytest.mark.parametrize("date", ["", "hier", "2020-01-01T10:00"])
def test_a_date_must_be_one_and_lie_ahead_and_the_ticks_stay(claire: Client, callback: MakeCallback, date: str) -> None:
    made = callback(in_(days=1))
    response = claire.post(reverse("dashboard:redate"), {"what": "date", "date": date, "callback": key(made)})
    assert response.status_code == 422
    page = html.fromstring(response.content.decode())
    assert page.xpath(f"//input[@name='callback'][@value='{key(made)}'][@checked]")
    assert page.xpath("//*[@id='callbacks-error'][@role='alert']")
    assert not Contact.objects.filter(kind=Kind.REDATED).exists()


def test_nothing_ticked_is_said(claire: Client, callback: MakeCallback) -> None:
    callback(in_(days=1))
    assert send(claire, what=1) == 422


def test_the_button_of_a_line_moves_that_line_only(claire: Client, callback: MakeCallback) -> None:
    first, second = callback(in_(days=1)), callback(in_(days=2))
    assert send(claire, line=f"1:{key(first)}", callback=key(second)) == 302
    assert Contact.objects.get(kind=Kind.REDATED).follow_up == first


def test_mine_becomes_anyones_and_back(claire: Client, tutor: User, callback: MakeCallback) -> None:
    made = callback(in_(days=1), owner=tutor)
    send(claire, line=f"anyone:{key(made)}")
    made = FollowUp.objects.get(pk=made.pk)
    assert (made.callback_for, made.state) == (None, State.CALLBACK)
    send(claire, line=f"mine:{key(made)}")
    assert FollowUp.objects.get(pk=made.pk).callback_for == tutor


def test_a_strangers_callback_cannot_be_moved(client: Client, other_tutor: User, callback: MakeCallback) -> None:
    made = callback(in_(days=1))
    client.force_login(other_tutor)
    assert send(client, what=1, callback=key(made)) == 422
    assert FollowUp.objects.get(pk=made.pk).due_at == made.due_at


def test_the_number_of_queries_does_not_grow(claire: Client, callback: MakeCallback) -> None:
    counts = []
    for more in (1, 12):
        for n in range(more):
            callback(in_(days=n + 1))
        claire.get(reverse("dashboard:callbacks"))
        with CaptureQueriesContext(connection) as queries:
            claire.get(reverse("dashboard:callbacks"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_that_of_who_is_gone_is_anyones(tutor: User, other_tutor: User, callback: MakeCallback) -> None:
    made = callback(in_(days=1), owner=other_tutor)
    assert shown(tutor) == []
    User.objects.filter(pk=other_tutor.pk).update(is_active=False)
    assert shown(tutor) == shown(tutor, "anyone") == [made.pk]


def test_a_person_who_left_is_not_called_back(tutor: User, callback: MakeCallback) -> None:
    made = callback(in_(days=1))
    made.enrolment.standing = "suspended"
    made.enrolment.save(update_fields=["standing"])
    assert shown(tutor) == []
