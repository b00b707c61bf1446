"""An expired session, met by htmx: the whole page goes to login and comes back to itself."""

import pytest
from django.test import Client

from accounts.models import User

PAGE = "/compte/mot-de-passe/"
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/enseignants/?acces=never_course"}


def test_htmx_is_sent_to_login_then_back_to_the_page_not_to_the_fragment(client: Client, db: None) -> None:
    response = client.get(PAGE, headers=HTMX)
    assert response.status_code == 200
    assert response["HX-Redirect"] == "/compte/connexion/?next=/enseignants/%3Facces%3Dnever_course"
    assert "Location" not in response
    assert response.content == b""


@pytest.mark.parametrize("current", ["http://evil.example.org/there", ""])
def test_a_foreign_or_missing_page_leads_home(client: Client, db: None, current: str) -> None:
    response = client.get(PAGE, headers=HTMX | {"HX-Current-URL": current})
    assert response["HX-Redirect"] == "/compte/connexion/?next=/"


def test_without_htmx_it_is_an_ordinary_redirect(client: Client, db: None) -> None:
    response = client.get(PAGE)
    assert (response.status_code, response["Location"]) == (302, f"/compte/connexion/?next={PAGE}")


def test_who_is_logged_in_is_left_alone(client: Client, tutor: User) -> None:
    client.force_login(tutor)
    assert "HX-Redirect" not in client.get(PAGE, headers=HTMX)
