"""What a person does is one act on one or several follow-ups; undone as long as nothing followed."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from dashboard.enums import Cause, Kind, Outcome, State
from dashboard.follow_up import acts, moves, system
from dashboard.follow_up.rules import DateRequired, Target
from dashboard.models import Contact, FollowUp, Person
from moodle_sync.models import Enrolment
from tests.factories import CourseFactory, EnrolmentFactory, UserFactory

WITHOUT_VERSION = [field.name for field in FollowUp._meta.fields if field.name != "version"]


def enrol(person: Person | None = None, **fields: Any) -> Enrolment:
    if person:
        fields["participant__person"] = person
    return EnrolmentFactory(**fields)


def person_of(enrolment: Enrolment) -> Person:
    return Person.objects.get(accounts__participant=enrolment.participant)


def log(enrolments: list[Enrolment], by: User, outcome: Outcome = Outcome.WILL_CONNECT, **fields: Any) -> UUID:
    pairs = [(f, f.version) for f in FollowUp.objects.filter(enrolment__in=enrolments)]
    return acts.log_call(person_of(enrolments[0]), pairs, acts.Call(outcome, **fields), by=by)


def undo(act: UUID, by: User) -> list[FollowUp]:
    return moves.undo(act, by=by, among=FollowUp.objects.values_list("pk", flat=True))


def rows() -> list[dict[str, Any]]:
    return list(FollowUp.objects.order_by("pk").values(*WITHOUT_VERSION))


@pytest.fixture
def claire(db: None) -> User:
    return UserFactory()


@pytest.fixture
def two(db: None) -> list[Enrolment]:
    """One person in two courses."""
    first = enrol()
    return [first, enrol(person_of(first))]


def test_one_call_counts_for_each_course(claire: User, two: list[Enrolment]) -> None:
    act = log(two, claire, cause=Cause.CREDENTIALS, note="Rappeler le midi.")
    entries = Contact.objects.filter(act=act)
    assert {entry.follow_up.enrolment for entry in entries} == set(two)
    for entry in entries:
        assert (entry.kind, entry.outcome, entry.cause, entry.note) == (
            Kind.CALL,
            Outcome.WILL_CONNECT,
            Cause.CREDENTIALS,
            "Rappeler le midi.",
        )
        follow_up = entry.follow_up
        assert (follow_up.state, follow_up.cause, follow_up.last_contact) == (
            State.CONTACTED,
            Cause.CREDENTIALS,
            entry,
        )
        assert follow_up.assignee == claire


def test_one_call_counts_for_all_or_none(claire: User, two: list[Enrolment]) -> None:
    acts.mark_contacted(two[1].follow_up, by=UserFactory(), version=0)
    before = rows()
    pairs = [(FollowUp.objects.get(enrolment=e), 0) for e in two]
    with pytest.raises(moves.Stale):
        acts.log_call(person_of(two[0]), pairs, acts.Call(Outcome.DO_NOT_CALL), by=claire)
    assert rows() == before
    assert Contact.objects.count() == 1
    assert not person_of(two[0]).do_not_call


def test_a_callback_without_date_writes_nothing(claire: User, two: list[Enrolment]) -> None:
    with pytest.raises(DateRequired):
        log(two, claire, Outcome.CALLBACK)
    assert not Contact.objects.exists()


def test_wrong_number_asks_for_another_channel_where_there_is_one(claire: User, db: None) -> None:
    reachable, unreachable = enrol(), enrol(participant__email="")
    log([reachable], claire, Outcome.WRONG_NUMBER)
    log([unreachable], claire, Outcome.WRONG_NUMBER)
    assert FollowUp.objects.get(enrolment=reachable).state == State.TODO
    assert FollowUp.objects.get(enrolment=unreachable).state == State.BLOCKED
    typed = enrol(participant__email="")
    person_of(typed).details.create(kind="email", value="c@example.org", search_key="c@example.org", added_by=claire)
    log([typed], claire, Outcome.WRONG_NUMBER)
    assert FollowUp.objects.get(enrolment=typed).state == State.TODO


def test_the_first_to_act_becomes_the_assignee_and_stays(claire: User, two: list[Enrolment]) -> None:
    log([two[0]], claire)
    log([two[0]], UserFactory())
    assert FollowUp.objects.get(enrolment=two[0]).assignee == claire


def test_a_note_moves_nothing(claire: User, two: list[Enrolment]) -> None:
    before = rows()
    acts.add_note(two[0].follow_up, "A changé d’école.", by=claire)
    assert rows() == before
    assert Contact.objects.get().kind == Kind.NOTE


@pytest.mark.parametrize("outcome", Outcome)
def test_undo_restores_everything(claire: User, two: list[Enrolment], outcome: Outcome) -> None:
    log(two, UserFactory(), Outcome.VOICEMAIL, cause=Cause.NO_TIME)
    before = rows()
    act = log(two, claire, outcome, cause=Cause.CREDENTIALS, chosen=timezone.now() + timedelta(days=2))
    assert rows() != before
    undo(act, claire)
    assert rows() == before
    assert not person_of(two[0]).do_not_call


def test_undo_appends_and_erases_nothing(claire: User, two: list[Enrolment]) -> None:
    act = log(two, claire)
    undo(act, claire)
    assert Contact.objects.filter(act=act).count() == 2
    reversals = Contact.objects.filter(kind=Kind.UNDO)
    assert {r.undoes.act for r in reversals if r.undoes} == {act}
    assert reversals.values("act").distinct().count() == 1


def test_undo_works_once(claire: User, two: list[Enrolment]) -> None:
    act = log(two, claire)
    undo(act, claire)
    with pytest.raises(moves.NotUndoable):
        undo(act, claire)
    reversal = Contact.objects.filter(kind=Kind.UNDO).values_list("act", flat=True)[0]
    with pytest.raises(moves.NotUndoable):
        undo(reversal, claire)


def closed(state: State, days_ago: float | None) -> Enrolment:
    seen = None if days_ago is None else timezone.now() - timedelta(days=days_ago)
    reason = "declined" if state == State.CLOSED_OUT else ""
    return enrol(
        last_course_access=seen, follow_up__state=state, follow_up__due_at=None, follow_up__closed_for=reason,
        follow_up__entry_known=state == State.CLOSED_IN,
    )  # fmt: skip


@pytest.mark.parametrize("outcome", [None, *acts.UNREACHED, *acts.ASKS_TO_COME])
@pytest.mark.parametrize(
    ("state", "days_ago"), [(State.CLOSED_IN, 1), (State.CLOSED_IN, None), (State.CLOSED_OUT, None)]
)
def test_what_is_closed_is_no_work_again_by_one_key_or_a_call_in_vain(
    claire: User, state: State, days_ago: float | None, outcome: Outcome | None
) -> None:
    """Neither who is in, nor who was declared in, nor who will not follow; the timeline tells the contact."""
    enrolment = closed(state, days_ago)
    if outcome:
        log([enrolment], claire, outcome)
    else:
        acts.mark_contacted(enrolment.follow_up, by=claire, version=0)
    found = FollowUp.objects.get(enrolment=enrolment)
    speaks = state == State.CLOSED_OUT and outcome in acts.ASKS_TO_COME
    assert found.state == (State.CONTACTED if speaks else state), "who said no and now will come is waited for"
    assert (found.due_at is None, found.version) == (not speaks, 1)
    assert found.last_contact == Contact.objects.get()
    undo(Contact.objects.get().act, claire)
    assert FollowUp.objects.get(enrolment=enrolment).last_contact is None


@pytest.mark.parametrize(
    ("outcome", "chosen", "then"),
    [
        (Outcome.NO_ANSWER, True, State.TODO),
        (Outcome.CALLBACK, True, State.CALLBACK),
        (Outcome.NEEDS_SUPPORT, False, State.BLOCKED),
        (Outcome.DECLINED, False, State.CLOSED_OUT),
    ],
)
def test_what_a_caller_states_moves_a_closed_follow_up_too(
    claire: User, outcome: Outcome, chosen: bool, then: State
) -> None:
    enrolment = closed(State.CLOSED_IN, 1)
    log([enrolment], claire, outcome, chosen=timezone.now() + timedelta(days=5) if chosen else None)
    assert FollowUp.objects.get(enrolment=enrolment).state == then


def test_who_no_longer_comes_is_waited_for_once_contacted(claire: User) -> None:
    enrolment = closed(State.CLOSED_IN, 30)
    acts.mark_contacted(enrolment.follow_up, by=claire, version=0)
    assert FollowUp.objects.get(enrolment=enrolment).state == State.CONTACTED


def test_only_ones_own_act_can_be_undone(claire: User, two: list[Enrolment]) -> None:
    act = log(two, claire)
    with pytest.raises(Contact.DoesNotExist):
        undo(act, UserFactory())


def test_an_act_partly_out_of_sight_cannot_be_undone_by_half(claire: User, two: list[Enrolment]) -> None:
    act = log(two, claire)
    before = rows()
    with pytest.raises(Contact.DoesNotExist):
        moves.undo(act, by=claire, among=[two[0].follow_up.pk])
    assert rows() == before


def test_undo_is_refused_when_somebody_else_acted_since(claire: User, two: list[Enrolment]) -> None:
    act = log(two, claire)
    acts.add_note(FollowUp.objects.get(enrolment=two[1]), "Vu en réunion.", by=UserFactory())
    before = rows()
    with pytest.raises(moves.NotUndoable):
        undo(act, claire)
    assert rows() == before


def test_undo_is_refused_when_a_read_changed_it_since(claire: User, two: list[Enrolment]) -> None:
    act = log(two, claire)
    Enrolment.objects.filter(pk=two[0].pk).update(last_course_access=timezone.now())
    system.after_read(two[0].course)
    with pytest.raises(moves.NotUndoable):
        undo(act, claire)
    assert FollowUp.objects.get(enrolment=two[0]).state == State.CLOSED_IN


def test_do_not_call_stands_as_long_as_one_call_says_so(claire: User, two: list[Enrolment]) -> None:
    samir = UserFactory()
    hers, his = log([two[0]], claire, Outcome.DO_NOT_CALL), log([two[1]], samir, Outcome.DO_NOT_CALL)
    undo(hers, claire)
    assert person_of(two[0]).do_not_call
    undo(his, samir)
    assert not person_of(two[0]).do_not_call


@pytest.mark.django_db(transaction=True)
def test_of_two_who_act_at_once_one_wins_and_the_other_knows() -> None:
    enrolment: Enrolment = EnrolmentFactory(course=CourseFactory())
    start, results = Barrier(2), []

    def act(user: User) -> None:
        try:
            mine = FollowUp.objects.select_related("enrolment__course__site").get(pk=enrolment.follow_up.pk)
            start.wait(timeout=10)
            acts.mark_contacted(mine, by=user, version=0)
            results.append("won")
        except moves.Stale:
            results.append("stale")
        finally:
            connection.close()

    threads = [Thread(target=act, args=[UserFactory()]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(results) == ["stale", "won"]
    entry = Contact.objects.get()
    follow_up = FollowUp.objects.get()
    assert (follow_up.version, follow_up.last_contact, follow_up.assignee) == (1, entry, entry.author)


@pytest.mark.django_db(transaction=True)
def test_the_second_transaction_waits_for_the_first_and_finds_another_version() -> None:
    """Not only «at once»: while the winner has not committed, the loser waits instead of reading the past."""
    enrolment: Enrolment = EnrolmentFactory()
    winner, loser = UserFactory(), UserFactory()
    outcome: list[str] = []

    def lose() -> None:
        try:
            acts.mark_contacted(FollowUp.objects.get(pk=enrolment.follow_up.pk), by=loser, version=0)
            outcome.append("won")
        except moves.Stale:
            outcome.append("stale")
        finally:
            connection.close()

    thread = Thread(target=lose)
    with transaction.atomic():
        moves.record(
            FollowUp.objects.get(pk=enrolment.follow_up.pk),
            kind=Kind.CALL,
            author=winner,
            version=0,
            target=Target(State.TODO, timezone.now()),
            outcome=Outcome.NO_ANSWER,
        )
        thread.start()
        _until_someone_waits()
    thread.join(timeout=20)
    assert outcome == ["stale"]
    assert Contact.objects.get().author == winner


def _until_someone_waits() -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with connection.cursor() as cursor:
        for _ in range(10_000):
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waited")
