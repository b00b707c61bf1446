"""`manage.py invite` and the page behind its link."""

import json
import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core import mail, signing
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import invitations
from accounts.models import Scope, User
from moodle_sync.models import Course, Site
from tests.factories import EnrolmentFactory, ParticipantFactory, UserFactory

EMAIL = "new@example.org"
SECRET = "une phrase facile à retenir"


def _invite(*args: str, **options: Any) -> str:
    out = StringIO()
    call_command("invite", *args, stdout=out, **options)
    return out.getvalue()


def _link(output: str) -> str:
    """The path of the link that the command printed."""
    found = re.search(r"https?://[^/\s]+(/invitation/\S+)", output)
    assert found
    return found[1]


def _refused(*args: str, code: int = 2) -> str:
    before = list(User.objects.order_by("pk").values()), list(Scope.objects.values())
    with pytest.raises(CommandError) as refusal:
        _invite(*args)
    assert refusal.value.returncode == code
    assert (list(User.objects.order_by("pk").values()), list(Scope.objects.values())) == before
    assert mail.outbox == []
    return str(refusal.value)


@pytest.fixture
def path(db: None) -> str:
    return _link(_invite(EMAIL, "--role", "tutor", "--first-name", "Lou"))


def _choose(client: Client, path: str, one: str = SECRET, two: str = SECRET) -> Any:
    return client.post(path, {"password1": one, "password2": two})


@pytest.mark.django_db
class TestCommand:
    def test_creates_a_user_who_cannot_log_in_yet_and_mails_the_link(self, settings: Any) -> None:
        settings.PUBLIC_URL = "https://vigie.example.org"
        printed = _invite("New@Example.org", "--role", "tutor", "--first-name", "Lou", "--last-name", "O'Neil")
        user = User.objects.get()
        assert (user.email, user.role, user.get_full_name()) == (EMAIL, "tutor", "Lou O'Neil")
        assert not user.has_usable_password()
        [message] = mail.outbox
        assert message.to == [EMAIL]
        assert "Lou O'Neil" in message.body
        assert f"https://vigie.example.org{_link(printed)}" in message.body

    def test_json_is_one_object(self) -> None:
        answer = json.loads(_invite(EMAIL, "--role", "administrator", "--json"))
        assert answer.pop("link").endswith(_link(str(mail.outbox[0].body)))
        assert answer == {"email": EMAIL, "role": "administrator", "created": True, "mailed": True}

    def test_who_never_chose_a_password_is_invited_again(self, path: str, site: Site) -> None:
        again = _invite(EMAIL, "--role", "coordinator", "--site", site.name)
        user = User.objects.get()
        assert (user.role, user.first_name) == ("coordinator", "Lou")
        assert list(user.scopes.values_list("site", "category_id")) == [(site.pk, None)]
        assert len(mail.outbox) == 2
        assert _link(again)

    def test_who_has_a_password_is_not_invited(self, tutor: User) -> None:
        assert "already" in _refused(tutor.email.upper(), "--role", "coordinator", "--all", code=1)

    def test_who_was_deactivated_is_not_invited(self) -> None:
        User(email=EMAIL, is_active=False, password="!").save()
        assert "deactivated" in _refused(EMAIL, "--role", "tutor", code=1)

    def test_an_invited_tutor_follows_their_moodle_courses_at_once(self, course: Course) -> None:
        participant = ParticipantFactory(site=course.site, email="New@example.org")
        EnrolmentFactory(course=course, participant=participant, roles=["teacher"])
        _invite(EMAIL, "--role", "tutor")
        assert [a.course for a in User.objects.get().assignments.current()] == [course]

    def test_a_coordinator_of_everything(self) -> None:
        _invite(EMAIL, "--role", "coordinator", "--all")
        assert User.objects.get().sees_all

    def test_an_observer_of_two_categories(self, site: Site) -> None:
        _invite(EMAIL, "--role", "observer", "--site", site.name, "--category", "3", "--category", "5")
        user = User.objects.get()
        assert not user.sees_all
        assert set(user.scopes.values_list("site", "category_id")) == {(site.pk, 3), (site.pk, 5)}

    def test_the_mail_that_cannot_be_sent_is_said_and_the_link_still_printed(self, settings: Any) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_PORT = 1
        out = StringIO()
        with pytest.raises(CommandError, match="could not be sent"):
            call_command("invite", EMAIL, "--role", "tutor", stdout=out)
        assert invitations.invited(_link(out.getvalue()).split("/")[2]) == User.objects.get()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["not-an-address", "--role", "tutor"], "not an e-mail address"),
        ([EMAIL, "--role", "king"], "Unknown role"),
        ([EMAIL, "--role", "coordinator"], "either --all, or --site"),
        ([EMAIL, "--role", "observer"], "either --all, or --site"),
        ([EMAIL, "--role", "coordinator", "--all", "--site", "Nulle part"], "either --all, or --site"),
        ([EMAIL, "--role", "coordinator", "--site", "Nulle part"], "Unknown site"),
        ([EMAIL, "--role", "coordinator", "--all", "--category", "3"], "needs --site"),
        ([EMAIL, "--role", "tutor", "--all"], "for coordinators and observers"),
        ([EMAIL, "--role", "administrator", "--category", "3"], "for coordinators and observers"),
    ],
)
def test_bad_input_is_one_message_and_writes_nothing(db: None, arguments: list[str], said: str) -> None:
    message = _refused(*arguments)
    assert said in message
    assert "\n" not in message


