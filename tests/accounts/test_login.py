"""Login, logout, passwords: what people meet, and what an attacker does."""

import re
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.test import Client
from django.urls import NoReverseMatch, reverse

from accounts.models import User
from tests.factories import PASSWORD

LOGIN, RESET, CHANGE = "/compte/connexion/", "/compte/mot-de-passe/oublie/", "/compte/mot-de-passe/"
NEW = "tout autre chose à retenir"


def _log_in(client: Client, email: str, password: str = PASSWORD, **extra: Any) -> Any:
    return client.post(LOGIN, {"login": email, "password": password} | extra.pop("data", {}), **extra)


def _is_in(client: Client) -> bool:
    return client.get(CHANGE).status_code == 200


def _reset_link() -> str:
    """The path of the link in the last mail."""
    link = re.search(r"^https?://[^/\s]+(/\S+)$", str(mail.outbox[-1].body), re.MULTILINE)
    assert link
    return link[1]


class TestLogin:
    @pytest.mark.parametrize("typed", ["claire@example.org", "Claire@Example.org", " claire@example.org "])
    def test_by_e_mail_whatever_its_case(self, client: Client, tutor: User, typed: str) -> None:
        response = _log_in(client, typed)
        assert (response.status_code, response["Location"]) == (302, "/")
        assert _is_in(client)

    def test_goes_on_to_the_page_that_was_asked(self, client: Client, tutor: User) -> None:
        asked = client.get(CHANGE)
        assert asked["Location"] == f"{LOGIN}?next={CHANGE}"
        assert f'value="{CHANGE}"' in client.get(asked["Location"]).text
        assert _log_in(client, tutor.email, data={"next": CHANGE})["Location"] == CHANGE

    @pytest.mark.parametrize("elsewhere", ["https://evil.example.org/", "//evil.example.org", "javascript:alert(1)"])
    def test_never_goes_to_another_host(self, client: Client, tutor: User, elsewhere: str) -> None:
        assert _log_in(client, tutor.email, data={"next": elsewhere})["Location"] == "/"

    def test_a_wrong_password_is_said_once_and_the_address_kept(self, client: Client, tutor: User) -> None:
        response = _log_in(client, tutor.email, "faux")
        assert response.text.count('role="alert"') == 1
        assert f'value="{tutor.email}"' in response.text
        assert "faux" not in response.text
        assert response.text.count('aria-invalid="true"') == 2
        assert not _is_in(client)

    def test_nobody_learns_who_has_an_account(self, client: Client, tutor: User) -> None:
        pages = [_log_in(client, email, "faux").text for email in (tutor.email, "nobody@example.org")]
        known, unknown = (re.sub(r'value="[^"]*"', "", page) for page in pages)
        assert re.sub(r'"X-CSRFToken": "\w+"', "", known) == re.sub(r'"X-CSRFToken": "\w+"', "", unknown)

    def test_the_session_key_changes(self, client: Client, tutor: User) -> None:
        client.get(LOGIN)
        before = client.session.session_key
        _log_in(client, tutor.email)
        assert client.session.session_key != before

    def test_who_was_deactivated_cannot_log_in(self, client: Client, tutor: User) -> None:
        User.objects.filter(pk=tutor.pk).update(is_active=False)
        response = _log_in(client, tutor.email, follow=True)
        assert response.status_code == 200
        assert response.redirect_chain == [("/compte/inactif/", 302)]
        assert not _is_in(client)

    def test_who_is_deactivated_is_out_at_once(self, client: Client, tutor: User) -> None:
        _log_in(client, tutor.email)
        assert _is_in(client)
        User.objects.filter(pk=tutor.pk).update(is_active=False)
        assert not _is_in(client)

    def test_browsers_and_password_managers_know_the_fields(self, client: Client, db: None) -> None:
        page = client.get(LOGIN).text
        assert re.search(r'<input[^>]*type="email"[^>]*name="login"[^>]*autocomplete="username"', page)
        assert re.search(r'<input[^>]*type="password"[^>]*autocomplete="current-password"', page)


