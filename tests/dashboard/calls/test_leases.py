"""One tutor works on one person: whoever comes first, until they let go or time does, unless somebody takes over."""

from datetime import timedelta
from functools import partial
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from dashboard.calls import leases
from dashboard.calls.leases import claim_next
from dashboard.enums import State
from dashboard.follow_up import acts, moves
from dashboard.models import Lease, Person
from moodle_sync.enums import Standing
from moodle_sync.models import Enrolment, Group
from tests.dashboard.calls.conftest import MakePeople
from tests.factories import EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db


def person_of(enrolment: Enrolment) -> Person:
    return enrolment.participant.account.person


def ids(enrolments: list[Enrolment]) -> list[int]:
    return [enrolment.pk for enrolment in enrolments]


def hold(enrolment: Enrolment, user: User) -> Lease:
    lease = leases.take(person_of(enrolment), user)
    assert lease is not None
    return lease


def expire() -> None:
    Lease.objects.update(expires_at=timezone.now())


def claim(user: User, enrolments: list[Enrolment], **changes: Any) -> int | None:
    claimed = claim_next(user, ids(enrolments), **{"since": timezone.now()} | changes)
    return claimed.enrolment if claimed else None


def test_the_first_to_come_holds_the_person_over_all_courses(tutor: User, samira: User, people: MakePeople) -> None:
    [one] = people()
    other = EnrolmentFactory(participant__person=person_of(one))
    assert leases.take(person_of(one), tutor)
    assert leases.take(person_of(other), samira) is None
    assert leases.held([person_of(one).pk], timezone.now())[person_of(one).pk].user == tutor
    assert leases.held([person_of(one).pk], timezone.now(), but=tutor) == {}


def test_it_expires_by_itself(tutor: User, samira: User, people: MakePeople) -> None:
    [one] = people()
    hold(one, tutor)
    expire()
    assert leases.holder(person_of(one), but=samira) is None
    assert leases.take(person_of(one), samira)
    assert leases.take(person_of(one), tutor) is None


def test_renewing_prolongs_it_and_never_shortens_a_long_call(tutor: User, people: MakePeople) -> None:
    [one] = people()
    first = hold(one, tutor)
    long = leases.take(person_of(one), tutor, length=leases.ON_THE_PHONE)
    again = hold(one, tutor)
    assert long is not None
    assert long.expires_at - first.expires_at > timedelta(minutes=20)
    assert again.expires_at == long.expires_at
    assert again.taken_at == first.taken_at


def test_taking_over_is_asked_for(tutor: User, samira: User, people: MakePeople) -> None:
    [one] = people()
    hold(one, tutor)
    assert leases.take(person_of(one), samira) is None
    assert leases.take(person_of(one), samira, over=True)
    assert leases.take(person_of(one), tutor) is None, "a renewal is no way to get it back"


def test_release_frees_only_ones_own(tutor: User, samira: User, people: MakePeople) -> None:
    first, second = people(2)
    hold(first, tutor)
    hold(second, tutor)
    leases.release(person_of(first), samira)
    assert Lease.objects.count() == 2
    leases.release(person_of(first), tutor)
    assert leases.take(person_of(first), samira)
    leases.release_all(tutor)
    assert Lease.objects.get().user == samira


def test_next_comes_in_the_order_of_the_list(tutor: User, people: MakePeople) -> None:
    first, second, third = people(3)
    assert claim(tutor, [third, first, second]) == third.pk
    assert Lease.objects.get(user=tutor).person == person_of(third)


def test_a_long_list_is_looked_at_to_its_end(tutor: User, samira: User, people: MakePeople) -> None:
    everybody = people(2 * leases.AT_ONCE + 2)
    for one in everybody[:-1]:
        hold(one, samira)
    assert claim(tutor, everybody) == everybody[-1].pk
    assert claim(tutor, everybody[:-1]) is None


