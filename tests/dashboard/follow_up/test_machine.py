"""No sequence of events breaks the rules of product.md §4, on a real PostgreSQL; and the rules one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.enums import CLOSED_STATES, DATED_STATES, OPEN_STATES, UNANSWERED, ClosedFor, Kind, Outcome, State
from dashboard.follow_up import machine, moves
from dashboard.follow_up.machine import Forbidden
from dashboard.follow_up.rules import Target
from dashboard.models import Contact, FollowUp
from dashboard.plan.recompute import check
from moodle_sync.enums import Access, Standing
from moodle_sync.models import Course, Enrolment
from tests.dashboard.follow_up.life import Clock, Event, Life
from tests.factories import CourseFactory, UserFactory

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Europe/Paris"))
who = st.integers(0, 1)
owner = st.none() | who
days = st.integers(1, 9)


def event(name: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Event]:
    return st.tuples(*arguments).map(lambda drawn: Event(name, drawn))


EVENTS = st.one_of(
    event("call", who, st.sampled_from(Outcome), st.integers(0, 9), owner),
    event("call", who, st.just(Outcome.CALLBACK), days, owner),
    event("call", who, st.sampled_from(UNANSWERED), st.just(0), owner),
    event("contacted", who),
    event("reminded", who),
    event("note", who),
    event("caused", who),
    event("blocked", who),
    event("lifted", who),
    event("taken_up", who),
    event("closed", who),
    event("declared", who),
    event("redated", who, days, owner),
    event("handed", who, who),
    event("undone"),
    event("enters"),
    event("hides_access"),
    event("tells_never"),
    event("leaves"),
    event("suspended"),
    event("returns"),
    event("shown", st.booleans()),
    event("ends_in", st.none() | st.integers(-1, 5)),
    event("begins_in", st.integers(-15, 5)),
    event("planned", st.lists(st.integers(0, 15), unique=True, max_size=4).map(sorted), st.booleans()),
    event("days_pass", st.integers(0, 20)),
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(MONDAY)
    monkeypatch.setattr("django.utils.timezone.now", clock)
    return clock


@pytest.fixture
def new_life(clock: Clock) -> Any:
    team = [UserFactory(), UserFactory()]

    def make() -> Life:
        clock.now = MONDAY
        opened = MONDAY - timedelta(days=2)
        course = CourseFactory(start_date=opened, visible_since=opened, first_synced_at=MONDAY)
        return Life(clock, course, team)

    return make


@pytest.fixture
def life(new_life: Any) -> Life:
    return new_life()  # type: ignore[no-any-return]


@given(events=st.lists(EVENTS, min_size=1, max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_sequence_of_events_breaks_a_rule(events: list[Event], new_life: Any) -> None:
    with put_back():
        life = new_life()
        for one in events:
            before, told = life.follow_up, life.told()
            life.do(one)
            nothing_was_lost(told, life.told())
            the_timeline_is_whole(life)
            the_state_is_lawful(life)
            what_was_agreed_stands(before, life, one)
            the_guard_holds(life)
            assert check(Course.objects.select_related("site").get(pk=life.course.pk), life.clock.now) == 0, (
                "what was kept up agrees with what is computed anew"
            )


@contextmanager
def put_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def nothing_was_lost(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    assert after[: len(before)] == before


def the_timeline_is_whole(life: Life) -> None:
    entries = list(Contact.objects.filter(follow_up=life.follow_up).order_by("pk"))
    assert [entry.version for entry in entries] == list(range(1, life.follow_up.version + 1)), "an entry for each move"
    for earlier, later in pairwise(entries):
        assert later.from_state == earlier.to_state
    for entry in entries:
        if entry.kind == Kind.UNDO:
            assert entry.undoes is not None
            assert entry.to_state == entry.undoes.from_state
        elif entry.to_state != entry.from_state:
            allowed = machine.RULES[Kind(entry.kind)].moves[State(entry.from_state)]
            assert entry.to_state in allowed
        assert (entry.author is None) == (entry.kind in BY_ITSELF)
    if entries:
        assert entries[-1].to_state == life.follow_up.state


BY_ITSELF = {
    Kind.DUE, Kind.ENDED, Kind.DORMANT, Kind.ENTERED, Kind.RETURNED, Kind.SEEN, Kind.LEFT, Kind.REJOINED,
    Kind.REOPENED,
}  # fmt: skip


def the_state_is_lawful(life: Life) -> None:
    follow_up = life.follow_up
    assert (follow_up.due_at is not None) == (follow_up.state in DATED_STATES)
    if follow_up.state == State.CLOSED_OUT:
        assert follow_up.closed_for
    if follow_up.state != State.CALLBACK:
        assert follow_up.callback_for is None
    assert bool(follow_up.next_channel) == (follow_up.next_at is not None)
    enrolment = Enrolment.objects.with_access(now=life.clock.now).select_related("course").get(pk=life.enrolment.pk)
    nobody_is_chased = (
        follow_up.state in CLOSED_STATES
        or enrolment.standing != Standing.PRESENT
        or not enrolment.course.is_open(life.clock.now)
        or enrolment.course.has_ended(life.clock.now)
        or (follow_up.state == State.WAITING and enrolment.access == Access.UNKNOWN)
    )
    if nobody_is_chased:
        assert not follow_up.next_channel


def what_was_agreed_stands(before: FollowUp, life: Life, one: Event) -> None:
    """Somebody else's act, or one that reached nobody, moves neither the date nor whose callback it is."""
    if before.state != State.CALLBACK or one.name not in {"call", "contacted", "reminded", "note", "caused", "handed"}:
        return
    assert before.due_at is not None
    others = before.callback_for is not None and one.arguments[0] != life.team.index(before.callback_for)
    reached_nobody = one.name == "call" and one.arguments[1] in UNANSWERED
    early = before.due_at > life.clock.now
    stands = (
        one.name in {"reminded", "note", "caused", "handed"}
        or (one.name == "contacted" and others)
        or (reached_nobody and (early or others))
    )
    after = life.follow_up
    same = (after.state, after.due_at, after.callback_for_id) == (before.state, before.due_at, before.callback_for_id)
    if stands:
        assert same
    elif one.name != "call" or one.arguments[1] not in {Outcome.CALLBACK, Outcome.WRONG_NUMBER}:
        assert after.state != State.CALLBACK


