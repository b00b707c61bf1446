"""The tutor's morning: the queue, one line after the other, without a reload."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from dashboard.enums import Channel, Kind, State
from dashboard.follow_up import system
from dashboard.models import Contact, FollowUp
from moodle_sync.models import Course, Enrolment, Group
from tests.browser.conftest import SCREENS, OpenAs, assert_accessible
from tests.factories import EnrolmentFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def somebody(group: Group, first: str, last: str, **fields: object) -> Enrolment:
    name = {"participant__first_name": first, "participant__last_name": last}
    enrolment: Enrolment = EnrolmentFactory.create(course=group.course, groups=[group], **name, **fields)
    return enrolment


@pytest.fixture
def morning(group: Group) -> dict[str, Enrolment]:
    """One of each kind, and somebody who came in."""
    now = timezone.now()
    ago = now - timedelta(hours=3)
    called = {"follow_up__next_channel": Channel.CALL, "follow_up__next_at": ago}
    people = {
        "callback": somebody(
            group, "Hélène", "Tran", follow_up__state=State.CALLBACK, follow_up__due_at=ago, **called
        ),
        "call": somebody(group, "Karim", "Ouadah", **called),
        "second": somebody(group, "Marc", "Poitevin", **called),
        "reminder": somebody(group, "Camille", "Ferrand"),
        "new": somebody(
            group, "Sophie", "Lambert", follow_up__state=State.WAITING, follow_up__due_at=None,
            first_seen_at=now - timedelta(days=1),
        ),
        "undecided": somebody(group, "Inès", "Cordier", follow_up__next_channel="", follow_up__next_at=None),
        "entered": somebody(group, "Fatou", "Diarra", last_course_access=now, follow_up__entry_known=False),
    }  # fmt: skip
    system.close_entered(group.course)
    return people


def figure(page: Page, name: str, n: int) -> None:
    expect(page.locator(f"#figure-{name}")).to_have_text(str(n) if n else "")


def test_a_morning(page_as: OpenAs, tutor: User, morning: dict[str, Enrolment]) -> None:
    page = page_as(tutor)
    page.goto("/")
    expect(page).to_have_url(re.compile(r"/a-faire/$"))
    expect(page.locator(".vg-grp")).to_have_count(5)
    expect(page.locator("#came-in")).to_contain_text("Fatou Diarra")
    figure(page, "queue", 6)
    figure(page, "calls", 3)
    expect(page.locator("#call-all button")).to_contain_text("3")

    page.locator(f"#take-{morning['new'].pk}").click()
    expect(page.locator("#arrival")).to_have_count(0)
    figure(page, "queue", 5)
    page.locator("#toasts .vg-link").click()
    expect(page.locator("#arrival")).to_contain_text("Sophie Lambert")
    figure(page, "queue", 6)

    page.locator(f"#call-{morning['callback'].pk}").click()
    expect(page.locator("#panel .vg-panel")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"\?open={morning['callback'].pk}$"))
    page.locator("label[for=call-outcome-2]").click()
    page.locator("#call-save").click()
    expect(page.locator("#callback")).to_have_count(0)
    figure(page, "calls", 2)
    page.locator("#panel [data-close]:visible").click()
    expect(page.locator("#panel .vg-panel")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/a-faire/$"))

    row = page.locator(f"[data-row='{morning['call'].pk}']")
    row.locator("summary").click()
    row.locator(f"#contacted-{morning['call'].pk}").click()
    expect(row).to_have_count(0)
    expect(page.locator(f"#name-{morning['second'].pk}")).to_be_focused()
    figure(page, "calls", 1)
    assert FollowUp.objects.get(enrolment=morning["call"]).state == State.CONTACTED


def test_a_reminder_is_sent_by_hand_and_taken_back(
    page_as: OpenAs, tutor: User, course: Course, morning: dict[str, Enrolment]
) -> None:
    page = page_as(tutor)
    page.goto("/a-faire/")
    page.locator("#reminder .btn:not(.sq)").first.click()
    expect(page).to_have_url(re.compile(rf"/a-faire/relances/{course.pk}/$"))
    expect(page.locator(".vg-people")).to_contain_text("Camille Ferrand")
    page.locator("#sent").click()
    expect(page).to_have_url(re.compile(r"/a-faire/$"))
    expect(page.locator("#reminder")).to_have_count(0)
    assert FollowUp.objects.get(enrolment=morning["reminder"]).state == State.REMINDED
    assert Contact.objects.filter(kind=Kind.EMAIL).count() == 1
    page.locator("#toasts .vg-link").click()
    expect(page.locator("#reminder")).to_contain_text(str(course))


@pytest.mark.parametrize(("theme", "width"), SCREENS)
def test_the_queue_and_what_it_leads_to_are_accessible(
    page_as: OpenAs,
    tutor: User,
    coordinator: User,
    course: Course,
    morning: dict[str, Enrolment],
    theme: str,
    width: int,
) -> None:
    page = page_as(tutor, width=width, theme=theme)
    for path in ("/a-faire/", f"/a-faire/relances/{course.pk}/", "/aide/relancer-et-appeler/"):
        page.goto(path)
        assert_accessible(page)
    page.goto(f"/a-faire/?open={morning['call'].pk}")
    expect(page.locator("#panel .vg-panel")).to_be_visible()
    assert_accessible(page)
    if width == 1440:
        page.locator("#panel [data-close]:visible").click()
        page.locator(f"[data-row='{morning['call'].pk}'] summary").click()
        assert_accessible(page)
    page = page_as(coordinator, width=width, theme=theme)
    page.goto("/a-faire/")
    assert_accessible(page)


def test_the_guide_prints_on_one_page(page_as: OpenAs, tutor: User) -> None:
    page = page_as(tutor)
    page.goto("/aide/relancer-et-appeler/")
    printed = page.pdf(format="A4", margin={"top": "1cm", "bottom": "1cm", "left": "1cm", "right": "1cm"})
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) == 1
