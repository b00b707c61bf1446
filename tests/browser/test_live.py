"""The desk by keyboard alone; and two tutors at the same list and file, of whom neither loses anything."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from dashboard.enums import Kind, State
from dashboard.models import Contact, FollowUp
from moodle_sync.models import Enrolment, Group
from tests.browser.conftest import OpenAs, assert_accessible
from tests.factories import AssignmentFactory, EnrolmentFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def three(group: Group) -> list[Enrolment]:
    return [
        EnrolmentFactory.create(
            course=group.course, groups=[group], participant__first_name=name, participant__sort_key=name.lower()
        )
        for name in ("Aline", "Bruno", "Chloé")
    ]


def focused(page: Page, enrolment: Enrolment) -> None:
    expect(page.locator(f"#name-{enrolment.pk}")).to_be_focused()


def state(enrolment: Enrolment) -> str:
    return FollowUp.objects.get(enrolment=enrolment).state


def test_the_desk_by_keyboard(page_as: OpenAs, tutor: User, three: list[Enrolment]) -> None:
    aline, bruno, chloe = three
    page = page_as(tutor)
    page.goto("/enseignants/?sort=teacher")
    for key in "jjkj":
        page.keyboard.press(key)
    focused(page, bruno)
    page.keyboard.press("x")
    expect(page.locator(f"#row-{bruno.pk} input[name=row]")).to_be_checked()
    page.keyboard.press("x")
    expect(page.locator("#bulk")).to_be_hidden()

    page.keyboard.press("m")
    expect(page.locator(f"#row-{bruno.pk} .vg-fu.contacted")).to_be_visible()
    expect(page.locator("#toasts form")).to_be_visible()
    focused(page, bruno)
    page.keyboard.press("u")
    expect(page.locator(f"#row-{bruno.pk} .vg-fu.todo")).to_be_visible()
    assert state(bruno) == State.TODO
    page.keyboard.press("u")
    expect(page.locator("#live")).to_have_text("Rien à annuler dans cet onglet.")

    page.keyboard.press("j")
    page.keyboard.press("s")
    expect(page.locator("#snooze")).to_be_visible()
    expect(page.locator("#snooze [data-who]")).to_contain_text("Chloé")
    assert_accessible(page)
    page.keyboard.press("3")
    expect(page.locator("#snooze")).to_be_hidden()
    expect(page.locator(f"#row-{chloe.pk} .vg-fu.callback")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.locator(f"#row-{chloe.pk} .vg-fu.todo")).to_be_visible()

    page.keyboard.press("n")
    expect(page.locator("#note-text")).to_be_focused()
    page.keyboard.type("jkmux?")  # typing is typing
    expect(page.locator("#note-text")).to_have_value("jkmux?")
    page.keyboard.press("Escape")
    page.locator(f"#name-{aline.pk}").focus()
    page.keyboard.press("?")
    sheet = page.locator("#keys")
    expect(sheet).to_be_visible()
    assert_accessible(page)
    sheet.locator("form[data-switch] button").click()
    expect(page.locator("body")).not_to_have_attribute("data-shortcuts", re.compile(".*"))
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.keyboard.press("m")
    page.goto("/enseignants/?sort=teacher")  # kept; and nothing was done
    page.keyboard.press("j")
    expect(page.locator("[aria-current=true].name")).to_have_count(0)
    assert state(aline) == State.TODO


def test_two_tutors_at_the_same_file(
    page_as: OpenAs, tutor: User, other_tutor: User, group: Group, three: list[Enrolment]
) -> None:
    AssignmentFactory(user=other_tutor, course=group.course, group=group)
    aline, bruno, _chloe = three
    mine, theirs = page_as(tutor, refusals=True), page_as(other_tutor)
    theirs.goto(f"/enseignants/?sort=teacher&open={bruno.pk}")
    mine.goto(f"/enseignants/?sort=teacher&open={bruno.pk}")
    expect(mine.locator("#presence")).to_contain_text("Samir")
    mine.locator("label[for=act-note]").click()
    note = mine.locator("#note-text")
    note.fill("À moitié écrit")
    mine.locator(f"#row-{aline.pk} input[name=row]").check()
    note.focus()

    theirs.keyboard.press("Escape")
    theirs.locator(f"#contacted-{aline.pk}").click()
    expect(theirs.locator(f"#row-{aline.pk} .vg-fu.contacted")).to_be_visible()
    theirs.locator(f"#contacted-{bruno.pk}").click()
    expect(theirs.locator(f"#row-{bruno.pk} .vg-fu.contacted")).to_be_visible()
    # It comes by itself, and takes neither focus, nor text, nor tick.
    expect(mine.locator(f"#row-{aline.pk} .vg-fu.contacted")).to_be_visible()
    expect(mine.locator(f"#row-{bruno.pk} .vg-fu.contacted")).to_be_visible()
    expect(mine.locator("#panel-meanwhile")).to_contain_text("Samir")
    expect(note).to_be_focused()
    expect(note).to_have_value("À moitié écrit")
    expect(mine.locator(f"#row-{aline.pk} input[name=row]")).to_be_checked()
    assert_accessible(mine)

    # A note moves nothing, so a colleague's act does not refuse it.
    mine.keyboard.press("Control+Enter")
    expect(mine.locator("#toasts")).to_contain_text("Note")
    assert Contact.objects.get(kind=Kind.NOTE).note == "À moitié écrit"
