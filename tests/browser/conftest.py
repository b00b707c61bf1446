"""A real browser on the live server. Chromium comes from VIGIE_CHROMIUM or the system."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.models import User

AXE = Path(__file__).resolve().parent.parent.parent / "node_modules/axe-core/axe.min.js"
VIOLATIONS = """async (options) => (await axe.run(options)).violations
 .map(v => `${v.id}: ${v.nodes.map(n => n.html).join(' ')}`)"""
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}

expect.set_options(timeout=20_000)  # of a law, not of speed: a machine that is busy with more is no defect

OpenAs = Callable[..., Page]
Theme = Literal["light", "dark"]
SCREENS: list[tuple[Theme, int]] = [("light", 1440), ("dark", 390)]
"""A path is walked on each; `assert_accessible` looks at every state in the other theme as well."""
REFUSED = "Failed to load resource: the server responded with a status of 4"
"""What Chromium says of a 422, a 410 or a 429, which some tests are about."""
TAKEN_BACK = ("htmx:afterRequest, ", "htmx:sendAbort, ")
"""What htmx says of a question that a newer one replaced."""
OFFLINE = "Failed to load resource: net::ERR_INTERNET_DISCONNECTED"
UNSENT = "htmx:sendError"
UNAUTHORIZED = "Response Status Error Code 401"
"""What htmx says of an ended session."""
FAILURES = (REFUSED, OFFLINE, UNSENT, UNAUTHORIZED)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = os.environ.get("VIGIE_CHROMIUM") or shutil.which("chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright runs a loop in this thread; Django then refuses the ORM that the test itself needs.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page_as(browser: Browser, live_server: LiveServer) -> Iterator[OpenAs]:
    """`page_as(user, width=1440, theme="light")`: a page of that user's, logged in by the session cookie.

    `None` is nobody. Every complaint in the console fails the test; with `refusals`, all but those of a 4xx
    or of a network that the test itself cuts.
    """
    cache.clear()
    contexts: list[BrowserContext] = []
    complaints: list[str] = []
    under_way: set[Request] = set()

    def open_page(user: User | None, *, width: int = 1440, theme: Theme = "light", refusals: bool = False) -> Page:
        def complain(text: str) -> None:
            if not (text.startswith(TAKEN_BACK) or (refusals and text.startswith(FAILURES))):
                complaints.append(text)

        # Without motion: axe would measure the contrast of a toast that is still fading in.
        context = browser.new_context(
            base_url=live_server.url, reduced_motion="reduce", color_scheme=theme, locale="fr-FR",
            viewport={"width": width, "height": 900},
        )  # fmt: skip
        contexts.append(context)
        context.on("request", lambda request: under_way.add(request))
        context.on("requestfinished", lambda request: under_way.discard(request))
        context.on("requestfailed", lambda request: under_way.discard(request))
        if user:
            name = settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": session_of(user), "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda m: complain(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complain(str(error)))
        return page

    yield open_page
    found = list(complaints)
    fall_silent(contexts, under_way)
    for context in contexts:
        context.close()
    cache.clear()
    assert found == []


def fall_silent(contexts: list[BrowserContext], under_way: set[Request]) -> None:
    """Pages send by themselves, drafts for instance: nothing may reach the server while the next test empties it."""
    for context in contexts:
        context.route("**/*", lambda route: route.abort())
    for context in contexts:
        for page in context.pages:
            while any(request.frame.page == page for request in under_way):
                page.wait_for_timeout(20)


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def assert_accessible(page: Page) -> None:
    """Accessible by axe, in both themes, of which only the colours differ; and nothing to scroll sideways."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(VIOLATIONS, {}) == []
    was_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    page.emulate_media(color_scheme="light" if was_dark else "dark")
    assert page.evaluate(VIOLATIONS, COLOURS) == []
    page.emulate_media(color_scheme="dark" if was_dark else "light")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