class TestThrottle:
    def test_one_account_is_protected_from_guesses_even_right_ones(self, client: Client, tutor: User) -> None:
        for _attempt in range(5):
            assert _log_in(client, tutor.email, "faux").status_code == 200
        response = _log_in(client, tutor.email)
        assert response.status_code == 429
        assert "vg-login" in response.text
        assert not _is_in(client)

    def test_a_forged_address_does_not_lift_it(self, client: Client, tutor: User) -> None:
        for attempt in range(5):
            _log_in(client, tutor.email, "faux", headers={"X-Forwarded-For": f"192.0.2.{attempt}"})
        assert _log_in(client, tutor.email, headers={"X-Forwarded-For": "192.0.2.9"}).status_code == 429

    def test_one_address_cannot_try_every_account(self, client: Client, tutor: User) -> None:
        for number in range(10):
            _log_in(client, f"nobody{number}@example.org", "faux")
        assert _log_in(client, tutor.email).status_code == 429

    def test_another_account_elsewhere_is_not_held_up(self, client: Client, tutor: User, other_tutor: User) -> None:
        for _attempt in range(6):
            _log_in(client, tutor.email, "faux")
        assert _log_in(client, other_tutor.email, REMOTE_ADDR="192.0.2.1").status_code == 302

    def test_logging_in_often_is_fine(self, client: Client, tutor: User) -> None:
        for _time in range(8):
            assert _log_in(client, tutor.email).status_code == 302
            client.post("/compte/deconnexion/")

    def test_resets_are_counted_too(self, client: Client, tutor: User) -> None:
        answers = [client.post(RESET, {"email": tutor.email}).status_code for _attempt in range(6)]
        assert answers == [302] * 5 + [429]
        assert len(mail.outbox) == 5

    def test_a_reset_ends_it(self, client: Client, tutor: User) -> None:
        for _attempt in range(6):
            _log_in(client, tutor.email, "faux")
        client.post(RESET, {"email": tutor.email})
        page = client.get(_reset_link(), follow=True)
        client.post(page.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
        assert _log_in(client, tutor.email, NEW).status_code == 302


class TestLogout:
    def test_needs_a_post(self, client: Client, tutor: User) -> None:
        client.force_login(tutor)
        assert client.get("/compte/deconnexion/").status_code == 200
        assert _is_in(client)
        assert client.post("/compte/deconnexion/")["Location"] == LOGIN
        assert not _is_in(client)


class TestReset:
    def test_from_the_mail_to_a_new_password(self, client: Client, tutor: User) -> None:
        asked = client.post(RESET, {"email": "Claire@example.org"}, follow=True)
        assert asked.redirect_chain == [("/compte/mot-de-passe/oublie/envoye/", 302)]
        [message] = mail.outbox
        assert message.to == [tutor.email]
        page = client.get(_reset_link(), follow=True)
        assert page.text.count('autocomplete="new-password"') == 2
        here = page.redirect_chain[-1][0]
        assert _reset_link().split("-", 4)[-1] not in here  # the key does not stay in the address bar
        done = client.post(here, {"password1": NEW, "password2": NEW}, follow=True)
        assert done.status_code == 200
        said, _template, _failures = done.text.partition('<template id="failed">')
        assert 'class="vg-toast ' not in said  # the page itself says so
        assert _log_in(client, tutor.email, NEW).status_code == 302

    def test_works_once(self, client: Client, tutor: User) -> None:
        client.post(RESET, {"email": tutor.email})
        link = _reset_link()
        here = client.get(link, follow=True).redirect_chain[-1][0]
        client.post(here, {"password1": NEW, "password2": NEW})
        assert "password1" not in Client().get(link, follow=True).text

    @pytest.mark.parametrize("key", ["1-anything", "zzzzzz-a-b", "1-set-password"])
    def test_a_forged_link_offers_a_new_one(self, client: Client, tutor: User, key: str) -> None:
        response = client.get(f"/compte/mot-de-passe/nouveau/{key}/")
        assert response.status_code == 200
        assert f'href="{RESET}"' in response.text
        assert "password1" not in response.text

    @pytest.mark.parametrize("host", ["evil.example.org", "localhost"])
    def test_the_link_never_repeats_the_host_of_the_request(
        self, client: Client, tutor: User, settings: Any, host: str
    ) -> None:
        settings.PUBLIC_URL = "https://vigie.example.org"
        client.raise_request_exception = False
        response = client.post(RESET, {"email": tutor.email}, headers={"Host": host, "X-Forwarded-Host": host})
        if host in django_settings.ALLOWED_HOSTS:
            assert response.status_code == 302
            assert f"https://vigie.example.org{_reset_link()}" in mail.outbox[0].body
        else:
            assert response.status_code == 400
            assert mail.outbox == []

    def test_an_unknown_address_gets_the_same_page_and_a_mail_without_a_link(self, client: Client, tutor: User) -> None:
        answers = [client.post(RESET, {"email": email}) for email in (tutor.email, "nobody@example.org")]
        assert {(a.status_code, a["Location"]) for a in answers} == {(302, f"{RESET}envoye/")}
        to_nobody = mail.outbox[1]
        assert to_nobody.to == ["nobody@example.org"]
        assert "://" not in to_nobody.body

    def test_names_are_not_escaped_in_text(self, client: Client, tutor: User) -> None:
        User.objects.filter(pk=tutor.pk).update(last_name="D'Angelo & fils")
        client.post(RESET, {"email": tutor.email})
        assert "Claire D'Angelo & fils" in mail.outbox[0].body

    def test_bad_input_is_said_in_place(self, client: Client, db: None) -> None:
        response = client.post(RESET, {"email": "pas une adresse"})
        assert response.text.count('role="alert"') == 1
        assert 'value="pas une adresse"' in response.text
        assert re.search(r'aria-describedby="id_email_error"', response.text)
        assert 'id="id_email_error"' in response.text


class TestChange:
    def test_keeps_this_session_and_ends_the_others(self, client: Client, tutor: User) -> None:
        elsewhere = Client()
        _log_in(client, tutor.email)
        _log_in(elsewhere, tutor.email)
        response = client.post(CHANGE, {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
        assert response["Location"] == "/"
        assert 'class="vg-toast ' in client.get(CHANGE).text  # on the next page, whichever
        assert _is_in(client)
        assert not _is_in(elsewhere)

    @pytest.mark.parametrize(
        ("old", "one", "two", "field"),
        [
            ("faux", NEW, NEW, "oldpassword"),
            (PASSWORD, "court", "court", "password1"),
            (PASSWORD, "password1234", "password1234", "password1"),
            (PASSWORD, "claire@example.org", "claire@example.org", "password1"),
            (PASSWORD, NEW, NEW + "!", "password2"),
        ],
    )
    def test_bad_input_changes_nothing(
        self, client: Client, tutor: User, old: str, one: str, two: str, field: str
    ) -> None:
        client.force_login(tutor)
        response = client.post(CHANGE, {"oldpassword": old, "password1": one, "password2": two})
        assert response.status_code == 200
        assert f'id="id_{field}_error"' in response.text
        tutor.refresh_from_db()
        assert tutor.check_password(PASSWORD)


@pytest.mark.parametrize(
    "name",
    [
        "account_signup",
        "account_email",
        "account_set_password",
        "account_reauthenticate",
        "account_confirm_email",
    ],
)
def test_the_other_pages_of_allauth_do_not_exist(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)


@pytest.mark.parametrize("path", ["/compte/", "/compte/signup/", "/accounts/signup/", "/compte/email/"])
def test_signing_up_is_nowhere(client: Client, tutor: User, path: str) -> None:
    client.force_login(tutor)
    assert client.get(path).status_code == 404
