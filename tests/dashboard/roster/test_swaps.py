"""What links and the form swap is what a reload would show there."""

import pytest
from django.test import Client
from django.urls import reverse
from lxml import etree, html

from tests.dashboard.roster.conftest import MakePeople, parsed

URL = "/enseignants/?state=todo&sort=teacher"


def swapped(client: Client, target: str, url: str = URL) -> html.HtmlElement:
    headers = {"HX-Request": "true", "HX-Target": target}
    return html.document_fromstring(client.get(url, headers=headers).content.decode())


def part(page: html.HtmlElement, name: str) -> str:
    element = page.get_element_by_id(name)
    for token in element.xpath(".//input[@name='csrfmiddlewaretoken']"):
        token.set("value", "")
    return " ".join(etree.tostring(element, encoding="unicode", with_tail=False).split())


@pytest.mark.parametrize(("target", "parts"), [("roster", ["roster"]), ("results", ["results", "tiles", "chips"])])
def test_a_swap_brings_its_parts_alone(claire: Client, people: MakePeople, target: str, parts: list[str]) -> None:
    people(3)
    whole, alone = parsed(claire, URL), swapped(claire, target)
    for name in parts:
        assert part(alone, name) == part(whole, name)
    assert alone.xpath("string(//title)") == whole.xpath("string(//title)")
    assert whole.find_class("vg-app")
    assert not alone.find_class("vg-app")


@pytest.mark.parametrize("target", ["panel", "contenu", ""])
def test_whoever_asks_for_more_gets_the_page(claire: Client, people: MakePeople, target: str) -> None:
    people(1)
    assert swapped(claire, target).find_class("vg-app")


def test_a_swap_does_not_swallow_a_message(claire: Client, people: MakePeople) -> None:
    """Its place is outside what is swapped: it waits for the page that shows it."""
    [enrolment] = people(1)
    claire.post(reverse("dashboard:mark-contacted", args=[enrolment.pk]), {"version": 0})
    swapped(claire, "roster")
    assert parsed(claire, URL).get_element_by_id("toasts").text_content().strip()
