"""The tutor's path over many: find who never came in, tick, take all of them, mark, undo; by mouse and by keyboard."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from dashboard.enums import State
from dashboard.models import FollowUp
from moodle_sync.models import Group
from tests.browser.conftest import OpenAs, assert_accessible
from tests.factories import EnrolmentFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def many(group: Group) -> None:
    """27 who never came in: two pages. One who did."""
    for n in range(27):
        EnrolmentFactory.create(course=group.course, groups=[group], participant__sort_key=f"{n:02}")
    came = {"last_course_access": timezone.now(), "follow_up__state": State.CLOSED_IN, "follow_up__due_at": None}
    EnrolmentFactory.create(course=group.course, groups=[group], **came)


def contacted() -> int:
    return FollowUp.objects.filter(state=State.CONTACTED).count()


def boxes(page: Page) -> list[bool]:
    return [box.is_checked() for box in page.locator("#results input[name=row]").all()]


def test_all_who_never_came_in_are_marked_and_it_is_undone(page_as: OpenAs, tutor: User, many: None) -> None:
    page = page_as(tutor)
    page.goto("/enseignants/?sort=teacher")
    page.locator("#tile-never_course").click()
    expect(page).to_have_url(re.compile("access=never_course"))
    bar = page.locator("#bulk")
    expect(bar).to_be_hidden()
    rows = page.locator("#results input[name=row]")
    rows.nth(1).focus()
    page.keyboard.press("Space")
    expect(page.locator("#bulk-count")).to_have_text("1 sélectionné")
    rows.nth(3).click(modifiers=["Shift"])
    expect(page.locator("#bulk-count")).to_have_text(re.compile("^3.sélectionnés"))
    assert_accessible(page)

    page.locator("#bulk-all").click()
    expect(page.locator("#bulk-count")).to_have_text(re.compile("^27.sélectionnés"))
    rows.nth(1).focus()
    page.keyboard.press("b")
    expect(page.locator("#bulk-contactes")).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.locator("#bulk-dialog")
    expect(dialog).to_contain_text(re.compile("27.personnes"))
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#bulk-contactes")).to_be_focused()
    assert contacted() == 0

    page.keyboard.press("Enter")
    dialog.locator(".btn.go").click()
    expect(page.locator(".vg-toast")).to_contain_text(re.compile("27.personnes"))
    expect(dialog).to_be_hidden()
    expect(bar).to_be_hidden()
    assert contacted() == 27
    page.locator(".vg-toast form button").click()
    expect(page.locator("#results .vg-fu.contacted")).to_have_count(0)
    expect(page.locator(".vg-toast")).to_contain_text("Annulé")
    assert contacted() == 0


def test_ticks_go_with_their_rows_and_never_to_other_people(page_as: OpenAs, tutor: User, many: None) -> None:
    page = page_as(tutor, width=390, theme="dark")
    page.goto("/enseignants/?sort=teacher")
    rows = page.locator("#results input[name=row]")
    expect(rows).to_have_count(25)
    rows.nth(0).check()
    rows.nth(2).check()
    assert_accessible(page)
    kept = rows.nth(2).input_value().partition(":")[0]
    first = page.locator("[data-row]").nth(0).get_attribute("data-row")
    page.locator(f"#contacted-{first}").click()  # another act redraws the rows: the ticks stay
    expect(page.locator("#results .vg-fu.contacted")).to_have_count(1)
    expect(page.locator("#bulk-count")).to_have_text(re.compile("^2.sélectionnés"))
    page.goto("/enseignants/?sort=teacher")
    expect(rows.nth(2)).not_to_be_checked()

    page.locator(f"#row-{kept} input[name=row]").check()
    page.locator("#page-next").click()
    expect(page).to_have_url(re.compile("page=2"))
    expect(page.locator("#bulk")).to_be_hidden()
    expect(page.locator("#bulk-live")).to_contain_text("Plus personne")
    page.go_back()
    expect(page.locator(f"#row-{kept} input[name=row]")).to_be_visible()
    assert not any(boxes(page))
