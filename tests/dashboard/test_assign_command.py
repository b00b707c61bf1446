"""`manage.py assign` and `unassign`: by hand, beside what comes from Moodle."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Assignment, User
from moodle_sync.models import Course, Group
from tests.factories import AssignmentFactory, CourseFactory, GroupFactory, SiteFactory

EMAIL = "claire@example.org"


def _run(command: str, *args: str) -> str:
    out = StringIO()
    call_command(command, *args, stdout=out)
    return out.getvalue()


def _refused(command: str, *args: str) -> CommandError:
    before = list(Assignment.objects.order_by("pk").values())
    with pytest.raises(CommandError) as refusal:
        _run(command, *args)
    assert list(Assignment.objects.order_by("pk").values()) == before
    assert "\n" not in str(refusal.value)
    return refusal.value


@pytest.fixture
def claire(tutor: User) -> User:
    """Without what the persona usually follows."""
    tutor.assignments.all().delete()
    return tutor


def _current(user: User) -> list[tuple[Any, ...]]:
    return list(user.assignments.current().values_list("course", "group", "ungrouped", "source"))


@pytest.mark.parametrize("by", ["moodle_id", "short_name"])
def test_a_whole_course_by_its_moodle_id_or_short_name(claire: User, course: Course, by: str) -> None:
    assert str(course) in _run("assign", EMAIL.upper(), "--course", str(getattr(course, by)))
    assert _current(claire) == [(course.pk, None, False, "hand")]


def test_a_group(claire: User, course: Course, group: Group) -> None:
    _run("assign", EMAIL, "--course", course.short_name, "--group", group.name)
    assert _current(claire) == [(course.pk, group.pk, False, "hand")]


def test_the_people_without_a_group(claire: User, course: Course) -> None:
    _run("assign", EMAIL, "--course", course.short_name, "--ungrouped")
    assert _current(claire) == [(course.pk, None, True, "hand")]


def test_twice_is_once(claire: User, course: Course) -> None:
    answers = [json.loads(_run("assign", EMAIL, "--course", course.short_name, "--json")) for _time in range(2)]
    assert [answer.pop("created") for answer in answers] == [True, False]
    assert answers[0] == answers[1]
    assert len(_current(claire)) == 1


def test_beside_the_one_from_moodle(claire: User, course: Course) -> None:
    AssignmentFactory(user=claire, course=course, source=Assignment.Source.MOODLE)
    _run("assign", EMAIL, "--course", course.short_name)
    assert len(_current(claire)) == 2
    _run("unassign", EMAIL, "--course", course.short_name)
    assert _current(claire) == [(course.pk, None, False, "moodle")]


def test_unassign_ends_this_one_only(claire: User, course: Course, group: Group) -> None:
    for part in ([], ["--group", group.name], ["--ungrouped"]):
        _run("assign", EMAIL, "--course", course.short_name, *part)
    _run("unassign", EMAIL, "--course", course.short_name)
    assert {(group, ungrouped) for _course, group, ungrouped, _source in _current(claire)} == {
        (group.pk, False),
        (None, True),
    }
    assert claire.assignments.count() == 3


def test_what_comes_from_moodle_ends_there(claire: User, course: Course) -> None:
    AssignmentFactory(user=claire, course=course, source=Assignment.Source.MOODLE)
    refusal = _refused("unassign", EMAIL, "--course", course.short_name)
    assert refusal.returncode == 1
    assert "Moodle" in str(refusal)


def test_nothing_to_end(claire: User, course: Course) -> None:
    assert _refused("unassign", EMAIL, "--course", course.short_name).returncode == 1


@pytest.mark.parametrize(
    ("email", "options", "said"),
    [
        ("nobody@example.org", [], "Nobody has the address"),
        ("paul@example.org", [], "not an active tutor"),
        (EMAIL, ["--site", "Nulle part"], "Unknown site"),
        (EMAIL, ["--group", "Nul"], "No group"),
    ],
)
@pytest.mark.parametrize("command", ["assign", "unassign"])
def test_bad_input_is_one_message_and_writes_nothing(
    claire: User, coordinator: User, course: Course, command: str, email: str, options: list[str], said: str
) -> None:
    refusal = _refused(command, email, "--course", course.short_name, *options)
    assert refusal.returncode == 2
    assert said in str(refusal)


@pytest.mark.parametrize("name", ["Inconnu", "999999", "9" * 40, "²"])
def test_an_unknown_course(claire: User, course: Course, name: str) -> None:
    assert _refused("assign", EMAIL, "--course", name).returncode == 2


def test_the_same_course_on_two_sites_needs_the_site(claire: User, course: Course) -> None:
    twin = CourseFactory(site=SiteFactory(name="Nord"), moodle_id=course.moodle_id)
    assert "--site" in str(_refused("assign", EMAIL, "--course", str(course.moodle_id)))
    _run("assign", EMAIL, "--course", str(course.moodle_id), "--site", "Nord")
    assert [place[0] for place in _current(claire)] == [twin.pk]


def test_two_groups_of_one_name_are_not_guessed(claire: User, course: Course, group: Group) -> None:
    GroupFactory(course=course, name=group.name)
    assert "Several" in str(_refused("assign", EMAIL, "--course", course.short_name, "--group", group.name))


def test_a_group_that_is_gone_is_not_offered(claire: User, course: Course, group: Group) -> None:
    Group.objects.update(gone_at=course.start_date)
    assert _refused("assign", EMAIL, "--course", course.short_name, "--group", group.name).returncode == 2


def test_who_was_deactivated_is_not_assigned(claire: User, course: Course) -> None:
    User.objects.update(is_active=False)
    assert "not an active tutor" in str(_refused("assign", EMAIL, "--course", course.short_name))