@pytest.mark.parametrize(
    "why", ["held", "do_not_call", "came_in", "closed", "left", "suspended", "called", "called_elsewhere"]
)
def test_who_is_not_to_be_called_is_passed_over(why: str, tutor: User, samira: User, people: MakePeople) -> None:
    one, other = people(2)
    since = timezone.now()
    follow_up = one.follow_up
    match why:
        case "held":
            hold(one, samira)
        case "do_not_call":
            Person.objects.filter(pk=person_of(one).pk).update(do_not_call=True)
        case "came_in" | "closed":
            state = State.CLOSED_IN if why == "came_in" else State.CLOSED_OUT
            type(follow_up).objects.filter(pk=follow_up.pk).update(state=state, due_at=None, closed_for="declined")
        case "left":
            Enrolment.objects.filter(pk=one.pk).update(standing=Standing.LEFT, left_at=timezone.now())
        case "suspended":
            Enrolment.objects.filter(pk=one.pk).update(standing=Standing.SUSPENDED)
        case "called":
            acts.mark_contacted(follow_up, by=samira, version=0)
        case "called_elsewhere":
            elsewhere = EnrolmentFactory(participant__person=person_of(one))
            acts.mark_contacted(elsewhere.follow_up, by=samira, version=0)
    assert claim(tutor, [one, other], since=since) == other.pk
    still = leases.still_to_call(ids([one, other]), since=since)
    assert still == ([one.pk, other.pk] if why == "held" else [other.pk]), "the same conditions, whoever holds them"


def test_an_earlier_contact_or_an_undone_one_does_not_matter(tutor: User, people: MakePeople) -> None:
    one, other = people(2)
    acts.mark_contacted(one.follow_up, by=tutor, version=0)
    assert claim(tutor, [one]) == one.pk
    since = timezone.now()
    act = acts.mark_contacted(other.follow_up, by=tutor, version=0).act
    assert claim(tutor, [other], since=since) is None
    moves.undo(act, by=tutor, among=[other.follow_up.pk])
    assert claim(tutor, [other], since=since) == other.pk


def test_an_expired_lease_keeps_nobody_out(tutor: User, samira: User, people: MakePeople) -> None:
    [one] = people()
    hold(one, samira)
    expire()
    assert claim(tutor, [one]) == one.pk
    assert Lease.objects.get().user == tutor


# ---- Races, with real connections

CALLERS = 50
EACH = 2


def in_thread(work: Any) -> Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_fifty_callers_at_once_never_meet_and_forget_nobody(group: Group) -> None:
    everybody = EnrolmentFactory.create_batch((EACH + 1) * CALLERS, course=group.course, groups=[group])
    callers = UserFactory.create_batch(CALLERS)
    wanted, since, ready = ids(everybody), timezone.now(), Barrier(CALLERS)
    taken: list[list[int]] = [[] for _ in callers]

    def work(caller: User, mine: list[int]) -> None:
        connection.ensure_connection()
        ready.wait()
        for _ in range(EACH):
            # Whom one holds oneself could be claimed again: a round does not ask for them twice either.
            claimed = claim_next(caller, [pk for pk in wanted if pk not in mine], since=since)
            mine.extend([claimed.enrolment] if claimed else [])

    threads = [in_thread(partial(work, caller, mine)) for caller, mine in zip(callers, taken, strict=True)]
    for thread in threads:
        thread.join()
    given = [pk for mine in taken for pk in mine]
    assert {len(mine) for mine in taken} == {EACH}, "there were enough for everybody"
    assert len(given) == len(set(given)), "somebody was given to two callers"
    last = UserFactory()
    while claimed := claim_next(last, [pk for pk in wanted if pk not in given], since=since):
        given.append(claimed.enrolment)
    assert sorted(given) == wanted, "somebody was forgotten"


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_claim_that_is_not_finished(tutor: User, samira: User, people: MakePeople) -> None:
    first, second = people(2)
    claimed, finish = Event(), Event()

    def slow() -> None:
        with transaction.atomic():
            assert claim(samira, [first, second]) == first.pk
            claimed.set()
            finish.wait(20)

    thread = in_thread(slow)
    assert claimed.wait(20)
    assert claim(tutor, [first, second]) == second.pk
    assert claim(tutor, [first]) is None
    finish.set()
    thread.join()
    assert set(Lease.objects.values_list("user", "person")) == {
        (samira.pk, person_of(first).pk),
        (tutor.pk, person_of(second).pk),
    }


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_the_same_person_at_once_one_gets_them(tutor: User, samira: User, people: MakePeople) -> None:
    def work(user: User, person: Person, ready: Barrier, got: list[bool]) -> None:
        connection.ensure_connection()
        ready.wait()
        got.append(leases.take(person, user) is not None)

    for one in people(20):
        ready, got = Barrier(2), list[bool]()
        both = [partial(work, user, person_of(one), ready, got) for user in (tutor, samira)]
        for thread in [in_thread(one_of_two) for one_of_two in both]:
            thread.join()
        assert sorted(got) == [False, True]
