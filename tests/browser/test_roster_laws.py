"""What no filter, sort or answer may take from a tutor; and the list as each wants it."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from accounts.models import User
from dashboard.enums import State
from dashboard.models import FollowUp
from dashboard.roster.menus import SHOWN
from moodle_sync.models import Enrolment, Group
from tests.browser.conftest import OpenAs, assert_accessible
from tests.factories import AssignmentFactory, CourseFactory, EnrolmentFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NOTE = "Rappeler après la réu"


@pytest.fixture
def helene(group: Group) -> Enrolment:
    EnrolmentFactory.create(course=group.course, groups=[group])
    name = {"participant__first_name": "Hélène", "participant__last_name": "Tran"}
    enrolment: Enrolment = EnrolmentFactory.create(course=group.course, groups=[group], **name)
    return enrolment


def rows(page: Page, number: int) -> None:
    expect(page.locator("#results tbody tr")).to_have_count(number)


class Held:
    """Answers that are kept back until `release`; what a filter or a click asks meanwhile passes by."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, re.compile(address)
        self.routes: list[Route] = []
        page.route(self.address, lambda route: self.routes.append(route))

    def release(self) -> None:
        for route in self.routes:
            route.continue_()
        self.page.unroute(self.address)


def test_nothing_one_has_open_or_half_typed_is_lost(page_as: OpenAs, tutor: User, helene: Enrolment) -> None:
    page = page_as(tutor)
    page.goto("/enseignants/")
    page.locator(f"#note-{helene.pk}").click()
    page.locator("#note-text").fill(NOTE)

    def holds(address: str, number: int) -> None:
        expect(page).to_have_url(re.compile(address))
        rows(page, number)
        expect(page.locator("#note-text")).to_have_value(NOTE)

    page.locator("#tile-active").click()
    holds("access=active", 0)
    page.locator("#chip-access-active").click()
    holds(rf"enseignants/\?open={helene.pk}$", 2)
    page.locator("#sort-teacher").click()
    holds("sort=teacher", 2)
    # However slowly it is typed, a word is one step of the history.
    page.locator("#q").press_sequentially("hel")
    holds("q=hel&", 1)
    page.locator("#q").press_sequentially("ene")
    holds("q=helene&", 1)
    expect(page.locator("#live")).to_have_text(re.compile(r"^1\b"))
    page.locator("h1").click()  # to leave the field asks nothing anew
    page.go_back()
    holds("sort=teacher", 2)
    expect(page.locator("#q")).to_have_value("")
    page.go_forward()
    holds("q=helene&", 1)
    expect(page.locator("#q")).to_have_value("helene")
    # An open menu is no longer there after a reload, nor a tick that the address does not hold.
    page.locator(".vg-more > summary").click()
    page.locator(".vg-menu:has(#f-cause-no_time) > summary").click()
    page.locator("#f-cause-no_time").check()
    holds("cause=no_time", 0)
    expect(page.locator("#f-cause-no_time")).to_be_visible()
    assert_accessible(page)
    page.go_back()
    holds("q=helene&", 1)
    expect(page.locator("#f-cause-no_time")).not_to_be_checked()


def test_a_late_answer_changes_no_newer_list(page_as: OpenAs, tutor: User, helene: Enrolment) -> None:
    page = page_as(tutor)
    page.goto("/enseignants/")
    # A link's answer is on its way while one types.
    late = Held(page, r"\?access=never_course")
    page.locator("#tile-never_course").click()
    expect(page.locator("#roster")).to_have_class(re.compile("htmx-request"))
    page.locator("#q").press_sequentially("tran")
    rows(page, 1)
    late.release()
    expect(page).to_have_url(re.compile("q=tran"))
    expect(page.locator("#q")).to_have_value("tran")
    rows(page, 1)
    # An act's answer shows the list as it was when the button was pressed.
    late = Held(page, "/contacte/$")
    page.locator(f"#contacted-{helene.pk}").click()
    page.locator("#clear").click()
    rows(page, 2)
    late.release()
    expect(page.locator(".vg-toast")).to_be_visible()
    expect(page.locator(f"#row-{helene.pk} .vg-fu.contacted")).to_be_visible()
    rows(page, 2)
    expect(page.locator("#q")).to_have_value("")


