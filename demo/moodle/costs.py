"""What a call would have cost a real Moodle, fitted to the measurements of a real 5.1 site.

The model, in milliseconds:

- every call: 40;
- `core_enrol_get_enrolled_users` with `userfields`: 0.75 a person returned, + 0.4 with `roles`, + 1.3 with
  `email`, + 0.8 with `groups`, − 0.25 when e-mail and groups are asked together (they share work);
- the same without `userfields` (all fields): 5.4 a person;
- `onlysuspended`/`onlyactive`: + 0.009 for each person enrolled (the scan), whatever comes out;
- `core_group_get_group_members`: 0.016 a member;
- `core_user_get_course_user_profiles`: 6.5 a person; `core_user_get_users_by_field`: 4.3 a person.

It gives each row of the measured table within 10 %, which tests assert. The offset costs nothing.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Collection
from typing import Any

CALL = 40.0
PERSON = 0.75
PERSON_ALL_FIELDS = 5.4
FIELD = {"roles": 0.4, "email": 1.3, "groups": 0.8}
EMAIL_AND_GROUPS = -0.25
SCANNED = 0.009
GROUP_MEMBER = 0.016
COURSE_PROFILE = 6.5
USER_BY_FIELD = 4.3


def enrolled_users(people: int, fields: Collection[str] | None, enrolled: int, *, by_status: bool = False) -> float:
    cost = CALL + (SCANNED * enrolled if by_status else 0.0)
    if fields is None:
        return cost + PERSON_ALL_FIELDS * people
    person = PERSON + sum(FIELD.get(name, 0.0) for name in set(fields))
    if "email" in fields and "groups" in fields:
        person += EMAIL_AND_GROUPS
    return cost + person * people


class CostAccount:
    """Adds up what the calls cost; counts them, and how many ran at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self.ms = 0.0
            self.people = 0
            self.calls: Counter[str] = Counter()
            self.ms_by_function: defaultdict[str, float] = defaultdict(float)
            self.simultaneous = self._running

    def begin(self) -> None:
        with self._lock:
            self._running += 1
            self.simultaneous = max(self.simultaneous, self._running)

    def end(self) -> None:
        with self._lock:
            self._running -= 1

    def add(self, function: str, ms: float, people: int) -> None:
        with self._lock:
            self.ms += ms
            self.people += people
            self.calls[function] += 1
            self.ms_by_function[function] += ms

    def as_dict(self) -> dict[str, Any]:
        with self._lock:
            return {
                "ms": round(self.ms, 3),
                "people": self.people,
                "calls": dict(self.calls),
                "ms_by_function": {name: round(ms, 3) for name, ms in self.ms_by_function.items()},
                "simultaneous": self.simultaneous,
            }
