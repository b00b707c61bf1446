"""A tutor saves what the list shows as a view, comes back to it, gives it up and takes that back; and takes it out."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from accounts.models import User
from dashboard.exports import asking
from dashboard.models import Export, SavedView
from moodle_sync.enums import EPOCH
from moodle_sync.models import Group
from tests.browser.conftest import OpenAs, assert_accessible
from tests.factories import EnrolmentFactory
from tests.moodle_sync.workers import worker

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def people(group: Group) -> None:
    for access in (EPOCH, EPOCH, None):
        EnrolmentFactory(course=group.course, groups=[group], last_course_access=access, last_site_access=EPOCH)


@pytest.fixture
def a_worker(empty_queue: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A real one, for lists of more than one."""
    monkeypatch.setattr(asking, "AT_ONCE", 1)
    with worker():
        yield


def test_a_view_is_saved_found_again_renamed_and_taken_back(page_as: OpenAs, tutor: User) -> None:
    page = page_as(tutor)
    page.goto("/enseignants/")
    page.locator("#q").fill("@")  # typed, not loaded: what is saved is what the address says by now
    page.wait_for_url("**q=*")
    page.locator("#q").fill("")
    page.wait_for_url(lambda url: "q=" not in url)
    page.locator("#tile-never_platform").click()
    page.wait_for_url("**access=never_platform*")
    page.locator("#views-menu summary").click()
    assert_accessible(page)
    page.locator("#view-name").fill("Jamais <b>venus</b>")
    page.locator("#views-menu form .btn").click()
    page.wait_for_url("**view=*")
    saved = SavedView.objects.get()
    # With the order and the columns as they are shown.
    assert set(saved.query.partition("&columns=")[0].split("&")) == {"access=never_platform"}
    assert saved.query.endswith("&sort=next")
    expect(page.locator(".vg-view")).to_contain_text("Jamais <b>venus</b>")
    expect(page.locator("#views a", has_text="Jamais").locator(".n")).to_have_text("3")
    page.reload()
    page.locator("#tile-never_platform").click()
    expect(page.locator(".vg-view")).to_contain_text("modifiée")
    page.locator("#view-again").click()
    expect(page.locator(".vg-view")).not_to_contain_text("modifiée")
    page.goto("/vues/")
    line = page.locator(f"#view-{saved.pk}")
    line.locator("details summary").click()
    assert_accessible(page)
    line.locator("input[name=name]").fill("Jamais venus")
    line.locator("details .btn.go").click()
    expect(line.locator("a.plain")).to_have_text("Jamais venus")
    line.locator("form[action$='/supprimer/'] button").click()
    expect(line).to_have_count(0)
    page.locator(".vg-toast form button").click()
    expect(line.locator("a.plain")).to_have_text("Jamais venus")


def test_a_list_is_taken_out_at_once_or_by_a_worker(page_as: OpenAs, tutor: User, a_worker: None) -> None:
    page = page_as(tutor, width=390, theme="dark")
    page.goto("/enseignants/")
    page.locator("#q").fill(Export.__name__)  # nobody
    expect(page.locator("[data-row]")).to_have_count(0)
    page.locator("#q").fill("")
    expect(page.locator("[data-row]")).to_have_count(3)
    page.locator("#export-menu summary").click()
    assert_accessible(page)
    page.locator("#export-menu button[value=xlsx]").click()
    page.wait_for_url("**/exports/")
    fetch = page.locator("#exports a.btn.go")
    expect(fetch).to_be_visible(timeout=120_000)
    assert_accessible(page)
    with page.expect_download() as large:
        fetch.click()
    assert large.value.suggested_filename.endswith(".xlsx")
    name = tutor.assignments.get().group.enrolments.first().participant.full_name  # type: ignore[union-attr]
    page.goto("/enseignants/")
    page.locator("#q").fill(name)
    page.wait_for_url("**q=*")
    page.locator("#export-menu summary").click()
    with page.expect_download() as small:
        page.locator("#export-menu button[value=csv]").click()
    assert small.value.path().read_text(encoding="utf-8-sig").count("\n") == 2
    page.locator("#export-menu summary").click()
    page.locator("#print-list").click()
    expect(page.locator(".vg-paper tbody tr")).to_have_count(1)
    assert_accessible(page)
