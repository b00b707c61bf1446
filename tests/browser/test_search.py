"""From anywhere: `/`, a few letters, an arrow, Enter, and the person's file is open."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import User
from moodle_sync.models import Group
from tests.browser.conftest import OpenAs, assert_accessible
from tests.factories import EnrolmentFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_someone_is_found_from_anywhere_by_keyboard_alone(page_as: OpenAs, tutor: User, group: Group) -> None:
    for first, last in (("Hélène", "Tran"), ("Karim", "Tranier"), ("Zoé", "Petit")):
        name = {"participant__first_name": first, "participant__last_name": last}
        EnrolmentFactory.create(course=group.course, groups=[group], **name)
    page = page_as(tutor)
    page.goto("/rappels/")
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("tran")
    expect(page.locator(".vg-foundname b")).to_have_text(["Hélène Tran", "Karim Tranier"])
    expect(page.locator("#live")).to_contain_text("2")
    assert_accessible(page)

    page.keyboard.press("ArrowDown")
    expect(page.locator(".vg-foundname").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#find")).to_be_focused()
    expect(page.locator("#found > *")).to_have_count(0)
    expect(page.locator("#find")).to_have_value("tran")

    page.keyboard.type("ier")
    expect(page.locator(".vg-foundname b")).to_have_text(["Karim Tranier"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/enseignants/\d+/"))
    expect(page.locator(".vg-pname")).to_have_text("Karim Tranier")


def test_on_a_phone_it_is_a_page_under_more(page_as: OpenAs, tutor: User, group: Group) -> None:
    EnrolmentFactory.create(course=group.course, groups=[group], participant__phone1="06 39 98 41 27")
    page = page_as(tutor, width=390, theme="dark")
    page.goto("/rappels/")
    page.locator(".vg-tabs summary").click()
    page.locator(".vg-tabs").get_by_role("link", name="Trouver quelqu’un").click()
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("+33 6 39 98")
    page.keyboard.press("Enter")
    expect(page.locator(".vg-foundname")).to_contain_text("06 39 98 41 27")
    assert_accessible(page)
