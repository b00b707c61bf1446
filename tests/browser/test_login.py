"""Login, a forgotten password and an invitation in a real browser, in both themes and widths, with axe."""

import re
from typing import Any

import pytest
from django.core import mail
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts import invitations
from accounts.models import Role, User
from tests.browser.conftest import SCREENS, OpenAs, assert_accessible
from tests.factories import PASSWORD, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SECRET = "une phrase facile à retenir"


@pytest.fixture(params=SCREENS, ids=lambda screen: f"{screen[0]}-{screen[1]}")
def screen(request: pytest.FixtureRequest, page_as: OpenAs, live_server: LiveServer, settings: Any) -> Page:
    settings.PUBLIC_URL = live_server.url
    theme, width = request.param
    return page_as(None, theme=theme, width=width, refusals=True)


@pytest.fixture
def claire(screen: Page) -> User:
    return UserFactory(email="claire@example.org", first_name="Claire", last_name="Dumont")


def _looks_right(page: Page) -> None:
    assert_accessible(page)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)


def _log_in(page: Page, email: str, password: str) -> None:
    """By keyboard alone."""
    page.locator("#id_login").fill(email)
    page.locator("#id_login").press("Tab")
    if page.evaluate("document.activeElement.tagName") == "A":
        page.keyboard.press("Tab")
    page.keyboard.type(password)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_mistake_then_in(screen: Page, claire: User) -> None:
    screen.goto("/accessibilite/")
    _looks_right(screen)
    screen.goto("/compte/connexion/")
    _looks_right(screen)
    _log_in(screen, claire.email, "faux")
    expect(screen.get_by_role("alert")).to_have_count(1)
    expect(screen.locator("#id_login")).to_have_value(claire.email)
    for field in ("#id_login", "#id_password"):
        expect(screen.locator(field)).to_have_attribute("aria-invalid", "true")
    # The first of them has the focus, and says why.
    expect(screen.locator("#id_login")).to_be_focused()
    expect(screen.locator("#id_login")).to_have_accessible_description(re.compile("ne convient pas"))
    _looks_right(screen)
    _log_in(screen, claire.email, PASSWORD)
    screen.wait_for_url("**/a-faire/**")


def test_too_many_mistakes(screen: Page, claire: User) -> None:
    for _attempt in range(6):
        screen.goto("/compte/connexion/")
        _log_in(screen, claire.email, "faux")
    expect(screen.locator("#id_login")).to_have_count(0)
    _looks_right(screen)


def test_a_forgotten_password(screen: Page, claire: User) -> None:
    screen.goto("/compte/connexion/")
    screen.locator(".vg-forgot").click()
    _looks_right(screen)
    screen.locator("#id_email").fill("claire")
    with screen.expect_navigation():
        screen.keyboard.press("Enter")
    expect(screen.get_by_role("alert")).to_have_count(1)
    _looks_right(screen)
    screen.locator("#id_email").fill(claire.email)
    screen.keyboard.press("Enter")
    screen.wait_for_url("**/oublie/envoye/")
    _looks_right(screen)
    link = re.search(r"^http\S+$", str(mail.outbox[0].body), re.MULTILINE)
    assert link
    screen.goto(link[0])
    _looks_right(screen)
    _choose(screen, SECRET)
    screen.wait_for_url("**/mot-de-passe/change/")
    _looks_right(screen)


def test_an_invitation(screen: Page) -> None:
    lou, _new = invitations.invite("lou@example.org", Role.TUTOR, overseen=invitations.Overseen())
    screen.goto(invitations.link(lou))
    _looks_right(screen)
    _choose(screen, "court")
    alert = screen.get_by_role("alert")
    expect(alert).to_have_count(1)
    described = screen.locator("#id_password1").get_attribute("aria-describedby") or ""
    assert screen.locator(", ".join(f"#{name}" for name in described.split())).count() == 2
    _looks_right(screen)
    _choose(screen, SECRET)
    screen.wait_for_url("**/a-faire/**")
    screen.goto(invitations.link(lou))
    expect(screen.locator("#id_password1")).to_have_count(0)
    _looks_right(screen)


def _choose(page: Page, password: str) -> None:
    page.locator("#id_password1").fill(password)
    page.locator("#id_password2").fill(password)
    with page.expect_navigation():
        page.keyboard.press("Enter")
