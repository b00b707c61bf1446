"""From the list to a logged call and back, by keyboard, in both themes and widths, with axe."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from dashboard.enums import State
from dashboard.models import FollowUp
from moodle_sync.models import Enrolment
from tests.browser.conftest import SCREENS, OpenAs, assert_accessible
from tests.factories import EnrolmentFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def enrolment(tutor: User) -> Enrolment:
    assignment = tutor.assignments.get()
    return EnrolmentFactory(
        course=assignment.course, groups=[assignment.group], participant__full_name="Camille Ferrand",
        participant__first_name="Camille", participant__last_name="Ferrand", participant__phone1="0639984127",
    )  # fmt: skip


@pytest.fixture(params=SCREENS, ids=lambda screen: f"{screen[0]}-{screen[1]}")
def page(request: pytest.FixtureRequest, page_as: OpenAs, tutor: User) -> Page:
    theme, width = request.param
    return page_as(tutor, theme=theme, width=width, refusals=True)


def state_of(enrolment: Enrolment) -> str:
    return FollowUp.objects.get(enrolment=enrolment).state


def test_a_call_by_keyboard_then_its_undo(enrolment: Enrolment, page: Page) -> None:
    page.goto("/enseignants/")
    page.locator(f"tr[data-row='{enrolment.pk}'] [href$='/appel/']").click()
    panel = page.locator(".vg-panel")
    expect(panel.locator("#call-outcome-1")).to_be_focused()
    page.wait_for_url(re.compile(f"open={enrolment.pk}"))
    assert_accessible(page)

    page.keyboard.press("4")
    page.keyboard.press("Control+Enter")
    expect(panel.locator("#call-date-error")).to_be_visible()
    expect(panel.locator("#call-date")).to_be_focused()
    assert_accessible(page)

    panel.locator("#call-note").fill("En arrêt maladie ? 2 fois.")
    expect(panel.locator("#call-form [data-sensitive-hint]")).not_to_be_empty()
    panel.locator("#call-outcome-1").focus()
    page.keyboard.press("6")
    panel.locator("label[for=call-when-3]").click()
    page.keyboard.press("Control+Enter")
    entry = panel.locator(".vg-tl > li")
    expect(entry).to_contain_text("En arrêt maladie ? 2 fois.")
    assert FollowUp.objects.get(enrolment=enrolment).last_contact is not None
    assert_accessible(page)

    entry.locator("form[action$='/annuler/'] button").click()
    expect(panel.locator("section > .vg-tl")).to_have_count(0)
    expect(panel.locator("details .vg-tl s")).to_have_count(1)
    assert FollowUp.objects.get(enrolment=enrolment).last_contact is None
    assert state_of(enrolment) == State.TODO


def test_alone_on_its_page_the_file_does_the_same(enrolment: Enrolment, page: Page) -> None:
    page.goto(f"/enseignants/{enrolment.pk}/?call=1")
    expect(page.locator("#call-outcome-1")).to_be_focused()
    page.keyboard.press("2")
    page.keyboard.press("Control+Enter")
    undo = page.locator(".vg-panel form[action$='/annuler/'] button")
    expect(undo).to_be_visible()
    assert state_of(enrolment) == State.CONTACTED
    assert_accessible(page)
    undo.click()
    expect(undo).to_have_count(0)
    assert state_of(enrolment) == State.TODO


def test_a_note_stays_on_its_tab_when_refused(enrolment: Enrolment, page: Page) -> None:
    page.goto(f"/enseignants/{enrolment.pk}/")
    page.locator("label[for=act-note]").click()
    page.locator("#note-save").click()
    expect(page.locator("#note-text-error")).to_be_visible()
    assert_accessible(page)
    page.locator("#note-text").fill("Change d’établissement.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".vg-tl > li")).to_contain_text("Change d’établissement.")
