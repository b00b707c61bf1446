"""A way through a list: in its order, each person once, nobody forgotten, nobody called who need not be."""

import pytest
from django.utils import timezone

from accounts.models import User
from dashboard.calls import leases, rounds
from dashboard.enums import Outcome, State
from dashboard.follow_up import acts
from dashboard.models import CallRound, FollowUp, Lease, Person
from moodle_sync.models import Enrolment
from tests.dashboard.calls.conftest import MakePeople
from tests.factories import EnrolmentFactory

pytestmark = pytest.mark.django_db


def begin(user: User, enrolments: list[Enrolment]) -> CallRound:
    return rounds.begin(user, [one.pk for one in enrolments], title="Liste", back="/enseignants/")


def now(user: User) -> CallRound:
    found = rounds.round_of(user)
    assert found is not None
    return found


def person_of(enrolment: Enrolment) -> Person:
    return enrolment.participant.account.person


def call(enrolment: Enrolment, user: User, outcome: Outcome = Outcome.NO_ANSWER) -> None:
    follow_up = FollowUp.objects.get(enrolment=enrolment)
    acts.log_call(person_of(enrolment), [(follow_up, follow_up.version)], acts.Call(outcome), by=user)


def test_it_begins_with_the_first_who_is_reserved(tutor: User, people: MakePeople) -> None:
    first, second = people(2)
    found = begin(tutor, [second, first])
    assert (found.current, found.left, found.total) == (second, [first.pk], 2)
    assert Lease.objects.get().person == person_of(second)


def test_a_person_of_two_courses_is_called_once(tutor: User, people: MakePeople) -> None:
    first, second = people(2)
    again = EnrolmentFactory(participant__person=person_of(first), follow_up__assignee=tutor)
    found = begin(tutor, [first, second, again])
    assert (found.current_id, found.left, found.total) == (first.pk, [second.pk], 2)


def test_who_is_not_to_be_called_is_set_aside_and_counted(tutor: User, people: MakePeople) -> None:
    entered, refused, wanted = people(3)
    FollowUp.objects.filter(enrolment=entered).update(state=State.CLOSED_IN, due_at=None)
    Person.objects.filter(pk=person_of(refused).pk).update(do_not_call=True)
    found = begin(tutor, [entered, refused, wanted])
    assert (found.current_id, found.left, found.total, found.set_aside) == (wanted.pk, [], 1, 2)


def test_saved_means_the_next_one_and_the_last_releases_all(tutor: User, people: MakePeople) -> None:
    first, second = people(2)
    begin(tutor, [first, second])
    call(first, tutor)
    rounds.saved(tutor, first.pk, pause=False)
    assert (now(tutor).current_id, now(tutor).done) == (second.pk, 1)
    assert [lease.person for lease in Lease.objects.all()] == [person_of(second)]
    call(second, tutor, Outcome.WILL_CONNECT)
    rounds.saved(tutor, second.pk, pause=False)
    assert (now(tutor).current, now(tutor).left) == (None, [])
    assert not Lease.objects.exists()
    told = rounds.summary(now(tutor))
    assert (told.calls, told.reached, told.dropped) == (2, 1, 0)
    assert sum(n for _label, n in told.outcomes) == 2


def test_saving_twice_counts_once(tutor: User, people: MakePeople) -> None:
    first, second = people(2)
    begin(tutor, [first, second])
    for _ in range(2):
        rounds.saved(tutor, first.pk, pause=False)
    assert (now(tutor).current_id, now(tutor).done) == (second.pk, 1)


def test_skip_puts_to_the_back_and_once_only(tutor: User, people: MakePeople) -> None:
    first, second, third = people(3)
    begin(tutor, [first, second, third])
    for _ in range(2):
        rounds.skip(tutor, first.pk)
    assert (now(tutor).current_id, now(tutor).left) == (second.pk, [third.pk, first.pk])
    assert [lease.person for lease in Lease.objects.all()] == [person_of(second)], "others may call the first"


def test_a_pause_gives_back_and_goes_on_where_it_was(tutor: User, samira: User, people: MakePeople) -> None:
    first, second = people(2)
    begin(tutor, [first, second])
    rounds.pause(tutor)
    assert (now(tutor).current, now(tutor).left) == (None, [first.pk, second.pk])
    assert now(tutor).paused_at is not None
    assert not Lease.objects.exists()
    rounds.go_on(tutor)
    assert (now(tutor).current_id, now(tutor).paused_at) == (first.pk, None)


def test_two_rounds_on_the_same_list_never_meet_and_nobody_is_called_twice(
    tutor: User, samira: User, people: MakePeople
) -> None:
    everybody = people(5)
    begin(tutor, everybody)
    begin(samira, everybody)
    called: list[int] = []
    while any(now(user).current_id for user in (tutor, samira)):
        current = [now(user).current_id for user in (tutor, samira)]
        assert len({pk for pk in current if pk}) == len([pk for pk in current if pk])
        for user in (tutor, samira):
            if pk := now(user).current_id:
                call(Enrolment.objects.get(pk=pk), user)
                rounds.saved(user, pk, pause=False)
                called.append(pk)
    assert sorted(called) == sorted(one.pk for one in everybody)
    for user in (tutor, samira):
        rounds.go_on(user)  # whom the other one was calling until the end
        assert (now(user).current, now(user).left) == (None, [])


def test_whom_a_colleague_holds_is_kept_for_later(tutor: User, samira: User, people: MakePeople) -> None:
    held, free = people(2)
    leases.take(person_of(held), samira)
    begin(tutor, [held, free])
    assert (now(tutor).current_id, now(tutor).left) == (free.pk, [held.pk])
    rounds.saved(tutor, free.pk, pause=False)
    assert (now(tutor).current, now(tutor).left) == (None, [held.pk]), "waits for the colleague"
    leases.release(person_of(held), samira)
    rounds.go_on(tutor)
    assert now(tutor).current_id == held.pk


def test_who_came_in_meanwhile_drops_out_and_is_told(tutor: User, people: MakePeople) -> None:
    first, second, third = people(3)
    begin(tutor, [first, second, third])
    FollowUp.objects.filter(enrolment=second).update(state=State.CLOSED_IN, due_at=None)
    rounds.saved(tutor, first.pk, pause=False)
    assert (now(tutor).current_id, now(tutor).left) == (third.pk, [])
    rounds.saved(tutor, third.pk, pause=False)
    assert rounds.summary(now(tutor)).dropped == 1


def test_who_was_handed_over_meanwhile_drops_out(tutor: User, people: MakePeople) -> None:
    first, second = people(2)
    begin(tutor, [first, second])
    tutor.assignments.update(ended_at=timezone.now())
    rounds.saved(tutor, first.pk, pause=False)
    assert (now(tutor).current, now(tutor).left) == (None, [])
    assert not Lease.objects.exists()


def test_a_new_round_ends_the_other_and_leaving_releases(tutor: User, people: MakePeople) -> None:
    first, second = people(2)
    begin(tutor, [first])
    begin(tutor, [second])
    assert [lease.person for lease in Lease.objects.all()] == [person_of(second)]
    assert rounds.leave(tutor) == "/enseignants/"
    assert rounds.round_of(tutor) is None
    assert not Lease.objects.exists()
    assert rounds.leave(tutor) == ""
