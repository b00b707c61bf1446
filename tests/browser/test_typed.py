"""What somebody typed or ticked outlives the session, the network, a redraw and a slip of the mouse."""

import re

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from playwright.sync_api import Page, expect

from accounts.models import User
from dashboard.models import Contact, Draft
from moodle_sync.models import Enrolment, Group
from tests.browser.conftest import OpenAs, assert_accessible, session_of
from tests.factories import EnrolmentFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TOKEN = "n" * 32


@pytest.fixture
def people(group: Group) -> list[Enrolment]:
    return [EnrolmentFactory.create(course=group.course, groups=[group], participant__sort_key=k) for k in "ab"]


def end_session(page: Page) -> None:
    Session.objects.all().delete()
    cache.clear()
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)


def log_in_elsewhere(page: Page, user: User) -> None:
    """As in another tab: with a new session comes a new token."""
    url = page.evaluate("location.origin")
    values = {settings.SESSION_COOKIE_NAME: session_of(user), settings.CSRF_COOKIE_NAME: TOKEN}
    page.context.add_cookies([{"name": name, "value": value, "url": url} for name, value in values.items()])


def test_a_note_outlives_its_session(page_as: OpenAs, tutor: User, people: list[Enrolment]) -> None:
    page = page_as(tutor, refusals=True)
    page.goto(f"/enseignants/?open={people[0].pk}&sort=teacher")
    page.locator("#call-note").fill("Rappelle lundi.")
    expect(page.locator("[data-draft-state]")).to_have_text("Brouillon conservé")
    end_session(page)
    page.locator("#call-note").fill("Rappelle mardi.")
    expect(page.locator("[data-draft-state]")).to_contain_text("Votre connexion a pris fin")
    page.locator("label[for=act-note]").click()
    page.locator("#note-text").fill("Reprend jeudi.")
    page.locator("#note-save").click()
    told = page.locator(".vg-failed")
    expect(told.locator("a")).to_have_attribute(
        "href", f"/compte/connexion/?next=/enseignants/%3Fopen%3D{people[0].pk}%26sort%3Dteacher"
    )
    assert_accessible(page)
    page.locator(f"#name-{people[1].pk}").click()  # nor does reading lead away from what is typed
    expect(page.locator("#note-text")).to_have_value("Reprend jeudi.")

    log_in_elsewhere(page, tutor)
    expect(page.locator("[data-draft-state]")).to_have_text("Brouillon conservé")
    assert Draft.objects.get().answers["note"] == ["Rappelle mardi."]
    page.locator("#note-save").click()
    expect(page.locator(".vg-tl")).to_contain_text("Reprend jeudi.")
    expect(told).to_have_count(0)
    assert Contact.objects.get().author == tutor


def test_what_is_half_typed_outlives_an_act_and_a_slip(page_as: OpenAs, tutor: User, people: list[Enrolment]) -> None:
    page = page_as(tutor, width=1920, refusals=True)
    page.goto(f"/enseignants/?open={people[0].pk}&sort=teacher")
    page.locator(".vg-unfold summary", has_text="Ajouter").click()
    page.locator("#detail-value").fill("0639984127")
    page.locator(f"#contacted-{people[0].pk}").click()
    expect(page.locator("#panel-told")).to_contain_text("Contacté")
    expect(page.locator("#detail-value")).to_have_value("0639984127")
    expect(page.locator("#detail-value")).to_be_visible()
    page.locator(".vg-addway button").click()
    expect(page.locator("#panel-known")).to_contain_text("06 39 98 41 27")
    expect(page.locator("#detail-value")).to_have_value("")

    page.locator(".vg-pfoot .vg-menu summary").click()
    page.locator(".vg-pfoot a[href$='/clore/']").click()
    words = page.locator(".vg-panel textarea[name=words], .vg-panel input[name=words]")
    words.fill("A quitté l’académie.")
    page.locator(f"#contacted-{people[1].pk}").click()
    expect(page.locator(".vg-toast")).to_contain_text(people[1].participant.full_name)
    page.keyboard.press("Control+z")
    expect(page.locator("#results .vg-fu.contacted")).to_have_count(1)
    expect(words).to_have_value("A quitté l’académie.")

    page.locator("#results input[name=row]").first.check()
    page.locator("#bulk-note").click()
    text = page.locator("#bulk-dialog textarea")
    text.fill("Écrit à l’école.")
    box = text.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(5, 5)
    page.mouse.up()
    expect(text).to_be_visible()
    page.keyboard.press("Escape")
    expect(text).to_be_hidden()
    page.locator("#bulk-note").click()
    expect(text).to_have_value("Écrit à l’école.")


def test_what_was_saved_by_key_is_not_there_to_be_saved_again(
    page_as: OpenAs, tutor: User, people: list[Enrolment]
) -> None:
    page = page_as(tutor)
    page.goto("/enseignants/?sort=teacher")
    page.locator(f"#name-{people[0].pk}").click()
    expect(page.locator("#call-form")).to_be_visible()
    page.wait_for_load_state("networkidle")  # the file brings its keys along
    page.keyboard.press("2")  # outside of the form: at the top of the file
    expect(page.locator("#call-form [data-key='2']")).to_be_checked()
    page.locator("label[for=act-note]").click()
    page.locator("#note-text").press_sequentially("Reprend jeudi.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".vg-tl")).to_contain_text("Reprend jeudi.")
    expect(page.locator("#note-text")).to_have_value("")


def test_an_undo_waits_for_the_network(page_as: OpenAs, tutor: User, people: list[Enrolment]) -> None:
    page = page_as(tutor, refusals=True)
    page.goto("/enseignants/?sort=teacher")
    page.locator(f"#contacted-{people[0].pk}").click()
    contacted = page.locator("#results .vg-fu.contacted")
    expect(page.locator(".vg-toast form")).to_be_visible()
    page.context.set_offline(True)
    page.keyboard.press("Control+z")
    expect(page.locator(".vg-failed")).to_be_visible()
    page.context.set_offline(False)
    page.keyboard.press("Control+z")
    expect(contacted).to_have_count(0)


def test_all_but_one_are_all_but_one(page_as: OpenAs, tutor: User, group: Group) -> None:
    for n in range(27):
        EnrolmentFactory.create(course=group.course, groups=[group], participant__sort_key=f"{n:02}")
    page = page_as(tutor)
    page.goto("/enseignants/?sort=teacher")
    rows = page.locator("#results input[name=row]")
    count = page.locator("#bulk-count")
    rows.first.check()
    page.locator("#bulk-all").click()
    expect(count).to_have_text(re.compile("^27.sélectionnés"))
    rows.nth(3).uncheck()
    expect(count).to_have_text(re.compile("^26.sélectionnés"))
    page.locator("a[data-sort]").first.click()
    expect(page).not_to_have_url("/enseignants/?sort=teacher")
    expect(count).to_have_text(re.compile("^26.sélectionnés"))
    page.locator("#page-next").click()
    expect(rows).to_have_count(2)
    expect(count).to_have_text(re.compile("^26.sélectionnés"))
    page.locator("#bulk-contactes").click()
    page.locator("#bulk-dialog .btn.go").click()
    expect(page.locator(".vg-toast")).to_contain_text(re.compile("26.personnes"))
    assert Contact.objects.count() == 26
