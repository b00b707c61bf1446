"""An ended session, met by a script: the page with what is typed in it stays, and is told where to log in."""

import pytest
from django.test import Client

from accounts.models import User
from tests.factories import UserFactory

PAGE = "/compte/mot-de-passe/"
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/enseignants/?acces=never_course"}


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_script_is_told_where_to_log_in_then_back_to_the_page_not_to_the_fragment(
    client: Client, db: None, method: str
) -> None:
    response = getattr(client, method)(PAGE, headers=HTMX)
    assert response.status_code == 401
    assert response["X-Vigie-Login"] == "/compte/connexion/?next=/enseignants/%3Facces%3Dnever_course"
    assert "Location" not in response
    assert "HX-Redirect" not in response
    assert response.content == b""


@pytest.mark.parametrize("current", ["http://evil.example.org/there", "http://[x", ""])
def test_a_foreign_or_missing_page_leads_home(client: Client, db: None, current: str) -> None:
    response = client.get(PAGE, headers=HTMX | {"HX-Current-URL": current})
    assert response["X-Vigie-Login"] == "/compte/connexion/?next=/"


def test_without_script_it_is_an_ordinary_redirect(client: Client, db: None) -> None:
    response = client.get(PAGE)
    assert (response.status_code, response["Location"]) == (302, f"/compte/connexion/?next={PAGE}")


def test_a_draft_sent_without_htmx_is_told_too(client: Client, tutor: User) -> None:
    assert client.post(PAGE, headers={"X-Vigie-User": str(tutor.pk)}).status_code == 401


def test_who_is_logged_in_is_left_alone(client: Client, tutor: User) -> None:
    client.force_login(tutor)
    for headers in (HTMX, HTMX | {"X-Vigie-User": str(tutor.pk)}):
        assert client.get(PAGE, headers=headers).status_code == 200


def test_a_page_of_somebody_else_is_refused_whoever_logged_in_since(client: Client, tutor: User) -> None:
    """Two accounts in one browser: what one typed is never sent as the other's."""
    other = UserFactory.create()
    client.force_login(tutor)
    assert client.get(PAGE, headers=HTMX | {"X-Vigie-User": str(other.pk)}).status_code == 403