def the_guard_holds(life: Life) -> None:
    """A form opened before the last event changes nothing."""
    version, told = life.follow_up.version, len(life.told())
    if version:
        with pytest.raises(moves.Stale):
            moves.record(
                life.follow_up,
                kind=Kind.CONTACTED,
                author=life.team[0],
                version=version - 1,
                target=Target(State.CONTACTED, life.clock.now),
            )
        assert (life.follow_up.version, len(life.told())) == (version, told)


# Rule by rule: who may move from where to where.

TARGETS = {
    State.WAITING: Target(State.WAITING),
    State.CLOSED_IN: Target(State.CLOSED_IN),
    State.CLOSED_OUT: Target(State.CLOSED_OUT, closed_for=ClosedFor.OTHER),
    **{state: Target(state, MONDAY) for state in DATED_STATES},
}


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind != Kind.UNDO])
def test_a_kind_is_written_either_by_people_or_by_itself(kind: Kind) -> None:
    outcome = Outcome.NO_ANSWER if kind == Kind.CALL else ""
    machine.check(kind, State.TODO, None, by_person=kind not in BY_ITSELF, outcome=outcome)
    with pytest.raises(Forbidden):
        machine.check(kind, State.TODO, None, by_person=kind in BY_ITSELF, outcome=outcome)


