"""The state machine of product.md §4: who may move a follow-up from where to where, and what a move may write.

`moves` asks before it writes anything; a move that is not in the tables is a fault of its author, not of the user.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from dashboard.enums import CLOSED_STATES, DATED_STATES, OPEN_STATES, UNANSWERED, Kind, Outcome, State
from dashboard.follow_up.rules import Target


class By(Enum):
    """The cause of a move."""

    PERSON = "person"
    PLAN = "plan"
    """Time alone: a date has passed."""
    SYNC = "sync"
    """What a read brought."""


class Forbidden(Exception):
    """The rules do not allow this move. Nothing was written."""


Moves = Mapping[State, frozenset[State]]


class Rule(NamedTuple):
    by: By
    moves: Moves
    """From each state, where to."""
    fields: frozenset[str] = frozenset()
    """What the entry may also set, besides state, date and reason of closing."""


CLOSED = frozenset(CLOSED_STATES)
OPEN = frozenset(OPEN_STATES)
ANY = OPEN | CLOSED
ACTIVE = OPEN - {State.WAITING}
STAYS = {state: frozenset({state}) for state in State}


def _from(states: Iterable[State], *to: State) -> Moves:
    return {state: frozenset(to) for state in states}


def _person(moves: Moves, *fields: str) -> Rule:
    return Rule(By.PERSON, moves, frozenset({"note", *fields}))


def _sync(moves: Moves, *fields: str) -> Rule:
    return Rule(By.SYNC, moves, frozenset({"happened", *fields}))


AFTER_CALL = (State.TODO, State.CALLBACK, State.CONTACTED, State.BLOCKED, State.CLOSED_OUT)
BEGUN_AGAIN = (State.WAITING, State.TODO, State.CLOSED_IN, State.CLOSED_OUT)
CONTACTED = {
    **_from(ANY, State.CONTACTED),
    State.CALLBACK: frozenset({State.CALLBACK, State.CONTACTED}),
}
WRITTEN = {
    **_from(OPEN, State.REMINDED),
    State.CALLBACK: frozenset({State.CALLBACK}),
    State.CONTACTED: frozenset({State.REMINDED, State.CONTACTED}),
    State.BLOCKED: frozenset({State.REMINDED, State.BLOCKED}),
    # Who no longer comes may be written to; who will not follow is left in peace.
    State.CLOSED_IN: frozenset({State.REMINDED, State.CLOSED_IN}),
}
REDATED = {
    **{state: frozenset({state, State.CALLBACK}) for state in DATED_STATES},
    State.WAITING: frozenset({State.CALLBACK}),
}

RULES: Mapping[Kind, Rule] = {
    # People.
    Kind.CALL: _person(_from(ANY, *AFTER_CALL), "outcome", "cause"),
    Kind.CONTACTED: _person(
        {**_from(ANY, State.CONTACTED), State.CALLBACK: frozenset({State.CALLBACK, State.CONTACTED})}
    ),
    Kind.EMAIL: _person(WRITTEN),
    Kind.MESSAGE: _person(WRITTEN),
    Kind.NOTE: _person(STAYS),
    Kind.BOUNCED: _person(STAYS),
    Kind.CAUSE: _person(STAYS, "cause"),
    Kind.ASSIGNED: _person(STAYS, "assignee"),
    Kind.REDATED: _person(REDATED),
    Kind.BLOCKED: _person(_from(OPEN, State.BLOCKED), "cause"),
    Kind.LIFTED: _person(_from([State.BLOCKED], State.TODO, State.CONTACTED)),
    Kind.DECLARED: _person(_from(OPEN | {State.CLOSED_OUT}, State.CLOSED_IN), "cause"),
    Kind.CLOSED: _person(_from(OPEN | {State.CLOSED_IN}, State.CLOSED_OUT), "cause"),
    Kind.RESUMED: _person(_from(CLOSED, State.TODO, State.WAITING)),
    # The plan, and time.
    Kind.DUE: Rule(
        By.PLAN,
        {
            **_from([State.WAITING, State.BLOCKED], State.TODO),
            **_from([State.REMINDED, State.CONTACTED], State.TODO, State.CLOSED_IN),  # closed: who is in has come
        },
    ),
    Kind.ENDED: Rule(By.PLAN, _from(OPEN, State.CLOSED_OUT)),
    Kind.DORMANT: Rule(By.PLAN, _from([State.CLOSED_IN], State.TODO)),
    # Reads of Moodle.
    Kind.ENTERED: _sync(_from(ANY, State.CLOSED_IN), "entry_known"),
    Kind.RETURNED: _sync(_from(OPEN, State.CLOSED_IN)),
    Kind.SEEN: _sync({**_from(ACTIVE, State.CONTACTED), State.CALLBACK: frozenset({State.CALLBACK})}),
    Kind.LEFT: _sync(_from(OPEN, State.CLOSED_OUT)),
    Kind.REJOINED: _sync(_from(CLOSED, *BEGUN_AGAIN), "entry_known"),
    Kind.REOPENED: _sync(_from([State.CLOSED_OUT], *BEGUN_AGAIN), "entry_known"),
}
"""`undo` is no rule: it gives back the state that the undone entry came from, and no other."""

AFTER_OUTCOME: Mapping[Outcome, frozenset[State]] = {
    Outcome.CONNECTED_LIVE: frozenset({State.CONTACTED}),
    Outcome.WILL_CONNECT: frozenset({State.CONTACTED}),
    Outcome.NEEDS_SUPPORT: frozenset({State.BLOCKED}),
    Outcome.CALLBACK: frozenset({State.CALLBACK}),
    Outcome.DECLINED: frozenset({State.CLOSED_OUT}),
    # An agreed callback may outlive a call that reached nobody.
    Outcome.VOICEMAIL: frozenset({State.TODO, State.CALLBACK}),
    Outcome.THIRD_PARTY: frozenset({State.TODO, State.CALLBACK}),
    Outcome.NO_ANSWER: frozenset({State.TODO, State.CALLBACK}),
    Outcome.WRONG_NUMBER: frozenset({State.TODO, State.BLOCKED, State.CALLBACK}),
    Outcome.DO_NOT_CALL: frozenset({State.TODO, State.BLOCKED}),
}


def check(
    kind: Kind,
    state: str,
    to: Target | None,
    *,
    by_person: bool,
    outcome: str = "",
    fields: Iterable[str] = (),
) -> None:
    """Raises Forbidden. Without a target the entry only tells, and that is always allowed to whom its kind is."""
    rule = RULES.get(kind)
    if rule is None or by_person != (rule.by == By.PERSON):
        raise Forbidden(f"{kind} is not written by {'a person' if by_person else 'the system'}")
    if extra := set(fields) - rule.fields:
        raise Forbidden(f"{kind} does not set {', '.join(sorted(extra))}")
    if (kind == Kind.CALL) != bool(outcome):
        raise Forbidden("a call, and only a call, has an outcome")
    if to is None:
        return
    if to.state not in rule.moves.get(State(state), frozenset()):
        raise Forbidden(f"{kind}: not from {state} to {to.state}")
    if outcome and to.state not in AFTER_OUTCOME[Outcome(outcome)]:
        raise Forbidden(f"{outcome} does not lead to {to.state}")
    _check_target(to)


def _check_target(to: Target) -> None:
    if (to.due_at is not None) != (to.state in DATED_STATES):
        raise Forbidden(f"{to.state} and its date do not go together")
    reasoned = to.closed_for is not None
    # Whoever came in after all keeps the reason of an earlier closing.
    if reasoned != (to.state == State.CLOSED_OUT) and not (reasoned and to.state == State.CLOSED_IN):
        raise Forbidden(f"{to.state} and its reason do not go together")
    if to.callback_for is not None and to.state != State.CALLBACK:
        raise Forbidden("only a callback has somebody who calls back")


KEPT_BEFORE_ITS_DATE = [*UNANSWERED, Outcome.WRONG_NUMBER]


def keeps_callback(
    kind: Kind, outcome: str, *, due_at: datetime | None, owner: int | None, author: int | None, now: datetime
) -> bool:
    """Does an agreed callback stand although this was done? Only who spoke with the person replaces it.

    Reminders leave it alone; so do a colleague's «contacted», a call that reached nobody before its date, and one
    of a colleague's after it. What somebody decides about the follow-up itself (close, block, date) is not asked here.
    """
    others = owner is not None and owner != author
    if kind in {Kind.EMAIL, Kind.MESSAGE}:
        return True
    if kind == Kind.CONTACTED:
        return others
    if kind == Kind.CALL and outcome in KEPT_BEFORE_ITS_DATE:
        return others or due_at is None or due_at > now
    return False
