"""A coordinator changes a course's plan, and everybody's next step follows."""

import pytest
from playwright.sync_api import expect

from accounts.models import User
from dashboard.enums import Channel
from dashboard.models import FollowUp
from moodle_sync.models import Course
from tests.browser.conftest import SCREENS, OpenAs, Theme, assert_accessible
from tests.factories import EnrolmentFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_coordinator_gives_a_course_its_own_steps_and_takes_them_back(
    page_as: OpenAs, coordinator: User, course: Course
) -> None:
    enrolment = EnrolmentFactory(course=course)
    assert enrolment.follow_up.next_channel == Channel.EMAIL
    page = page_as(coordinator)
    page.goto(f"/sessions/{course.pk}/")
    page.get_by_role("link", name="Modifier le plan").click()
    page.wait_for_url(f"**/sessions/{course.pk}/plan/")

    # Keyboard only: the first step goes, a call two days after the opening comes.
    page.get_by_label("Retirer l’étape 1").press("Space")
    page.get_by_label("Étape 4 : jour").fill("9")
    page.get_by_label("Étape 4 : moyen").select_option("call")
    expect(page.get_by_label("Étape 4 : message")).to_be_hidden()
    page.get_by_role("button", name="Enregistrer le plan").press("Enter")
    expect(page.locator(".vg-plan li")).to_have_count(3)
    expect(page.locator(".vg-plan li").nth(1)).to_contain_text("J+9, appel")
    expect(page.locator(".vg-toast").first).to_contain_text("Plan enregistré")

    page.get_by_role("button", name="Suivre le plan de la plateforme").press("Enter")
    expect(page.locator(".vg-plan li").first).to_contain_text("J+4, e-mail")
    assert FollowUp.objects.get(pk=enrolment.follow_up.pk).next_channel == Channel.EMAIL


@pytest.mark.parametrize(("theme", "width"), SCREENS)
def test_the_screens_of_the_plan_are_accessible(
    page_as: OpenAs, coordinator: User, course: Course, theme: Theme, width: int
) -> None:
    EnrolmentFactory(course=course)
    page = page_as(coordinator, width=width, theme=theme)
    for address in (f"/sessions/{course.pk}/plan/", f"/plateformes/{course.site_id}/plan/"):
        page.goto(address)
        assert_accessible(page)
    page.get_by_role("link", name="Première relance").click()
    expect(page.get_by_label("Objet")).to_be_visible()
    assert_accessible(page)
