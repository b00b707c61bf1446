"""From the list to a logged call and back, by keyboard, in both themes and widths, with axe."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from dashboard.enums import State
from dashboard.models import FollowUp
from moodle_sync.models import Enrolment
from tests.factories import PASSWORD, EnrolmentFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = Path(__file__).resolve().parent.parent.parent / "node_modules/axe-core/axe.min.js"
VIOLATIONS = "async () => (await axe.run()).violations.map(v => `${v.id}: ${v.nodes.map(n => n.html).join(' ')}`)"
SCREENS = [(theme, width) for theme in ("light", "dark") for width in (1440, 390)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("VIGIE_CHROMIUM") or shutil.which("chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright runs a loop in this thread; Django then refuses the ORM that the test itself needs.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def enrolment(tutor: User) -> Enrolment:
    assignment = tutor.assignments.get()
    return EnrolmentFactory(
        course=assignment.course, groups=[assignment.group], participant__full_name="Camille Ferrand",
        participant__first_name="Camille", participant__last_name="Ferrand", participant__phone1="0639984127",
    )  # fmt: skip


@pytest.fixture(params=SCREENS, ids=lambda screen: f"{screen[0]}-{screen[1]}")
def page(request: pytest.FixtureRequest, chromium: Browser, live_server: LiveServer, tutor: User) -> Iterator[Page]:
    theme, width = request.param
    context = chromium.new_context(
        base_url=live_server.url,
        color_scheme=theme,
        viewport={"width": width, "height": 900},
        locale="fr-FR",
        reduced_motion="reduce",
    )
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if "Content Security Policy" in m.text else None)
    page.goto("/")
    page.fill("[name=login]", tutor.email)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(re.compile("/enseignants/"))
    yield page
    context.close()
    assert wrong == []


def assert_accessible(page: Page) -> None:
    page.evaluate(AXE.read_text())
    assert page.evaluate(VIOLATIONS) == []


def state_of(enrolment: Enrolment) -> str:
    return FollowUp.objects.get(enrolment=enrolment).state


def test_a_call_by_keyboard_then_its_undo(enrolment: Enrolment, page: Page) -> None:
    page.reload()
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
