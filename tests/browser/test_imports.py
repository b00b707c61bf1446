"""Who coordinates imports a file: choose it, correct a column, see what will change, confirm."""

import pytest
from celery import current_app
from playwright.sync_api import FilePayload, expect

from accounts.models import User
from dashboard.imports import reading, work
from dashboard.imports.progress import Progress
from dashboard.models import ImportFile
from moodle_sync.models import Course, Enrolment, Group, Site
from tests.browser.conftest import SCREENS, OpenAs, Theme, assert_accessible
from tests.moodle_sync.files.samples import as_csv

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HEADER = ["Prénom", "Nom", "Adresse de courriel", "Nom d’utilisateur", "Équipe", "Dernier accès au cours"]
PEOPLE = [
    ["Ana", "Exemple", "ana@ac-test.example.org", "ana.secret", "B1", "Jamais"],
    ["Bo", "Exemple", "bo@ac-test.example.org", "bo.secret", "B2", "4 jours 5 heures"],
    ["Cy", "Exemple", "cy@ac-test.example.org", "cy.secret", "B2", "hier"],
]
FILE = FilePayload(
    name="stagiaires.csv",
    mimeType="text/csv",
    buffer=as_csv([HEADER, *PEOPLE], separator=";", encoding="cp1252"),
)


def test_from_the_course_to_its_new_people(page_as: OpenAs, coordinator: User, course: Course, group: Group) -> None:
    page = page_as(coordinator)
    page.goto(f"/sessions/{course.pk}/")
    page.locator("a[href*='/fichier/']").click()
    expect(page.locator("select[name=course]")).to_have_value(str(course.pk))
    page.locator("input[type=file]").set_input_files(FILE)
    page.locator("form[enctype] button").click()
    expect(page.locator("#draft .vg-note")).to_contain_text("Nom d’utilisateur")
    expect(page.locator("#draft")).not_to_contain_text("secret")
    page.get_by_label("Équipe").select_option("group")
    page.locator("#draft .btn.go").press("Enter")
    expect(page.locator(".vg-tile b")).to_have_text(["2", "0", "0", "1"])
    bad = page.locator("section[aria-labelledby=bad] tbody tr")
    expect(bad.locator("td")).to_contain_text(["4", "", "Dernier accès au cours", "hier"])
    assert not Enrolment.objects.exists()
    page.locator("#draft .btn.go").press("Enter")
    expect(page.locator(".vg-note.ok")).to_be_visible()
    assert Enrolment.objects.filter(course=course).count() == 2
    page.locator("#draft .btn.go").click()
    expect(page.locator("#course-body")).to_contain_text("B2")


def test_from_the_wizard_without_a_web_service(page_as: OpenAs, administrator: User) -> None:
    """Nothing answers, or nobody gives a token: the platform is named, and its people come by file."""
    page = page_as(administrator)
    page.goto("/plateformes/connecter/")
    page.locator("#id_url").fill("http://127.0.0.1:9/moodle")
    page.locator("#id_name").fill("Académie Est")
    page.locator("main form button.go").click()
    expect(page.locator(".vg-note[role=alert]")).to_be_visible()
    page.locator("button[formaction$='/par-fichier/']").click()
    page.wait_for_url("**/plateformes/*/fichier/")
    expect(page.locator(".vg-crumb")).to_contain_text("Académie Est")
    page.locator("input[type=file]").set_input_files(FILE)
    page.locator("input[name=course_name]").fill("Neuve")
    page.locator("form[enctype] button").click()
    page.locator("#draft .btn.go").click()
    page.locator("#draft .vg-tiles ~ * .btn.go").click()
    expect(page.locator(".vg-note.ok")).to_be_visible()
    assert Enrolment.objects.filter(course__site__name="Académie Est", course__connection=None).count() == 2
    page.goto("/plateformes/")
    assert_accessible(page)


def test_a_long_file_shows_how_far_it_is(
    page_as: OpenAs, coordinator: User, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue holds the work; here it is done while the page watches, from the upload on."""
    monkeypatch.setattr(work, "AT_ONCE", 0)
    monkeypatch.setattr(reading, "LIGHT", 0)
    monkeypatch.setattr(current_app, "send_task", lambda name, arguments: None)
    page = page_as(coordinator)
    page.goto(f"/plateformes/{site.pk}/fichier/")
    page.locator("input[type=file]").set_input_files(FILE)
    page.locator("input[name=course_name]").fill("Neuve")
    page.locator("form[enctype] button").click()
    expect(page.locator("#draft progress")).to_have_count(1)
    assert_accessible(page)
    draft = ImportFile.objects.get()
    Progress(draft)(500, 1_500)
    expect(page.locator("#draft progress[value='500'][max='1500']")).to_be_visible()
    reading.read_held(draft.pk)
    expect(page.locator("#facts")).to_contain_text("3")
    page.locator("#draft .btn.go").click()
    expect(page.locator("#draft progress")).to_have_attribute("max", "3")
    draft.refresh_from_db()
    Progress(draft)(2)
    expect(page.locator("#draft progress")).to_have_attribute("value", "2")
    work.check(draft.pk)
    expect(page.locator(".vg-tile b")).to_have_text(["2", "0", "0", "1"])


@pytest.mark.parametrize(("theme", "width"), SCREENS)
def test_accessible_at_every_step(theme: Theme, width: int, page_as: OpenAs, coordinator: User, site: Site) -> None:
    page = page_as(coordinator, width=width, theme=theme)
    page.goto(f"/plateformes/{site.pk}/fichier/")
    assert_accessible(page)
    page.locator("form[enctype] button").click()
    expect(page.locator(".vg-error")).not_to_have_count(0)
    assert_accessible(page)
    page.locator("input[type=file]").set_input_files(FILE)
    page.locator("input[name=course_name]").fill("Neuve")
    page.locator("form[enctype] button").click()
    expect(page.locator("#draft select")).to_have_count(5)
    assert_accessible(page)
    page.locator("#draft .btn.go").click()
    expect(page.locator(".vg-tiles")).to_be_visible()
    assert_accessible(page)
    page.locator("#draft .btn.go").click()
    expect(page.locator(".vg-note.ok")).to_be_visible()
    assert_accessible(page)
