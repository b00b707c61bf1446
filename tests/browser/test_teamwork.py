"""Callbacks, blockages, handovers, absences and the likely cause, as a tutor and a coordinator use them."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from dashboard.enums import Outcome, State
from dashboard.follow_up import acts
from dashboard.models import Absence, FollowUp
from moodle_sync.enums import EPOCH
from moodle_sync.models import Enrolment, Group
from tests.browser.conftest import SCREENS, OpenAs, assert_accessible
from tests.factories import EnrolmentFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(params=SCREENS, ids=lambda screen: f"{screen[0]}-{screen[1]}")
def page(request: pytest.FixtureRequest, page_as: OpenAs, tutor: User) -> Page:
    theme, width = request.param
    return page_as(tutor, theme=theme, width=width, refusals=True)


@pytest.fixture
def people(group: Group) -> list[Enrolment]:
    names = [("Camille", "Ferrand"), ("Noël", "Roussel"), ("Inès", "Tran")]
    return [
        EnrolmentFactory(
            course=group.course, groups=[group], participant__first_name=first, participant__last_name=last,
            participant__full_name=f"{first} {last}", last_site_access=EPOCH,
        )
        for first, last in names
    ]  # fmt: skip


def follow_up(enrolment: Enrolment) -> FollowUp:
    return FollowUp.objects.select_related("enrolment__course__site").get(enrolment=enrolment)


def agreed(enrolment: Enrolment, tutor: User, **delta: float) -> None:
    call = acts.Call(Outcome.CALLBACK, chosen=timezone.now() + timedelta(**delta))
    acts.log_call(enrolment.participant.account.person, [(follow_up(enrolment), 0)], call, by=tutor)


def test_callbacks_are_put_off_together_and_taken_back(page: Page, tutor: User, people: list[Enrolment]) -> None:
    agreed(people[0], tutor, hours=-5)
    agreed(people[1], tutor, days=2)
    page.goto("/rappels/")
    overdue = page.locator("#callbacks-overdue")
    expect(overdue).to_be_visible()
    bar = page.locator(".vg-pickbar button[name=what]").first
    expect(bar).to_be_hidden()
    assert_accessible(page)

    page.locator("[data-ticks=callback]").check()
    expect(page.locator("input[name=callback]:checked")).to_have_count(2)
    assert_accessible(page)
    page.locator(".vg-pickbar button[value='date']").click()
    expect(page.locator("#callbacks-error")).to_be_visible()
    expect(page.locator("input[name=callback]:checked")).to_have_count(2)
    assert_accessible(page)
    bar.click()
    expect(overdue).to_have_count(0)
    undo = page.locator(".vg-toast form[action$='/annuler/'] button")
    undo.click()
    expect(overdue).to_be_visible()
    due = follow_up(people[0]).due_at
    assert due is not None
    assert due < timezone.now()


def test_the_calendars_address_is_made_shown_and_revoked(page: Page) -> None:
    page.goto("/rappels/")
    page.locator("#feed form[action$='/calendrier/'] button").click()
    address = page.locator("#feed-address")
    expect(address).to_be_visible()
    assert address.input_value().endswith(".ics")
    assert_accessible(page)
    page.locator("#feed form[action$='/revoquer/'] button").click()
    expect(address).to_have_count(0)
    expect(page.locator("#feed form[action$='/revoquer/']")).to_have_count(0)


def test_blocked_from_the_file_then_lifted_from_the_list(
    page: Page, tutor: User, coordinator: User, people: list[Enrolment]
) -> None:
    page.goto(f"/enseignants/{people[0].pk}/")
    page.locator(".vg-pfoot .vg-menu summary").click()
    page.locator(".vg-pfoot .vg-menu a[href$='/bloquer/']").click()
    expect(page.locator("#block-title")).to_be_visible()
    assert_accessible(page)
    page.locator("#block-cause").select_option("credentials")
    page.locator("#block-address").fill("assistance")
    page.locator(".vg-pbody button.go").click()
    expect(page.locator("#block-address_error")).to_be_visible()
    page.locator("#block-address").fill("assistance@example.org")
    page.locator(".vg-pbody button.go").click()
    expect(page.locator("#panel-blocked")).to_contain_text("assistance@example.org")
    page.locator(".vg-blocked summary").click()
    expect(page.locator(".vg-ready")).to_contain_text("Camille Ferrand")
    assert_accessible(page)

    page.goto("/blocages/")
    expect(page.locator(".vg-blockage")).to_have_count(1)
    assert_accessible(page)
    page.locator(".vg-blockage form[action$='/leve/'] button").click()
    expect(page.locator(".vg-blockage")).to_have_count(0)
    assert follow_up(people[0]).state == State.TODO
    page.locator(".vg-toast form[action$='/annuler/'] button").click()
    expect(page.locator(".vg-blockage")).to_have_count(1)


def test_people_are_handed_over_and_the_colleague_is_told(
    page: Page, page_as: OpenAs, tutor: User, other_tutor: User, people: list[Enrolment]
) -> None:
    page.goto("/attributions/")
    expect(page.locator("input[name=people]")).to_have_count(3)
    assert_accessible(page)
    for enrolment in people[:2]:
        page.locator(f"input[name=people][value^='{enrolment.pk}:']").check()
    page.locator("#hand-to").select_option(str(other_tutor.pk))
    page.locator("#hand-reason").fill("congé")
    page.locator(".vg-pickbar button").click()
    expect(page.locator(".vg-toast form[action$='/annuler/']")).to_be_visible()

    theirs = page_as(other_tutor)
    theirs.goto("/enseignants/")
    note = theirs.locator("form[action$='/lue/']")
    expect(note).to_contain_text("congé")
    assert_accessible(theirs)
    note.locator("a").click()
    expect(theirs.locator("tr[data-row]")).to_have_count(2)
    note.locator("button").click()
    expect(note).to_have_count(0)
    theirs.reload()
    expect(note).to_have_count(0)


def test_an_absence_is_told_and_cancelled(page: Page, tutor: User, other_tutor: User, people: list[Enrolment]) -> None:
    page.goto("/absences/")
    assert_accessible(page)
    page.locator("#absence-colleague").select_option(str(other_tutor.pk))
    today = timezone.localdate()
    page.locator("#absence-first_day").fill(today.isoformat())
    page.locator("#absence-last_day").fill((today - timedelta(days=1)).isoformat())
    page.locator("form[action='/absences/'] button").click()
    expect(page.locator("#absence-last_day_error").first).to_be_visible()
    assert_accessible(page)
    page.locator("#absence-last_day").fill((today + timedelta(days=2)).isoformat())
    page.locator("form[action='/absences/'] button").click()
    cancel = page.locator("form[action$='/annuler/'] .vg-link[aria-label]")
    expect(cancel).to_be_visible()
    assert Absence.objects.get().colleague == other_tutor
    assert_accessible(page)
    cancel.click()
    expect(cancel).to_have_count(0)
    assert not Absence.objects.standing().exists()
    page.locator(".vg-toast form button").click()
    expect(cancel).to_be_visible()
    assert Absence.objects.standing().exists()


def test_the_likely_cause_is_noted_in_one_click(page: Page, people: list[Enrolment]) -> None:
    Enrolment.objects.filter(pk=people[0].pk).update(last_site_access=timezone.now() - timedelta(days=1))
    page.goto(f"/enseignants/{people[0].pk}/")
    hint = page.locator("#panel-hint")
    expect(hint).to_be_visible()
    assert_accessible(page)
    page.locator(".vg-hint button[value='1']").click()
    expect(hint).to_have_count(0)
    assert follow_up(people[0]).cause == "unaware_started"
    page.locator(".vg-toast form[action$='/annuler/'] button").click()
    expect(hint).to_be_visible()


def test_closed_and_taken_up_again(page: Page, people: list[Enrolment]) -> None:
    page.goto(f"/enseignants/{people[0].pk}/")
    menu = page.locator(".vg-pfoot .vg-menu summary")
    menu.click()
    page.locator(".vg-pfoot a[href$='/clore/']").click()
    expect(page.locator("#close-title")).to_be_visible()
    page.locator(".vg-pbody button.go").click()
    expect(page.locator("#close-reason_error")).to_be_visible()
    assert_accessible(page)
    page.locator("#close-reason").select_option("reassigned")
    page.locator(".vg-pbody button.go").click()
    expect(page.locator(".vg-dl .vg-fu.closed-out")).to_be_visible()
    menu.click()
    assert_accessible(page)
    page.locator(".vg-pfoot form[action$='/rouvrir/'] button").click()
    expect(page.locator(".vg-dl .vg-fu.todo")).to_be_visible()
    assert follow_up(people[0]).state == State.TODO
