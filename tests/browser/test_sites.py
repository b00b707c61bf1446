"""The administrator's path in a real browser: from an address to courses that are followed."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from demo.moodle import MoodleServer, running
from moodle_sync.models import AutoFollow, Connection, Course, SyncRun
from tests.browser.conftest import SCREENS, OpenAs, assert_accessible
from tests.contract import recordings as rec
from tests.contract.simulated import PASSWORD, contract_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def server() -> Iterator[MoodleServer]:
    with running(contract_world("5.1")) as running_server:
        yield running_server


@pytest.mark.parametrize(("theme", "width"), SCREENS)
def test_from_an_address_to_courses(
    theme: str, width: int, page_as: OpenAs, administrator: User, server: MoodleServer
) -> None:
    page = page_as(administrator, theme=theme, width=width)
    page.goto("/plateformes/")
    assert_accessible(page)
    page.locator("a[href='/plateformes/connecter/']").first.click()
    page.locator("#id_url").fill(f"{server.url}/course/view.php?id=2")
    assert_accessible(page)
    page.locator("main form button.go").click()
    expect(page.locator(".vg-note[role=alert]")).to_be_visible()
    assert_accessible(page)
    page.locator("form:has(code) button").click()

    page.locator("#id_username").fill("tuteur1")
    page.locator("#id_password").fill("wrong")
    page.locator("form[aria-labelledby=way-login] button").click()
    expect(page.locator(".vg-note.danger")).to_be_visible()
    expect(page.locator("#id_password")).to_have_value("")
    assert_accessible(page)
    page.locator("#id_token").fill(rec.SERVICE)
    page.locator("form[aria-labelledby=way-token] button").click()

    expect(page.locator(".vg-note.ok")).to_be_visible()
    expect(page.locator("#check-participants .vg-tag.ok")).to_be_visible()
    expect(page.locator("#check-phones .vg-tag.danger")).to_be_visible()
    assert_accessible(page)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("[data-copy]").click()
    expect(page.locator("#live")).not_to_be_empty()
    assert "showuseridentity" in page.evaluate("navigator.clipboard.readText()")

    page.locator(".vg-two a.btn.go").click()
    page.locator("#course-2").check()
    assert_accessible(page)
    page.locator("button[name=preview]").scroll_into_view_if_needed()
    page.locator("#rule-pattern").fill("2027-*")
    page.locator("button[name=preview]").click()
    expect(page.locator("#rules [role=status]")).to_be_visible()
    assert_accessible(page)
    page.locator("#rules form:has([role=status]) button").click()
    expect(page.locator("#rules code")).to_have_text("2027-*")
    page.locator("#course-2").check()
    page.locator("form.vg-card button.go").first.click()
    page.wait_for_url("**/plateformes/*/")
    assert set(Course.objects.followed().values_list("moodle_id", flat=True)) == {2, 4}
    assert AutoFollow.objects.exists()

    SyncRun.objects.update(
        state="refused",
        error_code="invalidtoken",
        finished_at=timezone.now(),
        next_try_at=timezone.now() + timedelta(hours=1),
    )
    Connection.objects.update(refused_at=timezone.now())
    page.reload()
    expect(page.locator("section[aria-labelledby=failing] li")).to_have_count(2)
    assert_accessible(page)
    page.goto("/plateformes/")
    assert_accessible(page)
    assert PASSWORD not in page.content()
