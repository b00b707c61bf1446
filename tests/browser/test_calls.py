"""Call mode in real browsers: two tutors at once, drafts that survive, takeovers, a phone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from dashboard.calls import leases
from dashboard.enums import Channel, Kind, Outcome, State
from dashboard.follow_up import acts
from dashboard.models import Contact, ContactDetail, Draft, FollowUp, Lease
from moodle_sync.models import Enrolment
from tests.browser.conftest import SCREENS, OpenAs, assert_accessible
from tests.factories import AssignmentFactory, EnrolmentFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def samira(tutor: User) -> User:
    samira = UserFactory(email="samira@example.org", first_name="Samira", last_name="Benali")
    assignment = tutor.assignments.get()
    AssignmentFactory(user=samira, course=assignment.course, group=assignment.group)
    return samira


def people(tutor: User, number: int, **fields: Any) -> list[Enrolment]:
    """Due for a call by the plan, in the order of their ids."""
    assignment = tutor.assignments.get()
    values = {"participant__phone1": "0639984127"} | fields
    found = EnrolmentFactory.create_batch(number, course=assignment.course, groups=[assignment.group], **values)
    make_due()
    return found  # type: ignore[no-any-return]


def make_due() -> None:
    FollowUp.objects.update(next_channel=Channel.CALL, next_at=timezone.now() - timedelta(hours=1))


def begin(page: Page) -> None:
    page.goto("/enseignants/?state=todo")
    page.locator("#chips form[action$='/commencer/'] button").click()
    expect(page.locator("#callmode")).to_have_attribute("data-place", "calling")


def note(page: Page) -> Any:
    return page.locator("#call-note")


def test_two_tutors_on_the_same_list_never_meet(page_as: OpenAs, tutor: User, samira: User) -> None:
    everybody = people(tutor, 5)
    pages = [page_as(tutor), page_as(samira)]
    for page in pages:
        begin(page)
    met: list[str] = []
    for turn in range(3):
        shown = [page.locator("#callee").inner_text() for page in pages if page.locator("#callee").count()]
        assert len(set(shown)) == len(shown)
        for page in pages:
            callee = page.locator("#callee")
            if not callee.count():
                continue
            name = callee.inner_text()
            met.append(name)
            page.keyboard.press("8")
            expect(page.locator("#call-outcome-8")).to_be_checked()
            page.keyboard.press("Control+Enter")
            expect(page.locator("#toasts")).to_contain_text(f"{name} : appel enregistré")
            expect(page.locator("#callmode").get_by_role("heading", name=name)).to_have_count(0)
        assert turn < 3
    assert sorted(met) == sorted(one.participant.full_name for one in everybody)
    assert Contact.objects.filter(kind=Kind.CALL).count() == len(everybody)
    for page in pages:
        expect(page.locator("#callmode")).not_to_have_attribute("data-place", "calling")


def test_what_is_typed_survives_a_reload_at_once_and_is_gone_once_saved(page_as: OpenAs, tutor: User) -> None:
    [one] = people(tutor, 1)
    page = page_as(tutor)
    begin(page)
    note(page).fill("Préfère le midi.")
    page.keyboard.press("Escape")
    page.locator("label[for=call-outcome-6]").click()
    page.reload()
    expect(note(page)).to_have_value("Préfère le midi.")
    expect(page.locator("#call-outcome-6")).to_be_checked()
    page.goto(f"/enseignants/{one.pk}/")
    expect(note(page)).to_have_value("Préfère le midi.")
    page.goto("/appels/")
    page.locator("#call-save").click()
    expect(page.locator("#callmode")).to_have_attribute("data-place", "ended")
    assert not Draft.objects.exists()
    assert Contact.objects.get().note == "Préfère le midi."


def test_a_network_that_is_lost_loses_no_text(page_as: OpenAs, tutor: User) -> None:
    people(tutor, 1)
    page = page_as(tutor, refusals=True)
    begin(page)
    page.context.set_offline(True)
    note(page).fill("Sans réseau.")
    expect(page.locator("[data-draft-state]")).to_contain_text("Pas de réseau")
    page.context.set_offline(False)
    expect(page.locator("[data-draft-state]")).to_contain_text("Brouillon conservé")
    page.reload()
    expect(note(page)).to_have_value("Sans réseau.")


def test_a_colleague_asks_before_taking_over_and_the_text_stays(page_as: OpenAs, tutor: User, samira: User) -> None:
    [one] = people(tutor, 1)
    mine, hers = page_as(tutor, refusals=True), page_as(samira, refusals=True)
    begin(mine)
    note(mine).fill("Je parle.")
    expect(mine.locator("[data-draft-state]")).to_contain_text("Brouillon conservé")

    hers.goto("/enseignants/")
    row = hers.locator(f"#row-{one.pk}")
    expect(row).to_contain_text("Claire D. est en ligne")
    row.locator(".name").click()
    held = hers.locator(".vg-panel .vg-held")
    expect(held).to_contain_text("Claire D. appelle cette personne : prendre la suite ?")
    expect(hers.locator(".vg-panel a[href^='tel:']")).to_have_count(0)
    assert_accessible(hers)
    held.get_by_role("button").click()
    expect(hers.locator(".vg-panel a[href^='tel:']").first).to_be_visible()
    assert Lease.objects.get().user == samira

    mine.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(mine.locator(".vg-held")).to_contain_text("Samira B. a pris la suite")
    expect(mine.locator("a[href^='tel:']")).to_have_count(0)
    expect(note(mine)).to_have_value("Je parle.")
    assert_accessible(mine)
    mine.reload()
    expect(note(mine)).to_have_value("Je parle.")
    expect(mine.locator(".vg-held")).to_contain_text("Samira B. a pris la suite")


def test_in_the_panel_calling_reserves_and_closing_lets_go(page_as: OpenAs, tutor: User) -> None:
    [one] = people(tutor, 1)
    page = page_as(tutor)
    page.goto("/enseignants/")
    with page.expect_response(lambda answer: answer.url.endswith("/reserver/")):
        page.locator(f"#call-{one.pk}").click()
    assert Lease.objects.get().user == tutor
    note(page).fill("Note.")
    with page.expect_response(lambda answer: answer.url.endswith("/liberer/")):
        page.locator("#panel [data-close]:visible").click()
    assert not Lease.objects.exists()
    page.locator(f"#name-{one.pk}").click()
    expect(note(page)).to_have_value("Note.")


def test_the_answers_suggest_the_cause_until_one_is_chosen(page_as: OpenAs, tutor: User) -> None:
    people(tutor, 1)
    page = page_as(tutor)
    begin(page)
    cause, why = page.locator("#call-cause"), page.locator("#call-cause-from")
    page.get_by_role("radiogroup", name="Identifiants connus ?").get_by_text("Non").click()
    expect(cause).to_have_value("credentials")
    expect(why).to_be_visible()
    page.get_by_role("radiogroup", name="Inscription connue ?").get_by_text("Non").click()
    expect(cause).to_have_value("unaware_enrolled")
    page.get_by_role("radiogroup", name="Inscription connue ?").get_by_text("Oui").click()
    expect(cause).to_have_value("credentials")
    cause.select_option("technical")
    expect(why).to_be_hidden()
    page.get_by_role("radiogroup", name="Adresse de la plateforme connue ?").get_by_text("Non").click()
    expect(cause).to_have_value("technical")
    page.keyboard.press("Escape")
    page.locator("#callee").focus()
    page.keyboard.press("2")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#callmode")).to_have_attribute("data-place", "ended")
    entry = Contact.objects.get()
    assert (entry.cause, entry.answers) == ("technical", {"credentials": False, "enrolment": True, "address": False})


def tried_in_vain(one: Enrolment, tutor: User) -> None:
    person = one.participant.account.person
    ContactDetail.objects.create(
        person=person, kind="phone", value="+33549005712", label="Collège", search_key="0549005712", added_by=tutor
    )
    for day, hour in ((3, 9), (2, 15), (1, 18)):
        follow_up = FollowUp.objects.get(enrolment=one)
        act = acts.log_call(person, [(follow_up, follow_up.version)], acts.Call(Outcome.NO_ANSWER), by=tutor)
        moment = (timezone.localtime() - timedelta(days=day)).replace(hour=hour)
        Contact.objects.filter(act=act).update(created_at=moment)
    FollowUp.objects.update(last_contact_at=timezone.now() - timedelta(days=1))
    make_due()


@pytest.mark.parametrize(("theme", "width"), SCREENS, ids=lambda value: str(value))
def test_every_place_of_call_mode_is_accessible(page_as: OpenAs, tutor: User, theme: Any, width: int) -> None:
    one, _two = people(tutor, 2)
    tried_in_vain(one, tutor)
    page = page_as(tutor, theme=theme, width=width, refusals=True)
    page.goto("/appels/")
    assert_accessible(page)
    page.locator(".vg-empty .btn.go").click()
    expect(page.locator("#callmode")).to_have_attribute("data-place", "calling")
    assert_accessible(page)
    if not page.locator(".vg-tries").count():
        page.locator("form[action$='/passer/'] button").click()
    expect(page.locator(".vg-tries")).to_contain_text("4e tentative")
    page.locator("label[for=call-outcome-4]").click()
    expect(page.locator("#call-callback-mine")).to_be_visible()
    page.locator("#call-save").click()
    expect(page.locator("#call-date-error")).to_be_visible()
    assert_accessible(page)
    page.locator("label[for=call-when-3]").click()
    page.locator("#call-save").click()
    expect(page.locator("#callee")).to_be_visible()
    page.locator("form[action$='/pause/'] button").click()
    expect(page.locator("#callmode")).to_have_attribute("data-place", "paused")
    assert_accessible(page)
    page.locator(".vg-empty .btn.go").click()
    page.locator("label[for=call-outcome-9]").click()
    page.locator("#call-save").click()
    expect(page.locator("#callmode")).to_have_attribute("data-place", "ended")
    assert_accessible(page)
    assert FollowUp.objects.get(state=State.CALLBACK).callback_for == tutor


def test_on_a_phone_the_number_is_one_line_and_the_save_is_at_hand(page_as: OpenAs, tutor: User) -> None:
    people(tutor, 1)
    page = page_as(tutor, width=390)
    begin(page)
    number = page.locator("a.vg-num")
    box, save = number.bounding_box(), page.locator("#call-save").bounding_box()
    assert box is not None
    assert save is not None
    assert 44 <= box["height"] < 60, "on one line"
    assert save["y"] + save["height"] <= 900
    assert save["height"] >= 44
    expect(page.locator(".vg-tabs")).to_be_hidden()
    small = page.evaluate(
        "[...document.querySelectorAll('#callmode :is(a.vg-num, .btn, .vg-opt)')].filter(e => e.checkVisibility()"
        " && e.getBoundingClientRect().height < 44).map(e => e.outerHTML)"
    )
    assert small == []
    with page.expect_response(lambda answer: 'name="long"' in (answer.request.post_data or "")):
        number.click()
    assert Lease.objects.get().expires_at > timezone.now() + leases.ON_THE_PHONE / 2
    note(page).fill("Pendant l’appel.")
    expect(page.locator("[data-draft-state]")).to_contain_text("Brouillon conservé")
    Lease.objects.update(expires_at=timezone.now())  # the phone slept
    page.goto("/appels/")
    expect(note(page)).to_have_value("Pendant l’appel.")


def test_without_a_number_one_is_added_without_losing_the_note(page_as: OpenAs, tutor: User) -> None:
    people(tutor, 1, participant__phone1="")
    page = page_as(tutor, refusals=True)
    begin(page)
    note(page).fill("À compléter.")
    page.locator("#detail-value").fill("12")
    page.locator("form[action$='/coordonnees/'] button").click()
    expect(page.locator("#detail-value-error")).to_be_visible()
    expect(note(page)).to_have_value("À compléter.")
    page.locator("#detail-value").fill("06 39 98 41 27")
    page.locator("form[action$='/coordonnees/'] button").click()
    expect(page.locator("a.vg-num")).to_contain_text("06 39 98 41 27")
    expect(note(page)).to_have_value("À compléter.")
