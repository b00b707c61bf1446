import pytest
from django.test import Client
from django.urls import reverse
from lxml import html

from accounts.models import User
from dashboard import preferences


@pytest.mark.parametrize(
    ("persona", "home", "entries"),
    [
        ("tutor", "/a-faire/", 7),
        ("coordinator", "/a-faire/", 7),
        ("administrator", "/sessions/", 2),
        ("observer", "/sessions/", 1),
    ],
)
def test_each_role_begins_where_its_work_is(
    client: Client, request: pytest.FixtureRequest, persona: str, home: str, entries: int
) -> None:
    client.force_login(request.getfixturevalue(persona))
    response = client.get("/", follow=True)
    assert response.redirect_chain == [(home, 302)]
    page = html.document_fromstring(response.content.decode())
    assert len(page.xpath('//aside//nav[not(ancestor::div[@id="views"])]/a')) == entries
    assert page.xpath("//aside//nav/a[@aria-current='page']/@href") == [home]


def test_the_theme_is_remembered_by_a_cookie(client: Client, tutor: User) -> None:
    client.force_login(tutor)
    response = client.post(reverse("dashboard:theme"), {"theme": "dark", "next": "/enseignants/?q=a"})
    assert response.headers["Location"] == "/enseignants/?q=a"
    assert 'data-bs-theme="dark"' in client.get("/enseignants/").content.decode()


def test_shortcuts_are_on_until_switched_off_and_only_for_oneself(
    client: Client, tutor: User, other_tutor: User
) -> None:
    client.force_login(tutor)

    def pressed() -> list[str]:
        page = html.document_fromstring(client.get("/enseignants/").content.decode())
        return list(page.xpath("//aside//button[@name='shortcuts']/@aria-pressed"))

    assert pressed() == ["true"]
    for value, shown in (("off", "false"), ("off", "false"), ("on", "true")):
        response = client.post(reverse("dashboard:shortcuts"), {"shortcuts": value, "next": "/enseignants/?q=a"})
        assert (response["Location"], pressed()) == ("/enseignants/?q=a", [shown])
    client.post(reverse("dashboard:shortcuts"), {"shortcuts": "off"})
    assert preferences.of(other_tutor).shortcuts
    assert client.post(reverse("dashboard:shortcuts"), {"shortcuts": "perhaps"}).status_code == 400


@pytest.mark.parametrize(
    "theirs", ["https://elsewhere.example.org/", "//elsewhere.example.org", "javascript:alert(1)", ""]
)
def test_the_theme_form_leads_to_no_other_site(client: Client, tutor: User, theirs: str) -> None:
    client.force_login(tutor)
    response = client.post(reverse("dashboard:theme"), {"theme": "dark", "next": theirs})
    assert response.headers["Location"] == "/"


def test_an_unknown_theme_is_refused_or_ignored(client: Client, tutor: User) -> None:
    client.force_login(tutor)
    assert client.post(reverse("dashboard:theme"), {"theme": "pink"}).status_code == 400
    client.cookies["theme"] = '"><script>'
    assert 'data-bs-theme="auto"' in client.get("/enseignants/").content.decode()


@pytest.mark.django_db
def test_health_needs_no_login_and_no_theme(client: Client) -> None:
    assert client.get("/healthz").content == b"ok"


@pytest.mark.django_db
def test_pages_run_no_code_of_their_own(client: Client, tutor: User) -> None:
    """What the policy forbids must not be written either: no inline script, style or handler."""
    client.force_login(tutor)
    response = client.get("/enseignants/")
    page = html.document_fromstring(response.content.decode())
    assert not page.xpath("//script[not(@src)] | //style | //*[@style] | //@*[starts-with(name(), 'on')]")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_a_page_that_is_not_there_keeps_the_way_back(client: Client, tutor: User) -> None:
    client.force_login(tutor)
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert 'href="/"' in response.content.decode()


def test_pages_are_compressed(client: Client, tutor: User) -> None:
    client.force_login(tutor)
    response = client.get("/enseignants/", headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("name", ["handover", "absences", "hint-figures"])
def test_every_page_of_the_team_is_marked_as_the_teams(client: Client, coordinator: User, name: str) -> None:
    client.force_login(coordinator)
    page = html.fromstring(client.get(reverse(f"dashboard:{name}")).content.decode())
    assert page.xpath("//aside//nav/a[@aria-current='page']/@href") == [reverse("dashboard:handover")]
