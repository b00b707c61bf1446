"""What happens in a world as time passes: people come in, come back, enrol, change group, leave.

Nothing runs by itself: `advance(now)` makes everything happen that was due by then, in order of time. What
happens depends on the seed and on the time only, so a world built twice with the same birth has the same
story; contacts are kept in a journal so that a restart tells it again.

Times are the world's own clock. `speed` makes life denser (more people come in per hour); it never makes
the clock run ahead, so that no access lies in the future.
"""

from __future__ import annotations

import heapq
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .people import People
from .world import Course, User, World

DAY = 86_400
HOUR = 3_600
# Average days until someone who will come by themselves comes, and until they come back.
FIRST_ACCESS_DAYS = 9.0
RETURN_DAYS = 2.5
# The part of those not yet in who would never come without being contacted.
HOLD_OUT = 0.35
# Per course of 100 people and day.
ENROL_PER_DAY, MOVE_PER_DAY, LEAVE_PER_DAY = 0.25, 0.15, 0.12


@dataclass(frozen=True)
class Nudge:
    """How likely a contact brings someone in, and how soon (seconds)."""

    probability: float
    soonest: int
    latest: int


NUDGES = {
    "connected_live": Nudge(1.0, 0, 0),
    "will_connect": Nudge(0.7, 20, 240),
    "contacted": Nudge(0.35, 60, 1_800),
    "third_party": Nudge(0.3, 300, 3_600),
    "voicemail": Nudge(0.25, 120, 3_600),
    "needs_support": Nudge(0.15, 1_800, 14_400),
    "callback": Nudge(0.15, 600, 7_200),
    "no_answer": Nudge(0.08, 600, 7_200),
}


@dataclass(order=True)
class Event:
    time: int
    order: int
    kind: str = field(compare=False)
    course_id: int = field(compare=False)
    user_id: int = field(compare=False, default=0)


