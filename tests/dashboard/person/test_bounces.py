"""A message that came back: the address is written to no more, until another is known or the word is taken back."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import User
from dashboard.enums import Cause, Channel, Kind, State
from dashboard.follow_up.reminding import Obstacle, obstacles
from dashboard.hints.likely import Hint, likely_cause
from dashboard.models import BadAddress, Contact, ContactDetail, FollowUp
from dashboard.person.file import open_file
from dashboard.plan.recompute import recompute
from moodle_sync.enums import EPOCH
from moodle_sync.models import Course, Enrolment, Group, Participant
from tests.factories import EnrolmentFactory

pytestmark = pytest.mark.django_db
ADDRESS = "Camille.Ferrand@ac-test.example.org"
Commit = Callable[..., object]


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client


@pytest.fixture
def one(group: Group, tutor: User) -> Enrolment:
    opened = timezone.now() - timedelta(days=10)
    Course.objects.filter(pk=group.course_id).update(start_date=opened, visible_since=opened)
    group.course.refresh_from_db()
    made: Enrolment = EnrolmentFactory(
        course=group.course, groups=[group], participant__email=ADDRESS, participant__phone1="",
        last_site_access=EPOCH, last_course_access=EPOCH,
    )  # fmt: skip
    return made


def tell(client: Client, one: Enrolment, address: str = ADDRESS, **data: str) -> int:
    return client.post(reverse("dashboard:bounced", args=[one.pk]), {"address": address, **data}).status_code


def obstacle(one: Enrolment) -> str:
    return obstacles([one.pk], timezone.now())[one.pk]


def hint(user: User, one: Enrolment) -> Hint | None:
    return likely_cause(open_file(user, one.pk))


def test_it_is_on_the_timeline_and_moves_nothing(claire: Client, one: Enrolment) -> None:
    before = FollowUp.objects.values("state", "due_at", "last_contact", "assignee").get()
    assert tell(claire, one) == 302
    assert FollowUp.objects.values("state", "due_at", "last_contact", "assignee").get() == before
    assert (Contact.objects.get().kind, BadAddress.objects.get().address) == (Kind.BOUNCED, ADDRESS.lower())
    page = claire.get(reverse("dashboard:person", args=[one.pk])).content.decode()
    assert f'<s class="cut">{ADDRESS}</s>' in page
    assert f"mailto:{ADDRESS}" not in page
    assert f"Message à {ADDRESS.lower()} revenu" in page
    assert tell(claire, one) == 302
    assert Contact.objects.count() == 1, "once is enough"


def test_no_reminder_goes_there_until_it_is_undone(claire: Client, one: Enrolment, tutor: User) -> None:
    assert obstacle(one) == ""
    tell(claire, one)
    assert obstacle(one) == Obstacle.BOUNCED
    claire.post(reverse("dashboard:undo", args=[Contact.objects.get().act]))
    assert obstacle(one) == ""
    assert hint(tutor, one) is None


def test_the_roster_says_so(claire: Client, one: Enrolment) -> None:
    other: Enrolment = EnrolmentFactory(course=one.course, groups=[one.groups.get()])

    def flagged() -> dict[int, str]:
        page = html.fromstring(claire.get(reverse("dashboard:roster")).content)
        tag = "string(.//td[contains(@class, 'c-who')]//span[contains(@class, 'vg-tag warn')])"
        return {int(row.get("data-row")): row.xpath(tag) for row in page.xpath("//tr[@data-row]")}

    assert flagged() == {one.pk: "", other.pk: ""}
    tell(claire, one)
    assert flagged() == {one.pk: "Message revenu", other.pk: ""}
    claire.post(reverse("dashboard:add-detail", args=[one.pk]), {"value": "camille@perso.example.org"})
    assert flagged() == {one.pk: "", other.pk: ""}, "an address that a colleague typed will do"


def test_the_likely_cause_is_the_address_with_its_evidence(claire: Client, one: Enrolment, tutor: User) -> None:
    tell(claire, one)
    found = hint(tutor, one)
    assert found is not None
    assert found.cause == Cause.WRONG_EMAIL
    assert ADDRESS.lower() in found.evidence


@pytest.mark.parametrize("how", ["typed", "changed on Moodle"])
def test_another_address_clears_it(claire: Client, one: Enrolment, tutor: User, how: str) -> None:
    tell(claire, one)
    if how == "typed":
        claire.post(reverse("dashboard:add-detail", args=[one.pk]), {"value": "camille@perso.example.org"})
        assert ContactDetail.objects.exists()
    else:
        Participant.objects.filter(pk=one.participant_id).update(email="camille@ac-test.example.org")
    assert obstacle(one) == ""
    assert hint(tutor, one) is None


def test_the_plan_looks_for_another_way(
    claire: Client, one: Enrolment, django_capture_on_commit_callbacks: Commit
) -> None:
    FollowUp.objects.update(state=State.TODO, due_at=timezone.now(), step_day=None)
    recompute(one.course)
    assert FollowUp.objects.get().next_channel == Channel.EMAIL
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        tell(claire, one)
    assert FollowUp.objects.get().next_channel != Channel.EMAIL
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        claire.post(reverse("dashboard:undo", args=[Contact.objects.get().act]))
    assert FollowUp.objects.get().next_channel == Channel.EMAIL


def test_only_an_address_of_the_file_and_in_call_mode_too(claire: Client, one: Enrolment) -> None:
    assert tell(claire, one, "somebody@example.org") == 404
    claire.post(reverse("dashboard:call-start"), {"list": "roster", "query": ""})
    page = claire.get("/appels/").content.decode()
    assert reverse("dashboard:bounced", args=[one.pk]) in page
    answer = claire.post(
        reverse("dashboard:bounced", args=[one.pk]), {"address": ADDRESS, "round": "1", "next": "/appels/"}
    )
    assert answer.headers["Location"] == "/appels/"