@pytest.mark.parametrize(
    ("kind", "state", "to"),
    [
        (Kind.DUE, State.CALLBACK, State.TODO),
        (Kind.DUE, State.CLOSED_IN, State.TODO),
        (Kind.DUE, State.TODO, State.REMINDED),
        (Kind.ENDED, State.CLOSED_IN, State.CLOSED_OUT),
        (Kind.LEFT, State.CLOSED_IN, State.CLOSED_OUT),
        (Kind.DORMANT, State.CLOSED_OUT, State.TODO),
        (Kind.SEEN, State.WAITING, State.CONTACTED),
        (Kind.SEEN, State.CALLBACK, State.CONTACTED),
        (Kind.EMAIL, State.CLOSED_OUT, State.REMINDED),
        (Kind.EMAIL, State.CALLBACK, State.REMINDED),
        (Kind.NOTE, State.TODO, State.CONTACTED),
        (Kind.ASSIGNED, State.TODO, State.CONTACTED),
        (Kind.LIFTED, State.TODO, State.TODO),
        (Kind.BLOCKED, State.CLOSED_IN, State.BLOCKED),
        (Kind.REDATED, State.CLOSED_OUT, State.CALLBACK),
        (Kind.DECLARED, State.CLOSED_IN, State.CLOSED_IN),
        (Kind.CONTACTED, State.TODO, State.WAITING),
    ],
)
def test_what_is_not_in_the_table_is_forbidden(kind: Kind, state: State, to: State) -> None:
    with pytest.raises(Forbidden):
        machine.check(kind, state, TARGETS[to], by_person=kind not in BY_ITSELF)


@pytest.mark.parametrize("state", [state for state in OPEN_STATES if state != State.WAITING])
def test_nothing_but_the_plan_and_time_begins_leads_back_to_waiting(state: State) -> None:
    leading = {kind for kind, rule in machine.RULES.items() if State.WAITING in rule.moves.get(state, ())}
    assert leading <= {Kind.NOTE, Kind.CAUSE, Kind.ASSIGNED}
    assert all(machine.STAYS[state] == {state} for state in State)


@pytest.mark.parametrize("target", [Target(State.TODO), Target(State.CLOSED_OUT), Target(State.WAITING, MONDAY)])
def test_state_date_and_reason_go_together(target: Target) -> None:
    kind = Kind.REJOINED
    with pytest.raises(Forbidden):
        machine.check(kind, State.CLOSED_OUT, target, by_person=False)


def test_an_outcome_leads_where_its_rule_says_and_nowhere_else() -> None:
    for outcome, allowed in machine.AFTER_OUTCOME.items():
        for to in machine.AFTER_CALL:
            if to in allowed:
                machine.check(Kind.CALL, State.TODO, TARGETS[to], by_person=True, outcome=outcome)
            else:
                with pytest.raises(Forbidden):
                    machine.check(Kind.CALL, State.TODO, TARGETS[to], by_person=True, outcome=outcome)


def test_only_a_hand_over_names_an_assignee(life: Life) -> None:
    with pytest.raises(Forbidden):
        moves.record(life.follow_up, kind=Kind.NOTE, author=life.team[0], note="Vu.", assignee=life.team[1].pk)
    moves.record(life.follow_up, kind=Kind.ASSIGNED, author=life.team[0], assignee=life.team[1].pk)
    assert life.follow_up.assignee == life.team[1]
    assert life.follow_up.state == State.WAITING


# An agreed callback.


@pytest.fixture
def agreed(life: Life) -> Life:
    """Team member 0 has promised to call back in two days."""
    life.call(0, Outcome.CALLBACK, 2, 0)
    return life


@pytest.mark.parametrize("outcome", UNANSWERED)
@pytest.mark.parametrize("author", [0, 1])
def test_a_call_without_answer_before_the_date_leaves_the_callback(agreed: Life, outcome: Outcome, author: int) -> None:
    due = agreed.follow_up.due_at
    agreed.call(author, outcome, 0, None)
    assert (agreed.follow_up.state, agreed.follow_up.due_at) == (State.CALLBACK, due)
    assert agreed.follow_up.callback_for == agreed.team[0]
    assert agreed.told()[-1]["outcome"] == outcome, "and yet the timeline tells it"