class Life:
    def __init__(
        self, world: World, people: People, *, seed: str, speed: float = 1.0, journal: Path | None = None
    ) -> None:
        self.world = world
        self.people = people
        self.seed = seed
        self.speed = speed
        self.journal = journal
        self.time = world.born
        self.log: list[Event] = []
        self._due: list[Event] = []
        self._order = 0
        self._turns: dict[tuple[object, ...], int] = {}
        self._happen: dict[str, Callable[[Event], None]] = {
            "platform": self._platform,
            "access": self._access,
            "nudged": self._access,
            "enrol": self._enrol,
            "move": self._move,
            "leave": self._leave,
        }

    def start(self) -> None:
        """Plan the first thing that happens to everyone, then retell the contacts of the journal."""
        for course in self.world.courses.values():
            for user_id in sorted(course.enrolments):
                self._plan_access(course, user_id)
            for kind in ("enrol", "move", "leave"):
                self._plan_course(kind, course)
        if self.journal is not None and self.journal.exists():
            for line in self.journal.read_text(encoding="utf-8").splitlines():
                self._retell(json.loads(line))

    def _retell(self, contact: dict[str, Any]) -> None:
        if contact["time"] <= self.world.now():
            self.advance(contact["time"])
            self._nudge(contact["user"], contact["course"], contact["outcome"], contact["time"])

    def advance(self, now: int) -> None:
        while self._due and self._due[0].time <= now:
            event = heapq.heappop(self._due)
            self.time = max(self.time, event.time)
            self._happen[event.kind](event)
            self.log.append(event)
        self.time = max(self.time, now)

    def contacted(self, *, course_id: int, outcome: str, user_id: int | None = None, email: str = "") -> int | None:
        """Someone was contacted; says when they will come in because of it, or None.

        Raises KeyError for a person or course that is not here.
        """
        if user_id is None:
            users = self.world.users.values()
            user_id = next((user.id for user in users if user.email == email), None)
        if user_id not in self.world.courses[course_id].enrolments:
            raise KeyError("nobody of that id or e-mail in this course")
        now = self.world.now()
        if self.journal is not None:
            entry = {"time": now, "user": user_id, "course": course_id, "outcome": outcome}
            with self.journal.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        return self._nudge(user_id, course_id, outcome, now)

    def _nudge(self, user_id: int, course_id: int, outcome: str, now: int) -> int | None:
        nudge = NUDGES.get(outcome)
        enrolment = self.world.courses[course_id].enrolments.get(user_id)
        if nudge is None or enrolment is None or self.world.users[user_id].suspended:
            return None
        rng = self._random("nudge", user_id, course_id)
        if rng.random() >= nudge.probability:
            return None
        comes_at = now + rng.randint(nudge.soonest, nudge.latest)
        self._push(comes_at, "nudged", course_id, user_id)
        self.advance(now)
        return comes_at

    # Planning

    def _random(self, *key: object) -> random.Random:
        """Its own dice for each person and purpose: what one does never shifts what another does."""
        turn = self._turns[key] = self._turns.get(key, 0) + 1
        return random.Random(f"{self.seed}:{':'.join(map(str, key))}:{turn}")

    def _push(self, time: int, kind: str, course_id: int, user_id: int = 0) -> None:
        self._order += 1
        heapq.heappush(self._due, Event(time, self._order, kind, course_id, user_id))

    def _after(self, rng: random.Random, days: float) -> int:
        return max(1, int(rng.expovariate(1 / (days * DAY)) / self.speed))

    def _plan_access(self, course: Course, user_id: int) -> None:
        enrolment = course.enrolments[user_id]
        user = self.world.users[user_id]
        opens = max(course.startdate, enrolment.timestart, self.time)
        if user.suspended or enrolment.suspended or not course.visible:
            return
        rng = self._random("access", user_id, course.id)
        if not enrolment.lastcourseaccess and rng.random() < HOLD_OUT:
            return
        days = RETURN_DAYS if enrolment.lastcourseaccess else FIRST_ACCESS_DAYS
        at = opens + self._after(rng, days)
        if course.enddate and at > course.enddate:
            return
        # Half of those never seen on the site look around first and open the course later.
        first = "platform" if not user.lastaccess and rng.random() < 0.5 else "access"
        self._push(at, first, course.id, user_id)

    def _plan_course(self, kind: str, course: Course) -> None:
        size = len(course.enrolments)
        rate = {"enrol": ENROL_PER_DAY, "move": MOVE_PER_DAY, "leave": LEAVE_PER_DAY}[kind] * size / 100
        if not rate or not course.visible or (course.enddate and course.enddate < self.time):
            return
        rng = self._random(kind, course.id)
        # The larger the speed, the more comings and goings; far less than accesses, lists stay lists.
        self._push(self.time + self._after(rng, 1 / rate) + HOUR // 4, kind, course.id)

    # Happening

    def _access(self, event: Event) -> None:
        course, user = self.world.courses[event.course_id], self.world.users[event.user_id]
        enrolment = course.enrolments.get(event.user_id)
        if enrolment is None:
            return
        self._enter(user, event.time)
        enrolment.lastcourseaccess = max(enrolment.lastcourseaccess, event.time)
        if event.kind == "access":
            self._plan_access(course, event.user_id)

    def _platform(self, event: Event) -> None:
        self._enter(self.world.users[event.user_id], event.time)
        rng = self._random("platform", event.user_id, event.course_id)
        self._push(event.time + self._after(rng, 1.0), "access", event.course_id, event.user_id)

    def _enter(self, user: User, time: int) -> None:
        user.firstaccess = user.firstaccess or time
        user.lastaccess = max(user.lastaccess, time)

    def _members(self, course: Course) -> list[int]:
        """Those with nothing but a learner's role, in no order that could shift."""
        learner = {"student", "participant"}
        return [i for i in sorted(course.enrolments) if learner.issuperset(course.enrolments[i].roles)]

    def _enrol(self, event: Event) -> None:
        course = self.world.courses[event.course_id]
        user = self.world.add_user(self.people.plain(self.world.new_user_id()))
        groups = list(course.groups.values())
        rng = self._random("group", course.id)
        role = self._learner_role(course)
        self.world.enrol(course, user, role, groups=[rng.choice(groups)] if groups else [])
        event.user_id = user.id
        self._plan_access(course, user.id)
        self._plan_course("enrol", course)

    def _learner_role(self, course: Course) -> str:
        members = self._members(course)
        return course.enrolments[members[0]].roles[0] if members else "student"

    def _move(self, event: Event) -> None:
        course = self.world.courses[event.course_id]
        rng = self._random("moved", course.id)
        groups = list(course.groups.values())
        members = self._members(course)
        if len(groups) > 1 and members:
            event.user_id = rng.choice(members)
            old = course.groups_of(event.user_id)
            for group in old:
                group.members.discard(event.user_id)
            rng.choice([group for group in groups if group not in old]).members.add(event.user_id)
        self._plan_course("move", course)

    def _leave(self, event: Event) -> None:
        course = self.world.courses[event.course_id]
        members = self._members(course)
        if members:
            event.user_id = self._random("left", course.id).choice(members)
            self.world.unenrol(course, event.user_id)
        self._plan_course("leave", course)
