"""The notice on personal data: public, in both languages, honest about what was not filled in."""

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from lxml import html

pytestmark = pytest.mark.django_db
URL = "/donnees-personnelles/"


def text(client: Client, query: str = "") -> str:
    answer = client.get(URL + query)
    assert answer.status_code == 200
    return str(html.fromstring(answer.content.decode()).text_content())


def test_both_languages_say_the_same_in_as_many_parts(client: Client) -> None:
    pages = [html.fromstring(client.get(f"{URL}?lang={lang}").content.decode()) for lang in ("fr", "en")]
    assert [page.get("lang") for page in pages] == ["fr", "en"]
    french, english = ([len(part.xpath(".//li | .//p")) for part in page.xpath("//section")] for page in pages)
    assert french == english
    assert len(french) == 6


def test_who_is_responsible_is_named_or_said_to_be_missing(client: Client, settings: LazySettings) -> None:
    assert "Aucune adresse de contact" in text(client)
    settings.DATA_CONTROLLER, settings.DATA_CONTACT = "Académie <d’exemple>", "dpd@example.org"
    shown = text(client)
    assert "Académie <d’exemple>" in shown
    assert "dpd@example.org" in shown
    assert "Aucune adresse de contact" not in shown


def test_it_is_reached_from_the_login(client: Client) -> None:
    page = html.fromstring(client.get(reverse("account_login")).content.decode())
    assert page.xpath(f"//a[@href='{URL}']")
