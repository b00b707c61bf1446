"""Who gets what answer at every address. A new URL without a rule here fails, with its name."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts import invitations
from accounts.models import Role, User
from dashboard import desk_changes, identity
from dashboard.callbacks import feed
from dashboard.exports import making
from dashboard.follow_up import acts, blocking, correcting
from dashboard.models import (
    Absence,
    Blockage,
    BulkAct,
    Contact,
    ContactDetail,
    Draft,
    Export,
    ImportFile,
    Lease,
    MessageTemplate,
    Notice,
    PersonAccount,
    SavedView,
)
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
ADDRESS = "camille.exemple@ac-test.example.org"
A_WEEK = timedelta(days=7)


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
    blocked: Enrolment
    absence: int
    notice: int
    feed: str
    removed: int
    template: MessageTemplate
    export: int
    view: int
    note: Contact
    correction: uuid.UUID
    bulk: uuid.UUID
    cancelled: int
    desk: uuid.UUID


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


def of_removed(things: Things) -> dict[str, Any]:
    return {"pk": things.removed}


def of_blocked(things: Things) -> dict[str, Any]:
    return {"pk": things.blocked.pk}


def of_note(things: Things) -> dict[str, Any]:
    return {"pk": things.twin.pk, "act": things.note.act}


def of_connection(things: Things) -> dict[str, Any]:
    return {"pk": things.connection.pk}


def of_course(things: Things) -> dict[str, Any]:
    return {"pk": things.course.pk}


def of_site(things: Things) -> dict[str, Any]:
    return {"pk": things.course.site_id}


def of_template(things: Things) -> dict[str, Any]:
    return {"pk": things.course.site_id, "template": things.template.pk}


def of_export(things: Things) -> dict[str, Any]:
    return {"pk": things.export}


def of_view(things: Things) -> dict[str, Any]:
    return {"pk": things.view}


def of_draft(things: Things) -> dict[str, Any]:
    return {"pk": things.course.site_id, "draft": things.draft.pk}


#                     anonymous  tutor other coord. other obs. admin
EVERYBODY = (OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN)
ANYBODY_LOGGED_IN = (TO_LOGIN, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN)
NAMED_PERSON = (TO_LOGIN, OPEN, 404, OPEN, 404, 404, 404)
ONES_OWN_VIEW = (TO_LOGIN, 302, 404, 404, 404, 403, 403)
TO_OWN_VIEWS = (TO_LOGIN, 302, 302, 302, 302, 403, 403)
ONES_OWN_EXPORT = (TO_LOGIN, OPEN, 404, 404, 404, 403, 403)
ONES_OWN = (TO_LOGIN, OPEN, 404, 404, 404, 404, 404)
NAMED_PERSON_OVERTAKEN = (TO_LOGIN, 422, 404, 422, 404, 404, 404)
BY_SCRIPT = (TO_LOGIN, 204, 404, 204, 404, 404, 404)
INCOMPLETE = (TO_LOGIN, 422, 404, 422, 404, 404, 404)  # without the versions that the form shows
TO_CALLS = (TO_LOGIN, 302, 302, 302, 302, 403, 403)
ADDED = (TO_LOGIN, 302, 404, 302, 404, 404, 404)
NAMED_PEOPLE = (TO_LOGIN, OPEN, OPEN, OPEN, OPEN, 403, 403)
PLATFORMS = (TO_LOGIN, 403, 403, 403, 403, 403, OPEN)
PLATFORM = (TO_LOGIN, 404, 404, 404, 404, 404, OPEN)
PLATFORM_ACT = (TO_LOGIN, 404, 404, 404, 404, 404, 302)
IMPORTERS = (TO_LOGIN, 404, 404, OPEN, 404, 404, OPEN)
PLANNER_ACT = (TO_LOGIN, 404, 404, 302, 404, 404, 302)
ONES_OWN_FILE = (TO_LOGIN, 404, 404, 404, 404, 404, OPEN)
TO_OWN_FILE = (TO_LOGIN, 404, 404, 404, 404, 404, 302)
OF_ONE_PERSON = {NAMED_PERSON, NAMED_PERSON_OVERTAKEN, ONES_OWN, BY_SCRIPT, INCOMPLETE, ADDED}
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
    "dashboard:queue": Rule(NAMED_PEOPLE),
    "dashboard:take-charge": Rule(NAMED_PERSON, "post", of_enrolment, {"version": 1}, HTMX),
    # whose people are to be reminded; a coordinator's own are none
    "dashboard:remind-course": Rule((TO_LOGIN, OPEN, OPEN, 302, 404, 404, 404), kwargs=of_course),
    "dashboard:roster": Rule(NAMED_PEOPLE),
    # an empty list is sent back
    "dashboard:export": Rule((TO_LOGIN, OPEN, OPEN, OPEN, 302, 403, 403), "post", data={"format": "csv"}),
    "dashboard:exports": Rule(NAMED_PEOPLE),
    "dashboard:print": Rule(NAMED_PEOPLE),
    "dashboard:export-file": Rule(ONES_OWN_EXPORT, kwargs=of_export),
    "dashboard:export-again": Rule((TO_LOGIN, 302, 404, 404, 404, 403, 403), "post", of_export),
    "dashboard:roster-choices": Rule(NAMED_PEOPLE, kwargs=lambda things: {"name": "tutor"}),
    "dashboard:roster-layout": Rule((TO_LOGIN, 204, 204, 204, 204, 403, 403), "post", data={"sort": "-access"}),
    # views: to those who follow people; changed by their owner
    "dashboard:views": Rule(NAMED_PEOPLE),
    "dashboard:view-figures": Rule(NAMED_PEOPLE),
    "dashboard:save-view": Rule(TO_OWN_VIEWS, "post", data={"name": "Ma vue", "query": "state=todo"}),
    "dashboard:default-view": Rule(TO_OWN_VIEWS, "post", data={"view": "call"}),
    "dashboard:change-view": Rule(ONES_OWN_VIEW, "post", of_view, {"name": "Autre"}),
    "dashboard:refilter-view": Rule(ONES_OWN_VIEW, "post", of_view),
    "dashboard:move-view": Rule(ONES_OWN_VIEW, "post", of_view),
    "dashboard:delete-view": Rule(ONES_OWN_VIEW, "post", of_view),
    "dashboard:undo-desk": Rule(
        (TO_LOGIN, OPEN, 404, 404, 404, 403, 403), "post", lambda things: {"act": things.desk}, headers=HTMX
    ),
    "dashboard:search": Rule(NAMED_PEOPLE),
    "dashboard:person": Rule(NAMED_PERSON, kwargs=of_enrolment),
    "dashboard:mark-contacted": Rule(NAMED_PERSON, "post", of_enrolment, {"version": 1}, HTMX),
    "dashboard:undo": Rule(ONES_OWN, "post", lambda things: {"act": things.act}, headers=HTMX),
    "dashboard:call": Rule(NAMED_PERSON, kwargs=of_enrolment),
    # calls
    "dashboard:call-wrote": Rule(INCOMPLETE, "post", of_enrolment, headers=HTMX),
    "dashboard:lease-take": Rule(BY_SCRIPT, "post", of_enrolment, headers=HTMX),
    "dashboard:lease-release": Rule(BY_SCRIPT, "post", of_enrolment, headers=HTMX),
    "dashboard:call-draft": Rule(BY_SCRIPT, "post", of_enrolment, {"note": "Préfère le midi."}, HTMX),
    "dashboard:draft-back": Rule(NAMED_PERSON, "post", of_enrolment, headers=HTMX),
    "dashboard:select-all": Rule(NAMED_PEOPLE, "post", headers=HTMX),
    "dashboard:copy-addresses": Rule(NAMED_PEOPLE, "post", headers=HTMX),
    "dashboard:bulk": Rule(NAMED_PEOPLE, "post", lambda things: {"step": "contactes"}, headers=HTMX),
    "dashboard:bulk-report": Rule(ONES_OWN, kwargs=lambda things: {"pk": things.bulk}),
    "dashboard:call-mode": Rule(NAMED_PEOPLE),
    "dashboard:call-start": Rule(TO_CALLS, "post", data={"list": "roster"}),
    "dashboard:call-next": Rule(TO_CALLS, "post"),
    "dashboard:call-pause": Rule(TO_CALLS, "post"),
    "dashboard:call-leave": Rule(TO_CALLS, "post"),
    "dashboard:call-skip": Rule(TO_CALLS, "post", of_enrolment),
    "dashboard:call-unskip": Rule(NAMED_PEOPLE, "post", of_enrolment, headers=HTMX),
    "dashboard:call-save": Rule(INCOMPLETE, "post", of_enrolment, {"outcome": "voicemail"}, HTMX),
    "dashboard:call-add-detail": Rule(ADDED, "post", of_enrolment, {"value": "06 39 98 41 28"}, HTMX),
    "dashboard:bounced": Rule(NAMED_PERSON, "post", of_enrolment, {"address": ADDRESS}, HTMX),
    "dashboard:note": Rule(NAMED_PERSON, "post", of_enrolment, {"text": "Préfère le midi."}, HTMX),
    "dashboard:correct-note": Rule(NAMED_PERSON, "post", of_note, {"text": "Ter", "version": "1"}, HTMX),
    "dashboard:undo-correction": Rule(ONES_OWN, "post", lambda things: {"act": things.correction}, headers=HTMX),
    "dashboard:add-detail": Rule(NAMED_PERSON, "post", of_enrolment, {"value": "06 39 98 41 27"}, HTMX),
    "dashboard:remove-detail": Rule(NAMED_PERSON, "post", lambda things: {"pk": things.detail.pk}, headers=HTMX),
    "dashboard:join-search": Rule(NAMED_PERSON, kwargs=of_enrolment),
    "dashboard:join": Rule(NAMED_PERSON, kwargs=of_both),
    "dashboard:restore-detail": Rule(NAMED_PERSON, "post", of_removed, headers=HTMX),
    "dashboard:close-out": Rule(NAMED_PERSON, kwargs=of_enrolment),
    "dashboard:reopen": Rule(NAMED_PERSON_OVERTAKEN, "post", of_enrolment, {"version": 1}, HTMX),
    "dashboard:declare-in": Rule(NAMED_PERSON_OVERTAKEN, "post", of_enrolment, {"version": 1}, HTMX),
    # the team
    "dashboard:callbacks": Rule(NAMED_PEOPLE),
    "dashboard:redate": Rule((TO_LOGIN, 422, 422, 422, 422, 403, 403), "post", data={"what": "1"}),
    "dashboard:make-feed": Rule(NAMED_PEOPLE, "post"),
    "dashboard:revoke-feed": Rule((TO_LOGIN, 302, 302, 302, 302, 403, 403), "post"),
    "dashboard:callback-feed": Rule(EVERYBODY, kwargs=lambda things: {"token": things.feed}),
    "dashboard:blockages": Rule(NAMED_PEOPLE),
    "dashboard:block": Rule(NAMED_PERSON, kwargs=of_enrolment),
    "dashboard:lift": Rule(NAMED_PERSON, "post", of_blocked, {"version": 1}, HTMX),
    "dashboard:blockage-asked": Rule(NAMED_PERSON, "post", of_blocked, headers=HTMX),
    "dashboard:handover": Rule(NAMED_PEOPLE),
    "dashboard:hand-over": Rule(NAMED_PERSON, kwargs=of_enrolment),
    "dashboard:absences": Rule(NAMED_PEOPLE),
    "dashboard:cancel-absence": Rule(
        (TO_LOGIN, 302, 404, 302, 404, 404, 404), "post", lambda things: {"pk": things.absence}
    ),
    "dashboard:restore-absence": Rule(
        (TO_LOGIN, 302, 404, 302, 404, 404, 404), "post", lambda things: {"pk": things.cancelled}
    ),
    "dashboard:notice-back": Rule(ONES_OWN, "post", lambda things: {"pk": things.notice}, headers=HTMX),
    "dashboard:notice-seen": Rule(ONES_OWN, "post", lambda things: {"pk": things.notice}, headers=HTMX),
    "dashboard:answer-hint": Rule(NAMED_PERSON_OVERTAKEN, "post", of_enrolment, {"cause": "no_time"}, HTMX),
    "dashboard:hint-figures": Rule((TO_LOGIN, 403, 403, OPEN, OPEN, 403, 403)),
    "dashboard:separate": Rule(NAMED_PERSON, kwargs=of_enrolment),
    "dashboard:undo-union": Rule(NAMED_PERSON, "post", lambda things: {"act": things.change}, headers=HTMX),
    "dashboard:changes": Rule((TO_LOGIN, 204, 204, 204, 204, 403, 403), headers=HTMX),
    "dashboard:call-back": Rule(NAMED_PERSON, "post", of_enrolment, {"version": 1, "days": "3"}, HTMX),
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
    # plans
    "dashboard:plan": Rule(FIGURES, kwargs=of_course),
    "dashboard:reset-plan": Rule(PLANNER_ACT, "post", of_course),
    "dashboard:site-plan": Rule(IMPORTERS, kwargs=of_site),
    "dashboard:reset-site-plan": Rule(PLANNER_ACT, "post", of_site),
    "dashboard:working-days": Rule(PLANNER_ACT, "post", of_site, {"weekdays": ["0", "1"]}),
    "dashboard:add-template": Rule(IMPORTERS, kwargs=of_site),
    "dashboard:template": Rule(IMPORTERS, kwargs=of_template),
    "dashboard:remove-template": Rule(PLANNER_ACT, "post", of_template),
    # platforms; tutors too where VIGIE_TUTOR_SITES names hosts: tests/dashboard/sites
    "dashboard:sites": Rule(PLATFORMS),
    "dashboard:connect-site": Rule(PLATFORMS),
    "dashboard:connect-token": Rule((TO_LOGIN, 403, 403, 403, 403, 403, 302)),
    "dashboard:connect-by-file": Rule((TO_LOGIN, 403, 403, 403, 403, 403, OPEN), "post"),
    "dashboard:site": Rule(PLATFORM, kwargs=lambda things: {"pk": things.connection.site_id}),
    "dashboard:another-token": Rule(
        (TO_LOGIN, 403, 403, 403, 403, 403, 302), "post", lambda things: {"pk": things.connection.site_id}
    ),
    "dashboard:hand-courses": Rule(PLATFORM_ACT, "post", lambda things: {"pk": things.connection.site_id}),
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
    "dashboard:help-calls": Rule(ANYBODY_LOGGED_IN),
    "dashboard:help-list": Rule(ANYBODY_LOGGED_IN),
    "dashboard:privacy": Rule(EVERYBODY),
    "dashboard:accessibility": Rule(EVERYBODY),
    # shell
    "dashboard:figures": Rule(ANYBODY_LOGGED_IN),
    "dashboard:theme": Rule((TO_LOGIN, 302, 302, 302, 302, 302, 302), "post", data={"theme": "dark"}),
    "dashboard:shortcuts": Rule((TO_LOGIN, 302, 302, 302, 302, 302, 302), "post", data={"shortcuts": "off"}),
}
POST_ONLY = sorted(name for name, rule in RULES.items() if rule.method == "post")

FORMS = {
    "accounts:invitation", "dashboard:call", "dashboard:join", "dashboard:separate",
    "dashboard:connect-site", "dashboard:connect-token", "dashboard:choose-courses", "dashboard:import",
    "dashboard:plan", "dashboard:site-plan", "dashboard:template", "dashboard:add-template", "dashboard:remind-course",
    "dashboard:absences", "dashboard:block", "dashboard:close-out", "dashboard:hand-over", "dashboard:handover",
    "dashboard:print",
}  # fmt: skip
"""Pages that take what is typed into them at their own address."""
# Those of allauth answer a post like a get.
GET_ONLY = sorted(
    name for name, rule in RULES.items() if rule.method == "get" and name not in FORMS and "account_" not in name
)


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
    enrolment = EnrolmentFactory(course=group.course, groups=[group], participant__email=ADDRESS)
    their_group = other_tutor.assignments.get().group
    EnrolmentFactory(course=group.course, groups=[their_group])
    act = acts.mark_contacted(enrolment.follow_up, by=tutor, version=0).act
    person = enrolment.participant.account.person
    detail = ContactDetail.objects.create(
        person=person, kind="phone", value="+33639984100", search_key="0639984100", added_by=tutor
    )
    removed = ContactDetail.objects.create(
        person=person, kind="phone", value="+33639984101", search_key="0639984101", added_by=tutor,
        removed_at=timezone.now(), removed_by=tutor,
    )  # fmt: skip
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
    template = MessageTemplate.objects.create(site=group.course.site, name="Relance", subject="S", body="B")
    blocked = EnrolmentFactory(course=group.course, groups=[group])
    blocking.block(blocked.follow_up, 0, by=tutor, address="assistance@example.org")
    today = timezone.localdate()
    absence = Absence.objects.create(
        user=tutor, colleague=other_tutor, first_day=today + A_WEEK, last_day=today + A_WEEK
    )
    cancelled = Absence.objects.create(
        user=tutor, colleague=other_tutor, first_day=today, last_day=today, cancelled_at=timezone.now()
    )
    export = Export.objects.create(
        by=tutor, format="csv", words="", language="fr", people=1, state=Export.State.WAITING, ids=[enrolment.pk]
    )
    making.make(export.pk)
    view = SavedView.objects.create(owner=tutor, name="Ma vue", query="state=todo", shared=True)
    with desk_changes.noted(tutor) as desk:
        SavedView.objects.filter(pk=view.pk).update(name="Une autre")
    notice = Notice.objects.create(user=tutor, kind="handed", by=coordinator)
    note = acts.add_note(twin.follow_up, "Une", by=tutor)
    correction = correcting.correct(Contact.objects.filter(pk=note.pk), "Bis", by=tutor, version=0)
    bulk = BulkAct.objects.create(user=tutor, name="contacted", enrolments=[], versions=[], state="done")
    return Things(
        group.course, enrolment, detail, act, run.pk, batch.pk, token, twin, change.act, connection, rule, draft,
        blocked, absence.pk, notice.pk, feed.make_token(tutor), removed.pk, template, export.pk,
        view.pk, note, correction, bulk.pk, cancelled.pk, desk.act,
    )  # fmt: skip


def test_every_url_has_a_rule() -> None:
    names = set(_names(get_resolver().url_patterns))
    assert names - RULES.keys() == set(), "say in RULES who may open these"
    assert RULES.keys() - names == set(), "these no longer exist"


def _ask(name: str, things: Things, user: User | None, **changed: Any) -> Any:
    """The answer; what it changed is taken back, as building the things anew for each question takes minutes."""
    rule = RULES[name]
    client = Client(enforce_csrf_checks=changed.get("csrf", False))
    ask = getattr(client, changed.get("method", rule.method))
    cache.clear()
    with transaction.atomic():
        if user:
            client.force_login(user)
        response = ask(
            reverse(name, kwargs=rule.kwargs(things)), rule.data, headers=changed.get("headers", rule.headers)
        )
        changed.get("then", lambda: None)()
        transaction.set_rollback(True)
    return response


def test_each_persona_gets_what_the_rule_says(things: Things, people: dict[str, User | None]) -> None:
    answers = {}
    for name, rule in RULES.items():
        responses = {
            persona: _ask(name, things, user, headers=rule.headers if user else {}) for persona, user in people.items()
        }
        answers[name] = tuple(responses[persona].status_code for persona in PERSONAS)
        if answers[name][0] == rule.statuses[0] == TO_LOGIN:
            assert responses["anonymous"]["Location"].partition("?")[0] == reverse("account_login"), name
    assert answers == {name: rule.statuses for name, rule in RULES.items()}


def test_an_expired_session_is_told_under_htmx(things: Things) -> None:
    here = {"HX-Request": "true", "HX-Current-URL": "http://testserver/enseignants/"}
    closed = [name for name, rule in RULES.items() if rule.statuses[0] == TO_LOGIN]
    assert closed
    for name in closed:
        response = _ask(name, things, None, headers=here)
        assert response.status_code == 401, name
        assert response["X-Vigie-Login"] == f"{reverse('account_login')}?next=/enseignants/"
        assert response.content == b""


def test_what_changes_something_needs_a_post(things: Things, people: dict[str, User | None]) -> None:
    answers = {name: _ask(name, things, people["tutor"], method="get").status_code for name in POST_ONLY}
    assert answers == dict.fromkeys(POST_ONLY, 405)


def test_what_only_shows_something_takes_no_post(things: Things, people: dict[str, User | None]) -> None:
    answers = {}
    for name in GET_ONLY:
        served = dict(zip(PERSONAS, RULES[name].statuses, strict=True))
        persona = next(persona for persona in reversed(PERSONAS) if served[persona] in {OPEN, 204, 302})
        answers[name] = _ask(name, things, people[persona], method="post").status_code
    assert answers == dict.fromkeys(GET_ONLY, 405)


def test_what_changes_something_needs_our_own_page(things: Things, people: dict[str, User | None]) -> None:
    answers = {name: _ask(name, things, people["tutor"], csrf=True).status_code for name in POST_ONLY}
    assert answers == dict.fromkeys(POST_ONLY, 403)


def test_a_stranger_changes_nothing(things: Things, people: dict[str, User | None]) -> None:
    def state() -> list[Any]:
        written = (Contact, ContactDetail, Draft, Lease, PersonAccount, Blockage, Notice)
        return [list(model._default_manager.values()) for model in written]

    def unchanged() -> None:
        assert state() == before, name

    before = state()
    for name in [name for name in POST_ONLY if RULES[name].statuses in OF_ONE_PERSON]:
        for persona in ("anonymous", "other_tutor", "other_coordinator", "observer", "administrator"):
            response = _ask(name, things, people[persona], then=unchanged)
            if persona != "anonymous":
                assert response.status_code == 404, (name, persona)
            elif response.status_code != 401:
                assert response["Location"].startswith(reverse("account_login")), name


@pytest.mark.parametrize(
    "name",
    [
        "dashboard:queue",
        "dashboard:roster",
        "dashboard:exports",
        "dashboard:views",
        "dashboard:print",
        "dashboard:courses",
        "dashboard:course",
        "dashboard:sync-status",
        "dashboard:reads",
        "dashboard:read",
        "dashboard:callbacks",
        "dashboard:blockages",
        "dashboard:handover",
        "dashboard:absences",
        "dashboard:hint-figures",
    ],
)
def test_no_page_names_a_person_to_a_stranger(name: str, things: Things, people: dict[str, User | None]) -> None:
    participant = things.enrolment.participant
    for persona in ("other_tutor", "other_coordinator", "observer", "administrator"):
        page = _ask(name, things, people[persona]).content.decode()
        for secret in (participant.last_name, participant.email, things.detail.value):
            assert secret not in page, persona
