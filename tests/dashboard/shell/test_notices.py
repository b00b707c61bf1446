"""The notice on personal data and the accessibility statement: public, in both languages, honest about gaps."""

import pytest
from django.conf import LazySettings
from django.test import Client
from lxml import html

from accounts.models import User

pytestmark = pytest.mark.django_db
PRIVACY, ACCESSIBILITY = "/donnees-personnelles/", "/accessibilite/"
NOTICES = (PRIVACY, ACCESSIBILITY)


def page(client: Client, url: str) -> html.HtmlElement:
    answer = client.get(url)
    assert answer.status_code == 200
    return html.fromstring(answer.content.decode())


@pytest.mark.parametrize("url", NOTICES)
def test_both_languages_say_the_same_in_as_many_parts(client: Client, url: str) -> None:
    pages = [page(client, f"{url}?lang={lang}") for lang in ("fr", "en")]
    assert [shown.get("lang") for shown in pages] == ["fr", "en"]
    french, english = ([len(part.xpath(".//li | .//p")) for part in shown.xpath("//section")] for shown in pages)
    assert french == english
    assert len(french) == 6


@pytest.mark.parametrize("url", NOTICES)
def test_who_is_responsible_is_named_or_said_to_be_missing(client: Client, settings: LazySettings, url: str) -> None:
    assert "Aucune adresse de contact" in page(client, url).text_content()
    settings.DATA_CONTROLLER, settings.DATA_CONTACT = "Académie <d’exemple>", "dpd@example.org"
    settings.ACCESSIBILITY_CONTACT = "accessibilite@example.org"
    shown = page(client, url).text_content()
    assert "Académie <d’exemple>" in shown
    assert ("dpd@example.org" in shown) is (url == PRIVACY)
    assert ("accessibilite@example.org" in shown) is (url == ACCESSIBILITY)
    assert "Aucune adresse de contact" not in shown


@pytest.mark.parametrize("url", ["/compte/connexion/", *NOTICES, "/a-faire/", "/nulle-part/"])
def test_every_page_leads_to_both_and_says_the_state_that_the_statement_says(
    client: Client, tutor: User, url: str
) -> None:
    if url in ("/a-faire/", "/nulle-part/"):
        client.force_login(tutor)
    foot = html.fromstring(client.get(url).content.decode()).xpath("//footer[contains(@class, 'vg-foot')]")[0]
    assert {link.get("href") for link in foot.iter("a")} == set(NOTICES)
    state = page(client, f"{ACCESSIBILITY}?lang=fr").xpath("//section[1]//b")[0].text_content()
    assert foot.xpath(f"a[@href='{ACCESSIBILITY}']")[0].text_content() == f"Accessibilité\N{NO-BREAK SPACE}: {state}"
