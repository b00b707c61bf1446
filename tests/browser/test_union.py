"""A coordinator joins two files that are one human, sees one, and separates them again."""

import pytest
from playwright.sync_api import expect

from accounts.models import User
from dashboard.models import Person
from moodle_sync.models import Course
from tests.browser.conftest import SCREENS, OpenAs, Theme, assert_accessible
from tests.factories import EnrolmentFactory, SiteFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NAME = {"participant__first_name": "Zoé", "participant__last_name": "Ferrand", "participant__full_name": "Zoé Ferrand"}


@pytest.mark.parametrize(("theme", "width"), SCREENS)
def test_joined_and_separated(theme: Theme, width: int, page_as: OpenAs, coordinator: User, course: Course) -> None:
    here = EnrolmentFactory.create(course=course, participant__email="zoe@ac-test.example.org", **NAME)
    there = EnrolmentFactory.create(
        course__site=SiteFactory(), participant__email="z.ferrand@ac-autre.example.org", **NAME
    )
    assert here.participant.account.person != there.participant.account.person
    page = page_as(coordinator, theme=theme, width=width)
    page.goto(f"/enseignants/{here.pk}/")
    panel = page.locator(".vg-panel")
    panel.locator("details:has(.vg-union) summary").click()
    panel.locator("a[href$='/reunir/']").click()
    expect(panel.locator("#join-title")).to_be_visible()
    assert_accessible(page)
    panel.locator("#join-q").fill("autre.example")
    panel.locator("form[role=search] button").click()
    expect(panel.locator("#join-q")).to_have_attribute("value", "autre.example")
    panel.locator(f"a[href$='/reunir/{there.pk}/']").click()
    expect(panel.locator(".vg-sides > *")).to_have_count(2)
    assert_accessible(page)
    panel.locator("button.go").press("Enter")
    accounts = panel.locator("details[open] ul.vg-union > li")
    expect(accounts).to_have_count(2)
    assert_accessible(page)
    assert Person.objects.filter(accounts__isnull=False).distinct().count() == 1

    panel.locator(f"a[href$='/enseignants/{there.pk}/separer/']").click()
    expect(panel.locator("#separate-title")).to_be_visible()
    assert_accessible(page)
    panel.locator("button.go").press("Enter")
    expect(panel.locator("#separate-title")).to_have_count(0)
    expect(panel.locator("ul.vg-union > li")).to_have_count(1)
    assert Person.objects.filter(accounts__isnull=False).distinct().count() == 2