def test_the_promised_call_without_answer_is_to_do_again_the_next_day(agreed: Life) -> None:
    agreed.days_pass(2)
    assert agreed.follow_up.state == State.CALLBACK
    agreed.call(0, Outcome.NO_ANSWER, 0, None)
    assert agreed.follow_up.state == State.TODO
    assert agreed.follow_up.callback_for is None
    assert (agreed.follow_up.next_channel, agreed.follow_up.next_at) == ("call", agreed.follow_up.due_at)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.WILL_CONNECT, State.CONTACTED),
        (Outcome.NEEDS_SUPPORT, State.BLOCKED),
        (Outcome.DECLINED, State.CLOSED_OUT),
    ],
)
def test_a_colleague_who_speaks_with_the_person_replaces_the_callback(
    agreed: Life, outcome: Outcome, state: State
) -> None:
    agreed.call(1, outcome, 0, None)
    assert agreed.follow_up.state == state


def test_a_new_promise_replaces_the_old_one(agreed: Life) -> None:
    agreed.call(1, Outcome.CALLBACK, 5, None)
    assert agreed.follow_up.due_at == agreed.clock.now + timedelta(days=5)
    assert agreed.follow_up.callback_for is None


def test_the_first_access_closes_the_callback(agreed: Life) -> None:
    agreed.enters()
    assert agreed.follow_up.state == State.CLOSED_IN
    assert agreed.follow_up.callback_for is None


def test_undo_gives_the_promise_back(agreed: Life) -> None:
    before = agreed.follow_up
    agreed.call(1, Outcome.WILL_CONNECT, 0, None)
    agreed.undone()
    after = agreed.follow_up
    assert (after.state, after.due_at, after.callback_for, after.step_day) == (
        before.state,
        before.due_at,
        before.callback_for,
        before.step_day,
    )


# Those who no longer come.


@pytest.mark.parametrize("asked", [True, False])
def test_who_no_longer_comes_is_to_do_again_where_the_plan_asks(life: Life, asked: bool) -> None:
    life.planned([4, 8], dormant=asked)
    life.enters()
    life.days_pass(13)
    assert life.follow_up.state == State.CLOSED_IN
    life.days_pass(2)
    assert life.follow_up.state == (State.TODO if asked else State.CLOSED_IN)
    if asked:
        life.days_pass(0)
        assert [entry["kind"] for entry in life.told()] == [Kind.ENTERED, Kind.DORMANT], "told once"
        assert life.follow_up.next_channel


def test_their_next_access_is_a_return_and_no_first_entry(life: Life) -> None:
    life.planned([4, 8], dormant=True)
    life.enters()
    life.days_pass(15)
    life.enters()
    assert life.follow_up.state == State.CLOSED_IN
    assert [entry["kind"] for entry in life.told()] == [Kind.ENTERED, Kind.DORMANT, Kind.RETURNED]
    life.taken_up(0)
    life.contacted(0)
    life.read()
    assert life.follow_up.state == State.CONTACTED, "a return closes once: the access is older than this contact"
    life.days_pass(15)
    life.enters()
    assert life.follow_up.state == State.CLOSED_IN


def test_who_was_declared_in_and_never_seen_stays_closed(life: Life) -> None:
    life.hides_access()
    life.declared(0)
    assert (life.follow_up.state, life.follow_up.entry_known) == (State.CLOSED_IN, True)
    life.days_pass(30)
    assert life.follow_up.state == State.CLOSED_IN
    life.undone()
    assert not life.follow_up.entry_known


def test_what_was_declared_and_taken_up_again_is_closed_by_the_first_access(life: Life) -> None:
    """Even one that Moodle tells late: from before the last contact."""
    life.tells_never()
    life.days_pass(5)
    came = life.clock.now
    life.declared(0)
    life.days_pass(1)
    life.taken_up(0)
    life.contacted(0)
    assert (life.follow_up.state, life.follow_up.entry_known) == (State.CONTACTED, False)
    life._moodle(last_course_access=came)
    assert life.follow_up.state == State.CLOSED_IN
    assert life.told()[-1]["kind"] == Kind.ENTERED


def test_taken_up_again_after_an_access_that_moodle_saw_is_no_first_access(life: Life) -> None:
    life.enters()
    life.taken_up(0)
    life.contacted(0)
    assert (life.follow_up.state, life.follow_up.entry_known) == (State.CONTACTED, True)