def test_a_row_says_at_once_what_was_done_and_takes_it_back_where_no_answer_comes(
    page_as: OpenAs, tutor: User, helene: Enrolment
) -> None:
    page = page_as(tutor, refusals=True)
    page.goto("/enseignants/")
    button, cell = page.locator(f"#contacted-{helene.pk}"), page.locator(f"#row-{helene.pk} .c-fu")
    page.context.set_offline(True)
    button.click()
    expect(page.locator("#toasts")).to_contain_text("Aucune réponse du serveur")
    expect(cell.locator(".vg-fu.todo")).to_be_visible()
    expect(button).to_be_focused()
    page.context.set_offline(False)
    late = Held(page, "/contacte/$")
    button.click()
    expect(cell.locator(".vg-fu.contacted")).to_be_visible()
    assert FollowUp.objects.get(enrolment=helene).state == State.TODO
    late.release()
    expect(page.locator("#toasts form")).to_be_visible()
    assert FollowUp.objects.get(enrolment=helene).state == State.CONTACTED


def test_columns_are_arranged_by_keyboard_and_stay_so(page_as: OpenAs, tutor: User, helene: Enrolment) -> None:
    page = page_as(tutor)
    page.goto("/enseignants/?sort=course&columns=teacher,course,access")
    headings = page.locator("thead th")
    expect(headings).to_have_count(5)  # the ticks, three columns, the buttons
    page.locator("#display > summary").focus()
    page.keyboard.press("Enter")
    page.locator("#up-access").focus()
    page.keyboard.press("Enter")
    expect(headings.nth(2)).to_contain_text("Dernier accès")
    expect(page).to_have_url(re.compile(r"\?sort=course$"))
    expect(page.locator("#up-access")).to_be_focused()
    page.locator("#column-place").focus()
    page.keyboard.press("Space")
    expect(page.locator("#sort-place")).to_be_visible()
    page.locator("#density-compact").focus()
    page.keyboard.press("Space")
    expect(page.locator("#results")).to_have_class(re.compile("vg-compact"))
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(page.locator("#display > summary")).to_be_focused()
    with page.expect_response(re.compile("preferences/liste")):
        page.locator("#sort-teacher").click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Enseignant")
    expect(page.locator("#live")).to_contain_text("tri par Enseignant, croissant")
    page.goto("/enseignants/")
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Enseignant")
    expect(headings.nth(2)).to_contain_text("Dernier accès")
    expect(page.locator("#results")).to_have_class(re.compile("vg-compact"))
    # The exact time of a relative one, for who has no mouse: the row's name tells it, and the times are no stops.
    time, tip = page.locator("#results .vg-time").first, page.locator(".vg-tip")
    exact = time.get_attribute("title")
    assert exact
    expect(page.locator("#results .vg-time[tabindex]")).to_have_count(0)
    page.keyboard.press("j")
    expect(tip).to_be_visible()
    expect(tip).to_contain_text(exact)
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    expect(page.locator("[data-row] .name").first).to_be_focused()
    # With a pointer: it can be pointed at, and goes with Escape as well.
    time.hover()
    expect(tip).to_have_text(exact)
    tip.hover()
    expect(tip).to_be_visible()
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_a_long_menu_finds_by_a_part_of_the_name(page_as: OpenAs, tutor: User, helene: Enrolment) -> None:
    for n in range(SHOWN + 3):
        course = CourseFactory(full_name=f"Autre {n:02}")
        AssignmentFactory(user=tutor, course=course)
        EnrolmentFactory(course=course)
    page = page_as(tutor)
    page.goto("/enseignants/")
    page.locator("[data-menu=course] > summary").click()
    expect(page.locator("#course-found input")).to_have_count(SHOWN)
    page.locator("#course-found input").first.check()
    rows(page, 1)
    page.locator("#find-course").fill("evaluer")
    expect(page.locator("#course-found input")).to_have_count(2)
    assert_accessible(page)
    expect(page.locator("#course-found input").first).to_be_checked()
    page.locator("#course-found input").last.check()
    rows(page, 3)
    expect(page.locator("#find-course")).to_have_value("evaluer")
    expect(page).to_have_url(re.compile(r"\?course=\d+&course=\d+$"))
    page.locator("[data-menu=group] > summary").click()
    expect(page.locator("#group-found .cap")).to_have_text(helene.course.full_name)
