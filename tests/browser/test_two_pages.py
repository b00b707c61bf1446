"""One list in two tabs, in a colleague's and in a stranger's hands; a view taken back; what is typed beside an undo."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from accounts.models import User
from dashboard.enums import State
from dashboard.models import ContactDetail, FollowUp, Preference, SavedView
from moodle_sync.models import Course, Enrolment, Group
from tests.browser.conftest import OpenAs, assert_accessible
from tests.factories import AssignmentFactory, CourseFactory, EnrolmentFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def helene(group: Group) -> Enrolment:
    EnrolmentFactory.create(course=group.course, groups=[group])
    name = {"participant__first_name": "Hélène", "participant__last_name": "Tran"}
    found: Enrolment = EnrolmentFactory.create(course=group.course, groups=[group], **name)
    return found


def rows(page: Page, number: int) -> None:
    expect(page.locator("#results tbody tr")).to_have_count(number)


def undo(page: Page) -> None:
    page.locator("#toasts form button").click()


def test_two_tabs_of_one_list_go_their_own_ways(page_as: OpenAs, tutor: User, helene: Enrolment) -> None:
    first = page_as(tutor)
    first.goto("/enseignants/")
    second = first.context.new_page()
    second.goto("/enseignants/")
    first.locator("#tile-never_course").click()
    expect(first).to_have_url(re.compile("access=never_course"))
    second.locator("#q").press_sequentially("tran")
    rows(second, 1)
    second.locator(f"#contacted-{helene.pk}").click()
    expect(second.locator(f"#row-{helene.pk} .vg-fu.contacted")).to_be_visible()
    # The other tab is told of the act, and keeps its own filters.
    first.bring_to_front()
    expect(first.locator(f"#row-{helene.pk} .vg-fu.contacted")).to_be_visible()
    assert "q=" not in first.url
    # What this tab did not do, its key does not undo.
    first.keyboard.press("Control+z")
    expect(first.locator("#live")).to_have_text("Rien à annuler dans cet onglet.")
    assert FollowUp.objects.get(enrolment=helene).state == State.CONTACTED
    second.bring_to_front()
    second.locator("h1").click()
    second.keyboard.press("Control+z")
    expect(second.locator(f"#row-{helene.pk} .vg-fu.todo")).to_be_visible()
    rows(second, 1)


def test_a_copied_link_shows_a_colleague_their_people_and_a_stranger_none(
    page_as: OpenAs, tutor: User, other_tutor: User, group: Group, helene: Enrolment
) -> None:
    page = page_as(tutor)
    page.goto("/enseignants/")
    page.locator("#q").press_sequentially("tran")
    rows(page, 1)
    page.locator(f"#name-{helene.pk}").click()
    expect(page).to_have_url(re.compile(rf"open={helene.pk}"))
    link = page.url
    AssignmentFactory.create(user=(colleague := AssignmentFactory.create().user), course=group.course, group=group)
    theirs = page_as(colleague)
    theirs.goto(link)
    rows(theirs, 1)
    expect(theirs.locator("#panel .vg-pname")).to_contain_text("Hélène Tran")
    expect(theirs.locator("#q")).to_have_value("tran")
    EnrolmentFactory.create(course=group.course, groups=[other_tutor.assignments.get().group])
    stranger = page_as(other_tutor)
    stranger.goto(link)
    expect(stranger.locator("#chips")).to_be_attached()
    rows(stranger, 0)
    expect(stranger.locator("#panel .vg-panel")).to_have_count(0)
    assert "Hélène" not in stranger.content()
    assert helene.participant.email not in stranger.content()


def test_a_view_is_saved_chosen_and_deleted_each_taken_back(page_as: OpenAs, tutor: User, helene: Enrolment) -> None:
    view = SavedView.objects.create(owner=tutor, name="À voir", query="access=dormant", position=0)
    page = page_as(tutor)
    page.goto("/vues/")
    line = page.locator(f"#view-{view.pk}")
    line.locator("form[action$='/defaut/'] button").click()
    expect(line.locator(".vg-tag.info")).to_be_visible()
    line.locator("form[action$='/supprimer/'] button").click()
    expect(line).to_have_count(0)
    assert_accessible(page)
    # By key, as by toast: the last first.
    page.keyboard.press("Control+z")
    expect(line.locator(".vg-tag.info")).to_be_visible()
    line.locator("form[action$='/supprimer/'] button").click()
    expect(line).to_have_count(0)
    # The next login lands on everybody, and is told why, once.
    later = page_as(tutor)
    later.goto("/enseignants/")
    rows(later, 2)
    expect(later.locator(".vg-toast")).to_contain_text("supprimée")
    later.goto("/enseignants/")
    rows(later, 2)
    expect(later.locator(".vg-toast")).to_have_count(0)
    assert Preference.objects.get().default_view == ""


def test_what_is_half_typed_survives_an_undo_beside_it(page_as: OpenAs, tutor: User, helene: Enrolment) -> None:
    page = page_as(tutor)
    page.goto("/enseignants/")
    page.locator(f"#contacted-{helene.pk}").click()
    expect(page.locator("#toasts form")).to_be_visible()
    page.locator(f"#name-{helene.pk}").click()
    expect(page.locator("#panel .vg-panel")).to_be_visible()
    page.locator("label[for=act-note]").click()
    page.locator("#note-text").fill("Rappeler après la réu")
    page.locator("#panel summary", has_text="Ajouter un téléphone").click()
    page.locator("#detail-value").fill("06 39 98")
    page.locator("#panel .vg-pname").click()
    page.keyboard.press("Control+z")
    expect(page.locator("#panel .vg-fu.todo").first).to_be_visible()
    expect(page.locator("#note-text")).to_have_value("Rappeler après la réu")
    expect(page.locator("#detail-value")).to_have_value("06 39 98")


def test_a_file_closed_before_its_answer_came_leaves_the_focus_in_the_list(
    page_as: OpenAs, tutor: User, helene: Enrolment
) -> None:
    page, held = page_as(tutor), list[Route]()
    page.goto("/enseignants/?state=todo&sort=-teacher")
    page.locator(f"#name-{helene.pk}").click()
    page.locator("label[for=call-outcome-1]").click()
    page.route(re.compile("/appel/$"), lambda route: held.append(route))
    with page.expect_request(re.compile("/appel/$")):
        page.locator("#call-save").click()
    page.locator("#panel [data-close]:visible").click()
    expect(page.locator(f"#name-{helene.pk}")).to_be_focused()
    held[0].continue_()
    rows(page, 1)
    expect(page.locator("#results tbody .name")).to_be_focused()
    expect(page.locator("#toasts form")).to_be_visible()
    expect(page.locator("#panel .vg-panel")).to_have_count(0)


def test_a_number_typed_in_a_call_and_a_skip_are_taken_back(page_as: OpenAs, tutor: User, helene: Enrolment) -> None:
    page = page_as(tutor)
    page.goto("/enseignants/?sort=teacher")
    page.locator("form[action$='/commencer/'] button").first.click()
    name = page.locator("#callee")
    expect(name).to_be_visible()
    called = name.inner_text()
    page.locator("#callmode textarea").fill("Préfère le midi")
    if not page.locator("#detail-value").is_visible():
        page.locator("#callmode summary", has_text="Ajouter un téléphone").click()
    page.locator("#detail-value").fill("06 39 98 41 55")
    page.locator("form[action$='/coordonnees/'] button").click()
    dial = page.locator("#dial")
    expect(dial).to_contain_text("06 39 98 41 55")
    undo(page)
    expect(dial).not_to_contain_text("06 39 98 41 55")
    assert not ContactDetail.objects.filter(removed_at=None).exists()
    expect(page.locator("#callmode textarea")).to_have_value("Préfère le midi")
    page.locator("form[action$='/passer/'] button").click()
    expect(name).not_to_have_text(called)
    undo(page)
    expect(name).to_have_text(called)
    expect(page.locator("#callmode textarea")).to_have_value("Préfère le midi")
    assert_accessible(page)


def test_a_late_answer_changes_no_newer_list_of_sessions(page_as: OpenAs, coordinator: User, course: Course) -> None:
    CourseFactory.create(full_name="Aborder la lecture")
    page = page_as(coordinator)
    page.goto("/sessions/")
    names, held = page.locator(".vg-sess a.name"), list[Route]()
    page.route(re.compile("sort=name"), lambda route: held.append(route))
    with page.expect_request(re.compile("sort=name")):
        page.locator("#sort-name").click()
    with page.expect_event("requestfailed", lambda request: "sort=name" in request.url):  # nobody waits for it
        page.locator("#id_q").fill("lecture")
    expect(names).to_have_text(["Aborder la lecture"])
    page.wait_for_url("**q=lecture**")
    page.evaluate("dispatchEvent(new CustomEvent('courses-read', {bubbles: true}))")
    expect(names).to_have_text(["Aborder la lecture"])
    expect(page.locator("#id_q")).to_have_value("lecture")
