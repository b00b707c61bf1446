"""Laws of the queue: who is in it, where, and who is not."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from dashboard.enums import Channel, Kind, State
from dashboard.follow_up import acts, moves, taking
from dashboard.follow_up.rules import Target
from dashboard.models import Absence, Blockage
from dashboard.queue.lists import Desk, Work, to_call
from moodle_sync.enums import Standing
from moodle_sync.models import Course, Enrolment, Group
from tests.dashboard.queue.conftest import HOUR, MakePerson
from tests.factories import EnrolmentFactory, UserFactory


def works(user: User) -> dict[int, Work]:
    found = [(one.pk, one.work) for one in Desk(user, timezone.now()).queue]
    assert len(found) == len(dict(found)), "somebody is there twice"
    return dict(found)


def expected(enrolment: Enrolment, new: bool) -> Work | None:
    """The rules once more, in plain Python."""
    now: Any = timezone.now()
    follow_up: Any = enrolment.follow_up
    due = follow_up.next_at is not None and follow_up.next_at <= now
    match follow_up.state:
        case State.CALLBACK:
            return Work.CALLBACK if follow_up.due_at <= now else None
        case State.TODO if due:
            return Work.CALL if follow_up.next_channel == Channel.CALL else Work.REMINDER
        case State.TODO | State.WAITING if new and follow_up.assignee is None:
            return Work.ARRIVAL
        case State.TODO if not follow_up.next_channel and follow_up.due_at <= now:
            return Work.UNDECIDED
    return None


def test_everybody_is_where_the_rules_say_and_nowhere_else(tutor: User, person: MakePerson) -> None:
    now = timezone.now()
    wanted = {}
    for state, channel, past, new, taken in itertools.product(
        State, ["", *Channel], [True, False], [True, False], [True, False]
    ):
        if not channel and not past:
            continue
        fields: dict[str, Any] = {"follow_up__assignee": tutor if taken else None}
        if new:
            fields["first_seen_at"] = now - timedelta(days=2)
        if state == State.CALLBACK:
            fields["follow_up__due_at"] = now - HOUR if past else now + HOUR
        entered = now if state == State.CLOSED_IN else None
        if entered:
            fields["last_course_access"] = entered
        made = person(state, next_channel=channel, next_in=-HOUR if past else HOUR, **fields)
        if work := expected(made, new):
            wanted[made.pk] = work
    assert set(wanted.values()) == set(Work) - {Work.BLOCKED}
    assert works(tutor) == wanted


@pytest.mark.parametrize(
    "fields",
    [
        {"standing": Standing.SUSPENDED},
        {"standing": Standing.LEFT},
        {"standing": Standing.STAFF},
        {"course__visible": False},
        {"course__start_date": timezone.now() + timedelta(days=2)},
        {"course__end_date": timezone.now() - timedelta(days=1)},
        {"course__followed": False},
    ],
    ids=lambda fields: next(iter(fields.items()))[0] + "-" + str(next(iter(fields.values())))[:9],
)
def test_whom_nobody_is_to_chase_is_in_no_list(
    tutor: User, course: Course, person: MakePerson, callback: MakePerson, newcomer: MakePerson, fields: dict[str, Any]
) -> None:
    everybody = [
        person(next_channel=Channel.CALL),
        person(next_channel=Channel.EMAIL),
        person(),
        callback(),
        newcomer(),
    ]
    assert len(works(tutor)) == 5
    for name, value in fields.items():
        rows: Any = Enrolment.objects.filter(pk__in=[one.pk for one in everybody])
        if name.startswith("course__"):
            rows, name = Course.objects.filter(pk=course.pk), name.removeprefix("course__")
        rows.update(**{name: value})
    assert works(tutor) == {}


def test_nobody_out_of_scope_appears(
    tutor: User, other_tutor: User, other_coordinator: User, observer: User, administrator: User, person: MakePerson
) -> None:
    mine = person(next_channel=Channel.CALL)
    theirs = person(next_channel=Channel.CALL, groups=[other_tutor.assignments.get().group])
    assert list(works(tutor)) == [mine.pk]
    assert list(works(other_tutor)) == [theirs.pk]
    for stranger in (other_coordinator, observer, administrator):
        assert works(stranger) == {}


def test_who_was_taken_by_a_colleague_is_in_the_colleagues_queue_alone(
    tutor: User, other_tutor: User, person: MakePerson
) -> None:
    theirs = other_tutor.assignments.get().group
    both = person(next_channel=Channel.EMAIL, groups=[theirs, tutor.assignments.get().group])
    assert works(tutor) == works(other_tutor) == {both.pk: Work.REMINDER}
    taking.take_charge(both.follow_up, by=other_tutor, version=0)
    assert works(tutor) == {}
    assert works(other_tutor) == {both.pk: Work.REMINDER}


@pytest.mark.parametrize("gone", [{"is_active": False}, {"role": "observer"}])
def test_nobody_is_lost_with_a_colleague_who_can_act_no_more(
    tutor: User, other_tutor: User, person: MakePerson, callback: MakePerson, gone: dict[str, Any]
) -> None:
    taken = person(next_channel=Channel.CALL, follow_up__assignee=other_tutor)
    awaited = callback(follow_up__assignee=other_tutor, follow_up__callback_for=other_tutor)
    assert works(tutor) == {}
    User.objects.filter(pk=other_tutor.pk).update(**gone)
    assert works(tutor) == {awaited.pk: Work.CALLBACK, taken.pk: Work.CALL}


def test_a_colleague_stands_in(tutor: User, other_tutor: User, person: MakePerson, callback: MakePerson) -> None:
    taken = person(next_channel=Channel.CALL, follow_up__assignee=other_tutor)
    awaited = callback(follow_up__callback_for=other_tutor)
    today = timezone.localdate()
    away = Absence.objects.create(user=other_tutor, colleague=tutor, first_day=today, last_day=today)
    assert works(tutor) == {awaited.pk: Work.CALLBACK, taken.pk: Work.CALL}
    Absence.objects.filter(pk=away.pk).update(first_day=today + timedelta(days=1), last_day=today + timedelta(days=2))
    assert works(tutor) == {}


def test_a_callback_is_ones_own_or_anyones(tutor: User, other_tutor: User, group: Group, callback: MakePerson) -> None:
    groups = [group, other_tutor.assignments.get().group]
    mine = callback(groups=groups, follow_up__callback_for=tutor, follow_up__assignee=other_tutor)
    theirs = callback(groups=groups, follow_up__callback_for=other_tutor, follow_up__assignee=tutor)
    anyones = callback(groups=groups, follow_up__assignee=other_tutor)
    assert set(works(tutor)) == {mine.pk, anyones.pk}
    assert set(works(other_tutor)) == {theirs.pk, anyones.pk}


def test_the_oldest_comes_first(tutor: User, person: MakePerson, callback: MakePerson) -> None:
    second = person(next_channel=Channel.CALL, next_in=-HOUR)
    first = person(next_channel=Channel.CALL, next_in=-30 * HOUR)
    late = callback(-HOUR)
    later = callback(-50 * HOUR)
    assert to_call(Desk(tutor, timezone.now())) == [later.pk, late.pk, first.pk, second.pk]


def test_who_does_not_want_to_be_called_is_seen_but_not_called(tutor: User, person: MakePerson) -> None:
    quiet = person(next_channel=Channel.CALL)
    quiet.participant.account.person.do_not_call = True
    quiet.participant.account.person.save()
    assert works(tutor) == {quiet.pk: Work.CALL}
    assert to_call(Desk(tutor, timezone.now())) == []


def test_a_newcomer_is_new_until_somebody_does_something(tutor: User, newcomer: MakePerson) -> None:
    noted, called, taken, old, first, entered = (newcomer() for _ in range(6))
    acts.add_note(noted.follow_up, "Vu au secrétariat.", by=tutor)
    acts.mark_contacted(called.follow_up, by=tutor, version=0)
    act = taking.take_charge(taken.follow_up, by=tutor, version=0).act
    Enrolment.objects.filter(pk=old.pk).update(first_seen_at=timezone.now() - timedelta(days=15))
    Enrolment.objects.filter(pk=first.pk).update(first_seen_at=first.course.first_synced_at)
    Enrolment.objects.filter(pk=entered.pk).update(last_course_access=timezone.now())
    assert works(tutor) == {}
    moves.undo(act, by=tutor, among=[taken.follow_up.pk])
    assert works(tutor) == {taken.pk: Work.ARRIVAL}


def test_what_the_system_notes_does_not_look_after_anybody(tutor: User, newcomer: MakePerson) -> None:
    new = newcomer()
    moves.record(new.follow_up, kind=Kind.DUE, author=None, target=Target(State.TODO, timezone.now() + HOUR))
    assert works(tutor) == {new.pk: Work.ARRIVAL}


def test_a_coordinators_queue_is_what_was_given_to_them(
    coordinator: User, tutor: User, person: MakePerson, callback: MakePerson, newcomer: MakePerson
) -> None:
    person(next_channel=Channel.CALL)
    callback()
    newcomer()
    mine = person(next_channel=Channel.CALL, follow_up__assignee=coordinator)
    awaited = callback(follow_up__callback_for=coordinator, follow_up__assignee=tutor)
    blocked = person(State.BLOCKED, follow_up__assignee=tutor)
    block(blocked, tutor, owner=coordinator)
    assert works(coordinator) == {mine.pk: Work.CALL, awaited.pk: Work.CALLBACK, blocked.pk: Work.BLOCKED}
    assert blocked.pk not in works(tutor)


def test_only_the_blockage_that_holds_asks_for_something(coordinator: User, tutor: User, person: MakePerson) -> None:
    blocked = person()
    block(blocked, tutor, owner=coordinator)
    assert works(coordinator) == {blocked.pk: Work.BLOCKED}
    acts.add_note(blocked.follow_up, "Assistance relancée.", by=tutor)
    assert works(coordinator) == {blocked.pk: Work.BLOCKED}
    block(blocked, tutor, owner=tutor)
    assert works(coordinator) == {}
    assert works(tutor) == {blocked.pk: Work.BLOCKED}
    acts.mark_contacted(blocked.follow_up, by=tutor, version=blocked.follow_up.version)
    assert works(tutor) == {}
    record_block(blocked, tutor)
    assert works(tutor) == works(coordinator) == {}


def record_block(enrolment: Enrolment, by: User) -> Any:
    due = timezone.now() + timedelta(days=14)
    enrolment.follow_up.refresh_from_db()
    return moves.record(enrolment.follow_up, kind=Kind.BLOCKED, author=by, target=Target(State.BLOCKED, due))


def block(enrolment: Enrolment, by: User, *, owner: User) -> None:
    entry = record_block(enrolment, by)
    Blockage.objects.filter(follow_up=enrolment.follow_up).delete()
    Blockage.objects.create(follow_up=enrolment.follow_up, contact=entry, owner=owner)


def test_of_a_stranger_nothing_is_asked(coordinator: User, other_coordinator: User, tutor: User) -> None:
    """Given to somebody whose scope no longer holds the course: they see nothing of it."""
    enrolment = EnrolmentFactory(follow_up__next_channel=Channel.CALL, follow_up__next_at=timezone.now())
    enrolment.follow_up.assignee = other_coordinator
    enrolment.follow_up.save()
    assert works(other_coordinator) == {}


def test_a_new_tutor_has_an_empty_queue(db: None) -> None:
    assert works(UserFactory()) == {}
