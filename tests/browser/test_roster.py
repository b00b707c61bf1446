"""The tutor's path: find who never came in, mark one as contacted, undo, open the panel, go back."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from dashboard.enums import State
from dashboard.models import FollowUp
from moodle_sync.models import Enrolment, Group
from tests.browser.conftest import SCREENS, OpenAs, assert_accessible
from tests.factories import EnrolmentFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def helene(group: Group) -> Enrolment:
    """Hélène never came in; Karim did."""
    came = {"last_course_access": timezone.now(), "follow_up__state": State.CLOSED_IN, "follow_up__due_at": None}
    karim = {"participant__first_name": "Karim", "participant__last_name": "Ouadah"}
    EnrolmentFactory.create(course=group.course, groups=[group], **karim, **came)
    name = {"participant__first_name": "Hélène", "participant__last_name": "Tran"}
    enrolment: Enrolment = EnrolmentFactory.create(course=group.course, groups=[group], **name)
    return enrolment


def row(page: Page, enrolment: Enrolment) -> str:
    return f"#row-{enrolment.pk}"


def test_a_tutor_finds_marks_and_undoes(page_as: OpenAs, tutor: User, helene: Enrolment) -> None:
    page = page_as(tutor)
    page.goto("/enseignants/")
    page.keyboard.press("/")
    page.keyboard.type("helene")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?q=helene$"))
    expect(page.locator("#live")).to_contain_text("1")
    page.locator("#clear").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("#q")).to_have_value("")

    page.locator("#tile-never_course").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator(f"#contacted-{helene.pk}").click()
    expect(page.locator(f"{row(page, helene)} .vg-fu.contacted")).to_be_visible()
    expect(page.locator("#tile-contacted b")).to_have_text("1")
    page.locator("#toasts .vg-link").click()
    expect(page.locator(f"{row(page, helene)} .vg-fu.todo")).to_be_visible()
    assert FollowUp.objects.get(enrolment=helene).state == State.TODO


def test_the_panel_is_in_the_address_and_leaves_the_list_as_it_is(
    page_as: OpenAs, tutor: User, helene: Enrolment
) -> None:
    page = page_as(tutor)
    page.goto("/enseignants/?sort=teacher")
    page.locator(f"#name-{helene.pk}").click()
    expect(page.locator("#panel .vg-panel")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"\?sort=teacher&open={helene.pk}$"))
    expect(page.locator(row(page, helene))).to_have_class("open")
    page.reload()
    expect(page.locator("#panel .vg-panel")).to_be_visible()
    page.locator("#sort-access").click()
    expect(page).to_have_url(re.compile(rf"sort=access.*open={helene.pk}$"))
    expect(page.locator("#panel .vg-panel")).to_be_visible()
    page.locator("h1").click()
    page.keyboard.press("Escape")
    expect(page.locator("#panel .vg-panel")).to_have_count(0)
    expect(page.locator(f"#name-{helene.pk}")).to_be_focused()
    page.go_back()
    expect(page.locator("#panel .vg-panel")).to_be_visible()


def test_back_closes_a_panel_opened_on_the_first_page_seen(page_as: OpenAs, tutor: User, helene: Enrolment) -> None:
    page = page_as(tutor)
    page.goto("/enseignants/")
    page.locator(f"#name-{helene.pk}").click()
    expect(page).to_have_url(re.compile(rf"open={helene.pk}$"))
    expect(page.locator("#panel .vg-panel")).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile(r"/enseignants/$"))
    expect(page.locator("#panel .vg-panel")).to_have_count(0)


def test_no_toast_hides_the_save_button(page_as: OpenAs, tutor: User, helene: Enrolment) -> None:
    for width in (1440, 1024, 390):
        page = page_as(tutor, width=width)
        page.goto(f"/enseignants/?open={helene.pk}")
        page.locator("label[for=call-outcome-8]").click()
        page.locator("#call-save").click()
        expect(page.locator(".vg-toast")).to_be_visible()
        page.locator("#call-save").click(trial=True, timeout=2000)


def test_focus_stays_when_what_had_it_goes(page_as: OpenAs, tutor: User, helene: Enrolment) -> None:
    page = page_as(tutor)
    page.goto(f"/enseignants/?state=todo&open={helene.pk}")
    page.locator(".vg-unfold:has(#detail-value) summary").click()
    page.locator("#detail-value").fill("05 55 00 00 12")
    page.keyboard.press("Enter")
    page.locator("#panel form[action$='/retirer/'] button").click()
    expect(page.locator("#panel form[action$='/retirer/']")).to_have_count(0)
    expect(page.locator(".vg-pname")).to_be_focused()
    page.locator("label[for=call-outcome-2]").click()
    page.locator("#call-save").click()
    expect(page.locator(row(page, helene))).to_have_count(0)
    page.locator("#panel [data-close]:visible").click()
    expect(page.locator("#contenu")).to_be_focused()


def test_filters_work_by_keyboard_and_close_by_themselves(page_as: OpenAs, tutor: User, helene: Enrolment) -> None:
    page = page_as(tutor)
    page.goto("/enseignants/")
    page.locator(".vg-lists summary").nth(2).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile(r"\?access=never_course$"))
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("#f-access-never_course")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#f-access-never_course")).to_be_hidden()


@pytest.mark.parametrize(("theme", "width"), SCREENS)
def test_the_roster_is_accessible(page_as: OpenAs, tutor: User, helene: Enrolment, theme: str, width: int) -> None:
    page = page_as(tutor, width=width, theme=theme)
    page.goto("/enseignants/")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark == ("rgb(15, 20, 27)" if theme == "dark" else "rgb(246, 247, 249)")
    assert_accessible(page)
    page.locator(f"#name-{helene.pk}").click()
    expect(page.locator("#panel .vg-panel")).to_be_visible()
    assert_accessible(page)


@pytest.mark.parametrize("width", [800, 1024])
def test_between_phone_and_desk_the_file_covers_the_list(
    page_as: OpenAs, tutor: User, helene: Enrolment, width: int
) -> None:
    page = page_as(tutor, width=width)
    page.goto(f"/enseignants/?open={helene.pk}")
    covering = "e => { const r = e.getBoundingClientRect(); return innerWidth - r.right }"
    assert page.locator("#panel .vg-panel").evaluate(covering) == 0
    on_top = """e => [.1, .3, .5, .7, .9].every((y) => {
      const r = e.getBoundingClientRect();
      return e.contains(document.elementFromPoint(r.left + 20, r.top + y * r.height));
    })"""
    assert page.locator("#panel .vg-panel").evaluate(on_top)
    page.locator("#call-save").click(trial=True, timeout=2000)
