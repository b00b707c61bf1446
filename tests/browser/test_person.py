"""From the list to a logged call and back, by keyboard, in both themes and widths, with axe."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from dashboard.enums import State
from dashboard.models import FollowUp
from moodle_sync.models import Enrolment
from tests.browser.conftest import SCREENS, OpenAs, Theme, assert_accessible
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


@pytest.fixture
def next_one(enrolment: Enrolment) -> Enrolment:
    return EnrolmentFactory(
        course=enrolment.course, groups=list(enrolment.groups.all()), participant__full_name="Dominique Ferrand",
        participant__first_name="Dominique", participant__last_name="Ferrand",
    )  # fmt: skip


@pytest.mark.parametrize(("width", "theme"), [(1440, "dark"), (390, "light")])
def test_from_file_to_file_in_the_list_with_a_note_corrected(
    enrolment: Enrolment, next_one: Enrolment, page_as: OpenAs, tutor: User, width: int, theme: Theme
) -> None:
    """On a phone a call is logged in three taps: the row's button, the outcome, «Save»."""
    page = page_as(tutor, width=width, theme=theme)
    page.goto("/enseignants/?q=ferrand&sort=teacher")
    page.locator(f"#call-{enrolment.pk}").click()
    page.locator("label[for=call-outcome-2]").click()
    page.locator("#call-save").click()
    panel = page.locator(".vg-panel")
    expect(panel.locator(".vg-tl > li")).to_have_count(1)
    assert state_of(enrolment) == State.CONTACTED

    expect(panel.locator("#panel-previous")).to_have_attribute("aria-disabled", "true")
    panel.locator("label[for=act-note]").click()
    panel.locator("#note-text").fill("Reprend mardi.")
    panel.locator("#panel-next").click()
    expect(panel.locator("#panel-name")).to_contain_text("Dominique")
    expect(panel.locator("#panel-place")).to_contain_text("Fin de la liste")
    page.wait_for_url(re.compile(f"open={next_one.pk}"))
    panel.locator("#panel-previous").click()
    expect(panel.locator("#note-text")).to_have_value("Reprend mardi.")
    panel.locator("#note-save").click()

    note = panel.locator(".vg-tl > li", has_text="Reprend mardi.")
    note.locator(".vg-correct > summary").click()
    note.locator("textarea").fill("Reprend jeudi.")
    note.locator(".vg-correct button").click()
    fold = panel.locator(".vg-earlier > summary")
    fold.click()
    expect(panel.locator(".vg-earlier")).to_contain_text("Reprend mardi.")
    assert_accessible(page)
    page.wait_for_url(re.compile(f"open={enrolment.pk}"))
    page.go_back()
    expect(panel).to_have_count(0)
    expect(page.locator("[data-row]")).to_have_count(2)


def test_a_note_stays_on_its_tab_when_refused(enrolment: Enrolment, page: Page) -> None:
    page.goto(f"/enseignants/{enrolment.pk}/")
    page.locator("label[for=act-note]").click()
    page.locator("#note-save").click()
    expect(page.locator("#note-text-error")).to_be_visible()
    assert_accessible(page)
    page.locator("#note-text").fill("Change d’établissement.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".vg-tl > li")).to_contain_text("Change d’établissement.")