class TestLink:
    def test_shows_whom_it_invites(self, client: Client, path: str) -> None:
        response = client.get(path)
        assert response.status_code == 200
        assert EMAIL in response.text
        assert "no-cache" in response["Cache-Control"]

    def test_sets_the_password_and_logs_in(self, client: Client, path: str) -> None:
        response = _choose(client, path)
        assert (response.status_code, response["Location"]) == (302, "/")
        user = User.objects.get()
        assert user.check_password(SECRET)
        assert client.session["_auth_user_id"] == str(user.pk)

    def test_logs_out_whoever_used_this_browser(self, client: Client, path: str, coordinator: User) -> None:
        client.force_login(coordinator)
        client.session["theirs"] = 1
        _choose(client, path)
        assert client.session["_auth_user_id"] == str(User.objects.get(email=EMAIL).pk)
        assert "theirs" not in client.session

    @pytest.mark.parametrize(
        ("one", "two"),
        [("court", "court"), (SECRET, "autre chose, longue"), ("", ""), ("password1234", "password1234")],
    )
    def test_a_bad_password_is_said_in_place(self, client: Client, path: str, one: str, two: str) -> None:
        response = _choose(client, path, one, two)
        assert response.status_code == 200
        assert 'role="alert"' in response.text
        assert 'aria-invalid="true"' in response.text
        assert not User.objects.get().has_usable_password()
        assert _choose(client, path).status_code == 302

    def test_works_once(self, client: Client, path: str) -> None:
        _choose(client, path)
        self._refused(Client(), path)
        assert User.objects.get().check_password(SECRET)

    def test_expires(self, client: Client, path: str, settings: Any) -> None:
        settings.INVITATION_MAX_AGE = timedelta(seconds=-1)
        self._refused(client, path)

    def test_cannot_be_forged(self, client: Client, path: str, tutor: User) -> None:
        invited = User.objects.get(email=EMAIL)
        for forged in (
            "/invitation/anything/",
            f"{path[:-2]}{'A' if path[-2] != 'A' else 'B'}/",
            path.replace(path.split("/")[2].split(":")[0], signing.b64_encode(b"[1,2]").decode()),
            f"/invitation/{signing.dumps([invited.pk, 'x'], salt='another')}/",
            f"/invitation/{signing.dumps([tutor.pk, 'x'], salt=invitations.SALT)}/",
        ):
            self._refused(client, forged)

    def test_ends_with_the_account(self, client: Client, path: str) -> None:
        User.objects.update(is_active=False)
        self._refused(client, path)

    def test_ends_when_the_address_changes(self, client: Client, path: str) -> None:
        User.objects.update(email="elsewhere@example.org")
        self._refused(client, path)

    def _refused(self, client: Client, path: str) -> None:
        for response in (client.get(path), _choose(client, path, "tout autre secret", "tout autre secret")):
            assert response.status_code == 410
            assert "/compte/connexion/" in response.text
            assert "_auth_user_id" not in client.session


def test_the_link_says_nothing_about_the_password(path: str) -> None:
    user = User.objects.get()
    decoded = signing.loads(path.split("/")[2], salt=invitations.SALT)
    assert decoded[0] == user.pk
    assert decoded[1] not in user.password
    assert invitations.link(UserFactory()) != invitations.link(user)
