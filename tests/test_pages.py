"""What assistive technologies need of every page: RGAA 5.4-5.7, 8.3, 8.5, 9.1, 9.2, 11.1, 11.9."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse
from lxml import html

from accounts.models import User
from tests.test_permissions import PERSONAS, RULES, Rule, Things, fresh_limits, people, things

__all__ = ["fresh_limits", "people", "things"]  # fixtures

PAGES = {name: rule for name, rule in RULES.items() if rule.method == "get" and not rule.headers}
BUTTONS = "//button | //a[@href] | //summary"
NAMED_BY = ("aria-label", "aria-labelledby", "title")
FIELDS = "//input[not(@type='hidden' or @type='submit')] | //select | //textarea"


def _faults(page: html.HtmlElement) -> Iterator[str]:
    if not page.get("lang"):
        yield "no language"
    if not page.findtext(".//title", "").split("·")[0].strip():
        yield "no title of its own"
    if (found := len(page.xpath("//h1"))) != 1:
        yield f"{found} h1"
    if (found := len(page.xpath("//main"))) != 1:
        yield f"{found} main"
    yield from _headings(page)
    yield from _tables(page)
    yield from _names(page)
    ids = page.xpath("//@id")
    yield from (f"twice the id {one}" for one in {i for i in ids if ids.count(i) > 1})
    for attribute in ("aria-labelledby", "aria-describedby"):
        # A closed dialog gets its title with what it shows.
        asked = {one for value in page.xpath(f"//*[not(self::dialog)]/@{attribute}") for one in value.split()}
        yield from (f"{attribute} to nothing: {one}" for one in asked - set(ids))


def _headings(page: html.HtmlElement) -> Iterator[str]:
    level = 0
    for heading in page.xpath("//main//*[self::h1 or self::h2 or self::h3 or self::h4 or self::h5]"):
        deeper = int(heading.tag[1])
        if level and deeper > level + 1:
            yield f"h{deeper} after h{level}: {heading.text_content().strip()}"
        level = deeper


def _tables(page: html.HtmlElement) -> Iterator[str]:
    for table in page.xpath("//table"):
        if not table.xpath("caption[normalize-space()]"):
            yield "a table without caption"
        if not table.xpath(".//th") or table.xpath(".//th[not(@scope)]"):
            yield "a table whose headers have no scope"


def _names(page: html.HtmlElement) -> Iterator[str]:
    for button in page.xpath(BUTTONS):
        if not (_text(button) or any(button.get(name) for name in NAMED_BY)):
            yield f"no name: {_source(button)}"
    labelled = set(page.xpath("//label/@for"))
    for entry in page.xpath(FIELDS):
        if not (entry.get("id") in labelled or entry.xpath("ancestor::label") or any(map(entry.get, NAMED_BY))):
            yield f"no label: {_source(entry)}"


def _text(element: html.HtmlElement) -> str:
    return "".join(element.xpath(".//text()[not(ancestor::*[@aria-hidden='true'])]")).strip()


def _source(element: html.HtmlElement) -> str:
    return " ".join(html.tostring(element, encoding="unicode", with_tail=False).split())[:160]


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_what_assistive_technologies_need(
    name: str, people: dict[str, User | None], things: Things
) -> None:
    rule: Rule = PAGES[name]
    shown_to = [persona for persona, status in zip(PERSONAS, rule.statuses, strict=True) if status == 200]
    # One of each kind: their colleagues see the same page.
    for persona in [one for one in shown_to if not one.startswith("other_")]:
        client = Client()
        if user := people[persona]:
            client.force_login(user)
        answer = client.get(reverse(name, kwargs=rule.kwargs(things)))
        if answer.streaming or b"<html" not in answer.content:
            continue  # a file, or a part of a page
        assert list(_faults(html.document_fromstring(answer.content))) == [], persona
