"""The capability report, on the recordings of real Moodle and on simulated sites with rights taken away."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone, translation

from demo.moodle import World, running
from demo.moodle import roles as cap
from moodle_sync import capability_words, sites
from moodle_sync.capability import Aspect, Capability, Need, Outcome
from moodle_sync.capability_trial import keep, trial_course, try_connection
from moodle_sync.client import ENROLLED
from moodle_sync.enums import Service
from moodle_sync.errors import MoodleRefused, MoodleUnavailable
from moodle_sync.models import Connection, Course, Site
from moodle_sync.remote import RemoteCourse
from tests.contract import recordings as rec
from tests.contract.replay import replaying
from tests.contract.simulated import STATES, contract_world

pytestmark = pytest.mark.django_db
versions = pytest.mark.parametrize("version", rec.VERSIONS)
READ, PARTLY, MISSING, UNTRIED = Outcome


def tried(url: str, token: str = rec.SERVICE, service: Service = Service.DEDICATED, course: int = 2) -> Capability:
    report = sites.inspect(url, token)
    connection, _ = sites.connect("", url, token, service, report)
    return keep(connection, report, trial_course(report.courses, set(), course))


def simulated(
    *states: str, token: str = rec.SERVICE, service: Service = Service.DEDICATED, course: int = 2, version: str = "5.1"
) -> Capability:
    world = contract_world(version)
    for state in states:
        STATES[state](world)
    with running(world) as server:
        return tried(server.url, token, service, course)


def outcomes(capability: Capability) -> dict[Aspect, Outcome]:
    return {check.aspect: check.outcome for check in capability.checks}


@versions
def test_a_dedicated_service_with_every_right(version: str) -> None:
    with replaying(version) as site:
        found = tried(site.url)
    good = {aspect for aspect, outcome in outcomes(found).items() if outcome == READ}
    assert good >= set(Aspect) - {Aspect.PHONES, Aspect.ACCOUNTS, Aspect.HIDDEN_COURSES}
    assert found.is_usable
    assert found.needs == [Need.IDENTITY_PHONES], "by default nobody gets phones, whatever his rights"
    assert found.release.startswith(version)


@versions
def test_a_tutor_s_mobile_token(version: str) -> None:
    with replaying(version) as site:
        found = tried(site.url, rec.TUTOR, Service.MOBILE)
    assert found.is_usable
    assert found.of(Aspect.EMAIL).outcome == found.of(Aspect.COURSE_ACCESS).outcome == READ
    assert found.of(Aspect.GROUPS).outcome == PARTLY
    assert found.of(Aspect.GROUPS).found > 0, "from the participants"
    assert (found.of(Aspect.SUSPENDED).outcome, found.of(Aspect.SUSPENDED).needs) == (MISSING, (Need.ENROL_REVIEW,))
    assert found.of(Aspect.LISTING).outcome == READ, "a tutor's courses are all one asks of a tutor's token"


TAKEN = [
    ("hidden fields, right taken", Aspect.COURSE_ACCESS, MISSING, Need.VIEW_HIDDEN_FIELDS),
    ("hidden fields, right taken", Aspect.SITE_ACCESS, MISSING, Need.VIEW_HIDDEN_FIELDS),
    ("no names, no e-mail", Aspect.EMAIL, MISSING, Need.VIEW_IDENTITY),
    ("no enrolreview", Aspect.SUSPENDED, MISSING, Need.ENROL_REVIEW),
    ("no viewparticipants", Aspect.PARTICIPANTS, MISSING, Need.VIEW_PARTICIPANTS),
    ("no course:view", Aspect.LISTING, MISSING, Need.VIEW_COURSES),
]


@versions
@pytest.mark.parametrize(("state", "aspect", "outcome", "need"), TAKEN)
def test_each_right_taken_away_is_asked_for(
    state: str, aspect: Aspect, outcome: Outcome, need: Need, version: str
) -> None:
    with translation.override("en"):
        found = simulated(state, version=version)
        assert (found.of(aspect).outcome, need in found.of(aspect).needs) == (outcome, True)
        assert need.value in capability_words.request(found, "Moodle")


def test_without_any_access_vigie_says_that_it_is_of_little_use() -> None:
    assert not simulated("hidden fields, right taken").is_usable
    assert not simulated("no viewparticipants").is_usable


def test_phones_once_the_site_shows_them() -> None:
    assert simulated("phones are identity").of(Aspect.PHONES).outcome == READ
    assert simulated().of(Aspect.PHONES).outcome == MISSING


def test_separate_groups_hide_people_without_a_word() -> None:
    found = simulated("A in separate groups", token=rec.TUTOR, service=Service.MOBILE)
    people = found.of(Aspect.PARTICIPANTS)
    assert (people.outcome, people.needs) == (PARTLY, (Need.ALL_GROUPS,))
    assert people.found < people.of


def test_hidden_courses_are_seen() -> None:
    assert simulated().of(Aspect.HIDDEN_COURSES).outcome == READ
    assert simulated("no viewhiddencourses").of(Aspect.HIDDEN_COURSES).outcome == UNTRIED


def test_a_poisoned_profile_does_not_stop_the_trial() -> None:
    found = simulated("script in a first name", course=3)
    assert found.of(Aspect.PARTICIPANTS).outcome == READ


def test_moodle_35_does_not_know_the_access_to_a_course() -> None:
    def old(world: World) -> None:
        world.build = "2018051705"

    world = contract_world("4.3")
    old(world)
    world.before_call.append(_without_lastcourseaccess)
    with running(world) as server:
        found = tried(server.url)
    assert found.of(Aspect.COURSE_ACCESS).needs == (Need.NEWER_MOODLE,)
    assert found.of(Aspect.SITE_ACCESS).outcome == READ
    assert found.is_usable


def _without_lastcourseaccess(call: object) -> None:
    from demo.moodle.errors import MoodleError as SimulatedError
    from demo.moodle.errors import invalid_parameter

    options = call.params.get("options", {})  # type: ignore[attr-defined]
    if any("lastcourseaccess" in str(option.get("value")) for option in options.values()):
        error = invalid_parameter()
        assert isinstance(error, SimulatedError)
        error.errorcode = "invaliduserfield"
        raise error


def test_functions_missing_from_the_service_are_named_in_the_request() -> None:
    world = contract_world("5.1")
    world.services["suivi"].functions -= {Need.FACTS.value, Need.USERS.value}
    with running(world) as server, translation.override("en"):
        found = tried(server.url)
        text = capability_words.request(found, "Moodle Ouest")
    assert {Need.FACTS, Need.USERS} <= set(found.needs)
    for function in (Need.FACTS, Need.USERS):
        assert function.value in text


def test_nothing_that_could_change_moodle_is_ever_asked_for() -> None:
    """Least privilege: each right in a request only reads."""
    rights = {need.value for need in Need if need.is_right}
    assert rights <= {
        cap.VIEW_PARTICIPANTS, cap.COURSE_VIEW, cap.VIEW_DETAILS, cap.VIEW_FULL_NAMES, cap.VIEW_USER_IDENTITY,
        cap.VIEW_HIDDEN_USER_FIELDS, cap.ACCESS_ALL_GROUPS, cap.ENROL_REVIEW,
    }  # fmt: skip
    assert all(re.search(r"_get_", need.value) for need in Need if need.is_function)


def test_no_course_no_trial() -> None:
    world = contract_world("5.1")
    world.courses.clear()
    with running(world) as server:
        found = tried(server.url)
    assert not found.was_tried
    assert set(outcomes(found).values()) == {MISSING, UNTRIED}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_line_has_words(language: str) -> None:
    with translation.override(language):
        for found in (
            simulated(),
            simulated("no viewparticipants"),
            simulated(token=rec.TUTOR, service=Service.MOBILE),
        ):
            for line in capability_words.lines(found):
                assert line.finding
                assert str(line.title)
                assert "%(" not in line.finding


def test_the_report_is_kept_and_read_again() -> None:
    world = contract_world("5.1")
    with running(world) as server:
        found = tried(server.url)
        connection = Connection.objects.get()
        assert Capability.from_dict(connection.capability or {}) == found
        again = try_connection(connection, course_id=3)
        assert again.course_id == 3
        [course] = sites.follow(connection, [3])
        tokens = dict(world.tokens)
        world.tokens.clear()
        with pytest.raises(MoodleRefused):
            try_connection(connection)
        connection.refresh_from_db()
        assert connection.refused_at is not None
        assert Capability.from_dict(connection.capability or {}) == again, "the last report stays"
        tomorrow = timezone.now() + timedelta(days=1)
        Course.objects.update(next_sync_at=tomorrow)
        world.tokens.update(tokens)
        try_connection(connection)
    course.refresh_from_db()
    assert course.next_sync_at < tomorrow, "its courses are read at once"
    assert not Connection.objects.exclude(refused_at=None).exists()
    assert rec.SERVICE not in str(connection.capability)


def test_nobody_s_name_or_address_is_in_the_report() -> None:
    world = contract_world("5.1")
    with running(world) as server:
        kept = str(tried(server.url).as_dict())
    for user in world.users.values():
        assert user.email not in kept
        assert not user.lastname or user.lastname not in kept


def test_a_silent_moodle_is_no_report() -> None:
    world = contract_world("5.1")
    with running(world) as server:
        tried(server.url)
        world.faults.add("sitemaintenance", function=ENROLLED)
        with pytest.raises(MoodleUnavailable):
            try_connection(Connection.objects.get())


def test_which_course_is_tried() -> None:
    def course(number: int, **facts: int) -> RemoteCourse:
        given = {"start": 0, "end": 0, "people": None} | facts
        return RemoteCourse(number, f"S{number}", f"Session {number}", None, "", visible=None, **given)  # type: ignore[arg-type]

    begun, full, coming = course(1, start=1_000), course(2, start=1_000, people=30), course(3, start=2**40)
    listed = [coming, begun, full]
    assert trial_course(listed, set()) == full
    assert trial_course(listed, {1}) == begun
    assert trial_course(listed, {1}, 3) == coming
    assert trial_course([], set()) is None


# Several connections on one site


def test_two_tokens_of_one_moodle_make_one_site() -> None:
    world = contract_world("5.1")
    with running(world) as server:
        tried(server.url)
        tried(server.url, rec.TUTOR, Service.MOBILE)
    assert Site.objects.count() == 1
    assert Connection.objects.count() == 2


def test_another_address_of_the_same_moodle_is_refused() -> None:
    world = contract_world("5.1")
    with running(world) as server:
        tried(server.url)
        with pytest.raises(sites.AlreadyKnown) as caught:
            tried(server.url.replace("127.0.0.1", "localhost"))
    assert caught.value.site == Site.objects.get()


def test_from_http_to_https_is_the_same_place_never_back() -> None:
    http = sites.declare("Ouest", "http://moodle.example.org")
    https = sites.declare("", "https://moodle.example.org")
    assert (http.pk, https.name, https.url) == (https.pk, "Ouest", "https://moodle.example.org")
    with pytest.raises(sites.AlreadyKnown):
        sites.declare("", "http://moodle.example.org")
    assert Site.objects.get().url == "https://moodle.example.org"


def test_names_are_not_taken_twice() -> None:
    one = sites.declare("Moodle", "https://a.example.org")
    two, three = sites.declare("", "https://b.example.org"), sites.declare("", "https://b.example.org:8443")
    assert (one.name, two.name, three.name) == ("Moodle", "b.example.org", "b.example.org 2")
