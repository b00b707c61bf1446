"""Who gets what answer at every address. A new URL without a rule here fails, with its name."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts import invitations
from accounts.models import Role, User
from dashboard import identity
from dashboard.follow_up import acts
from dashboard.models import Contact, ContactDetail, Draft, ImportFile, Lease, PersonAccount
from dashboard.models.import_file import sealed
from moodle_sync.enums import RunState
from moodle_sync.history import SyncBatch
from moodle_sync.models import AutoFollow, Connection, Course, Enrolment, Group, Site, SyncRun
from tests.factories import EnrolmentFactory, UserFactory

PERSONAS = (
    "anonymous",
    "tutor",
    "other_tutor",
    "coordinator",
    "other_coordinator",
    "observer",
    "administrator",
)
TO_LOGIN, OPEN = 302, 200

HTMX = {"HX-Request": "true"}


@dataclass(frozen=True)
class Things:
    """What the addresses are about: a person of Claire's group, whom she contacted, and her call's traces."""

    course: Course
    enrolment: Enrolment
    detail: ContactDetail
    act: uuid.UUID
    run: int
    batch: int
    token: str
    twin: Enrolment
    change: uuid.UUID
    connection: Connection
    rule: AutoFollow
    draft: ImportFile


@dataclass(frozen=True)
class Rule:
    """The expected status, by persona in the order of PERSONAS."""

    statuses: tuple[int, ...]
    method: str = "get"
    kwargs: Callable[[Things], dict[str, Any]] = lambda things: {}
    data: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def of_enrolment(things: Things) -> dict[str, Any]:
    return {"pk": things.enrolment.pk}


def of_both(things: Things) -> dict[str, Any]:
    return {"pk": things.enrolment.pk, "other": things.twin.pk}


def of_connection(things: Things) -> dict[str, Any]:
    return {"pk": things.connection.pk}


def of_course(things: Things) -> dict[str, Any]:
    return {"pk": things.course.pk}


def of_site(things: Things) -> dict[str, Any]:
    return {"pk": things.course.site_id}


def of_draft(things: Things) -> dict[str, Any]:
    return {"pk": things.course.site_id, "draft": things.draft.pk}


#                     anonymous  tutor other coord. other obs. admin
EVERYBODY = (OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN)
ANYBODY_LOGGED_IN = (TO_LOGIN, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN)
NAMED_PERSON = (TO_LOGIN, OPEN, 404, OPEN, 404, 404, 404)
ONES_OWN = (TO_LOGIN, OPEN, 404, 404, 404, 404, 404)
BY_SCRIPT = (TO_LOGIN, 204, 404, 204, 404, 404, 404)
INCOMPLETE = (TO_LOGIN, 422, 404, 422, 404, 404, 404)  # without the versions that the form shows
TO_CALLS = (TO_LOGIN, 302, 302, 302, 302, 403, 403)
ADDED = (TO_LOGIN, 302, 404, 302, 404, 404, 404)
NAMED_PEOPLE = (TO_LOGIN, OPEN, OPEN, OPEN, OPEN, 403, 403)
PLATFORMS = (TO_LOGIN, 403, 403, 403, 403, 403, OPEN)
PLATFORM = (TO_LOGIN, 404, 404, 404, 404, 404, OPEN)
PLATFORM_ACT = (TO_LOGIN, 404, 404, 404, 404, 404, 302)
IMPORTERS = (TO_LOGIN, 404, 404, OPEN, 404, 404, OPEN)
ONES_OWN_FILE = (TO_LOGIN, 404, 404, 404, 404, 404, OPEN)
TO_OWN_FILE = (TO_LOGIN, 404, 404, 404, 404, 404, 302)
OF_ONE_PERSON = {NAMED_PERSON, ONES_OWN, BY_SCRIPT, INCOMPLETE, ADDED}
FIGURES = (TO_LOGIN, OPEN, OPEN, OPEN, 404, OPEN, OPEN)

RULES = {
    "home": Rule((TO_LOGIN, 302, 302, 302, 302, 302, 302)),
    "healthz": Rule(EVERYBODY),
    # accounts
    "account_login": Rule((OPEN, 302, 302, 302, 302, 302, 302)),
    "account_logout": Rule(ANYBODY_LOGGED_IN),
    "account_inactive": Rule(EVERYBODY),
    "account_change_password": Rule(ANYBODY_LOGGED_IN),
    "account_reset_password": Rule(EVERYBODY),
    "account_reset_password_done": Rule(EVERYBODY),
    "account_reset_password_from_key": Rule(EVERYBODY, kwargs=lambda things: {"uidb36": "1", "key": "x-y"}),
    "account_reset_password_from_key_done": Rule(EVERYBODY),
    "accounts:invitation": Rule(EVERYBODY, kwargs=lambda things: {"token": things.token}),
    # named people
    "dashboard:roster": Rule(NAMED_PEOPLE),
    "dashboard:person": Rule(NAMED_PERSON, kwargs=of_enrolment),
    "dashboard:mark-contacted": Rule(NAMED_PERSON, "post", of_enrolment, {"version": 1}, HTMX),
    "dashboard:undo": Rule(ONES_OWN, "post", lambda things: {"act": things.act}, headers=HTMX),
    "dashboard:call": Rule(NAMED_PERSON, kwargs=of_enrolment),
    # calls
    "dashboard:call-wrote": Rule(INCOMPLETE, "post", of_enrolment, headers=HTMX),
    "dashboard:lease-take": Rule(BY_SCRIPT, "post", of_enrolment, headers=HTMX),
    "dashboard:lease-release": Rule(BY_SCRIPT, "post", of_enrolment, headers=HTMX),
    "dashboard:call-draft": Rule(BY_SCRIPT, "post", of_enrolment, {"note": "Préfère le midi."}, HTMX),
    "dashboard:call-mode": Rule(NAMED_PEOPLE),
    "dashboard:call-start": Rule(TO_CALLS, "post", data={"list": "roster"}),
    "dashboard:call-next": Rule(TO_CALLS, "post"),
    "dashboard:call-pause": Rule(TO_CALLS, "post"),
    "dashboard:call-leave": Rule(TO_CALLS, "post"),
    "dashboard:call-skip": Rule(TO_CALLS, "post", of_enrolment),
    "dashboard:call-save": Rule(INCOMPLETE, "post", of_enrolment, {"outcome": "voicemail"}, HTMX),
    "dashboard:call-add-detail": Rule(ADDED, "post", of_enrolment, {"value": "06 39 98 41 28"}, HTMX),
    "dashboard:note": Rule(NAMED_PERSON, "post", of_enrolment, {"text": "Préfère le midi."}, HTMX),
    "dashboard:add-detail": Rule(NAMED_PERSON, "post", of_enrolment, {"value": "06 39 98 41 27"}, HTMX),
    "dashboard:remove-detail": Rule(NAMED_PERSON, "post", lambda things: {"pk": things.detail.pk}, headers=HTMX),
    "dashboard:join-search": Rule(NAMED_PERSON, kwargs=of_enrolment),
    "dashboard:join": Rule(NAMED_PERSON, kwargs=of_both),
    "dashboard:separate": Rule(NAMED_PERSON, kwargs=of_enrolment),
    "dashboard:undo-union": Rule(NAMED_PERSON, "post", lambda things: {"act": things.change}, headers=HTMX),
    # figures
    "dashboard:courses": Rule(ANYBODY_LOGGED_IN),
    "dashboard:course": Rule(FIGURES, kwargs=of_course),
    "dashboard:sync-course": Rule((TO_LOGIN, OPEN, OPEN, OPEN, 404, 404, OPEN), "post", of_course, headers=HTMX),
    "dashboard:reads": Rule(ANYBODY_LOGGED_IN),
    "dashboard:read": Rule(FIGURES, kwargs=lambda things: {"pk": things.run}),
    "dashboard:sync-all": Rule((TO_LOGIN, 403, 403, OPEN, OPEN, 403, OPEN), "post", headers=HTMX),
    "dashboard:sync-all-status": Rule(
        (TO_LOGIN, 404, 404, OPEN, 404, 404, 404), kwargs=lambda things: {"pk": things.batch}, headers=HTMX
    ),
    "dashboard:flag-seen": Rule(
        (TO_LOGIN, 403, 403, 302, 404, 403, 302),
        "post",
        lambda things: {"pk": things.course.pk, "kind": "dates"},
    ),
    "dashboard:sync-status": Rule(FIGURES, kwargs=of_course, headers=HTMX),
    # platforms; tutors too where VIGIE_TUTOR_SITES names hosts: tests/dashboard/sites
    "dashboard:sites": Rule(PLATFORMS),
    "dashboard:connect-site": Rule(PLATFORMS),
    "dashboard:connect-token": Rule((TO_LOGIN, 403, 403, 403, 403, 403, 302)),
    "dashboard:connect-by-file": Rule((TO_LOGIN, 403, 403, 403, 403, 403, OPEN), "post"),
    "dashboard:site": Rule(PLATFORM, kwargs=lambda things: {"pk": things.connection.site_id}),
    "dashboard:another-token": Rule(
        (TO_LOGIN, 403, 403, 403, 403, 403, 302), "post", lambda things: {"pk": things.connection.site_id}
    ),
    "dashboard:connection": Rule(PLATFORM, kwargs=of_connection),
    "dashboard:test-connection": Rule(PLATFORM, "post", of_connection),
    "dashboard:new-token": Rule(PLATFORM_ACT, "post", of_connection),
    "dashboard:remove-connection": Rule(PLATFORM_ACT, "post", of_connection),
    "dashboard:choose-courses": Rule(PLATFORM, kwargs=of_connection),
    "dashboard:add-rule": Rule(PLATFORM_ACT, "post", of_connection, {"pattern": "2027-*"}),
    "dashboard:remove-rule": Rule(PLATFORM_ACT, "post", lambda things: {"pk": things.rule.pk}),
    # files: the draft is the administrator's; a coordinator imports within their scope, but sees only their own drafts
    "dashboard:import": Rule(IMPORTERS, kwargs=of_site),
    "dashboard:import-draft": Rule(ONES_OWN_FILE, kwargs=of_draft),
    "dashboard:import-columns": Rule(TO_OWN_FILE, "post", of_draft, {"column0": "email"}),
    "dashboard:import-confirm": Rule(TO_OWN_FILE, "post", of_draft),
    "dashboard:import-drop": Rule(TO_OWN_FILE, "post", of_draft),
    # shell
    "dashboard:theme": Rule((TO_LOGIN, 302, 302, 302, 302, 302, 302), "post", data={"theme": "dark"}),
}
POST_ONLY = sorted(name for name, rule in RULES.items() if rule.method == "post")


def _names(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            namespace = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from _names(pattern.url_patterns, prefix + namespace)
        else:
            assert isinstance(pattern, URLPattern)
            yield prefix + (pattern.name or f"(without a name) {pattern.pattern}")


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def people(
    tutor: User,
    other_tutor: User,
    coordinator: User,
    other_coordinator: User,
    observer: User,
    administrator: User,
) -> dict[str, User | None]:
    users = [None, tutor, other_tutor, coordinator, other_coordinator, observer, administrator]
    return dict(zip(PERSONAS, users, strict=True))


@pytest.fixture
def things(tutor: User, group: Group, other_tutor: User, coordinator: User, administrator: User) -> Things:
    enrolment = EnrolmentFactory(course=group.course, groups=[group])
    their_group = other_tutor.assignments.get().group
    EnrolmentFactory(course=group.course, groups=[their_group])
    act = acts.mark_contacted(enrolment.follow_up, by=tutor, version=0).act
    person = enrolment.participant.account.person
    detail = ContactDetail.objects.create(
        person=person, kind="phone", value="+33639984100", search_key="0639984100", added_by=tutor
    )
    invited = UserFactory(email="invited@example.org", role=Role.TUTOR)
    invited.set_unusable_password()
    invited.save()
    token = invitations.link(invited).rstrip("/").rpartition("/")[2]
    run = SyncRun.objects.create(course=group.course, state=RunState.OK)
    batch = SyncBatch.objects.create(requested_by=coordinator)
    twin, third = EnrolmentFactory.create_batch(2, course=group.course, groups=[group])
    accounts = {enrolment.participant_id, third.participant_id}
    change = identity.merge(person, third.participant.account.person, accounts=accounts, by=tutor)
    connection = group.course.connection
    assert connection is not None
    Site.objects.filter(pk=connection.site_id).update(url="http://127.0.0.1:9")  # nobody answers there
    rule = AutoFollow.objects.create(connection=connection, pattern="2026-*")
    draft = ImportFile.objects.create(
        site=group.course.site, course=group.course, kind="people", by=administrator, file_name="export.csv",
        moment=timezone.now(), lines=1, mapping=["email"],
        content=sealed({"headers": ["E-mail"], "rows": [[2, ["nouveau@ac-test.example.org"]]]}),
    )  # fmt: skip
    return Things(
        group.course, enrolment, detail, act, run.pk, batch.pk, token, twin, change.act, connection, rule, draft
    )


def test_every_url_has_a_rule() -> None:
    names = set(_names(get_resolver().url_patterns))
    assert names - RULES.keys() == set(), "say in RULES who may open these"
    assert RULES.keys() - names == set(), "these no longer exist"


def _ask(name: str, things: Things, user: User | None, **changed: Any) -> Any:
    rule = RULES[name]
    client = Client()
    if user:
        client.force_login(user)
    ask = getattr(client, changed.get("method", rule.method))
    return ask(reverse(name, kwargs=rule.kwargs(things)), rule.data, headers=changed.get("headers", rule.headers))


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("name", RULES)
def test_each_persona_gets_what_the_rule_says(
    name: str, persona: str, things: Things, people: dict[str, User | None]
) -> None:
    rule = RULES[name]
    expected = rule.statuses[PERSONAS.index(persona)]
    response = _ask(name, things, people[persona], headers={} if persona == "anonymous" else rule.headers)
    assert response.status_code == expected
    if persona == "anonymous" and expected == TO_LOGIN:
        assert response["Location"].partition("?")[0] == reverse("account_login")


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.statuses[0] == TO_LOGIN])
def test_an_expired_session_reloads_the_page_under_htmx(name: str, things: Things) -> None:
    here = {"HX-Request": "true", "HX-Current-URL": "http://testserver/enseignants/"}
    response = _ask(name, things, None, headers=here)
    assert response.status_code == 200
    assert response["HX-Redirect"] == f"{reverse('account_login')}?next=/enseignants/"
    assert response.content == b""


@pytest.mark.parametrize("name", POST_ONLY)
def test_what_changes_something_needs_a_post(name: str, things: Things, people: dict[str, User | None]) -> None:
    assert _ask(name, things, people["tutor"], method="get").status_code == 405


@pytest.mark.parametrize("name", POST_ONLY)
def test_what_changes_something_needs_our_own_page(name: str, things: Things, people: dict[str, User | None]) -> None:
    rule = RULES[name]
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["tutor"] or UserFactory())
    response = client.post(reverse(name, kwargs=rule.kwargs(things)), rule.data, headers=rule.headers)
    assert response.status_code == 403


@pytest.mark.parametrize("persona", ["anonymous", "other_tutor", "other_coordinator", "observer", "administrator"])
@pytest.mark.parametrize("name", [name for name in POST_ONLY if RULES[name].statuses in OF_ONE_PERSON])
def test_a_stranger_changes_nothing(name: str, persona: str, things: Things, people: dict[str, User | None]) -> None:
    def state() -> list[Any]:
        return [
            list(model._default_manager.values()) for model in (Contact, ContactDetail, Draft, Lease, PersonAccount)
        ]

    before = state()
    response = _ask(name, things, people[persona])
    assert response.status_code == 404 or "HX-Redirect" in response
    assert state() == before


@pytest.mark.parametrize("persona", ["other_tutor", "other_coordinator", "observer", "administrator"])
@pytest.mark.parametrize(
    "name",
    [
        "dashboard:roster",
        "dashboard:courses",
        "dashboard:course",
        "dashboard:sync-status",
        "dashboard:reads",
        "dashboard:read",
    ],
)
def test_no_page_names_a_person_to_a_stranger(
    name: str, persona: str, things: Things, people: dict[str, User | None]
) -> None:
    participant = things.enrolment.participant
    page = _ask(name, things, people[persona]).content.decode()
    for secret in (participant.last_name, participant.email, things.detail.value):
        assert secret not in page
