"""Reading one course from Moodle, page by page, whatever the token may see. Writes nothing."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from moodle_sync.client import ENROLLED, FIELDS, STAMPS, MoodleClient
from moodle_sync.errors import InvalidResponse, MoodleError, MoodleRefused, MoodleUnavailable, Trouble
from moodle_sync.remote import RemoteCourse, RemoteParticipant, RemoteProfile

R = TypeVar("R")
MAX_BROKEN = 50
"""More unreadable profiles than this in one course is not one bad profile: a human must look."""
PROFILES_PER_CALL = 400
GROUPS_PER_CALL = 900
"""PHP takes a thousand parameters at most; a profile needs two."""
STAMPS_PER_FIELDS = 4
"""How many more people fit into a page of stamps: a call costs Moodle as much as 50 people."""
ONLYSUSPENDED_SINCE = 2021051700
"""Moodle 3.11; older ones ignore the option and would list everybody."""
SINCE_36 = "lastcourseaccess"
"""Older ones refuse a whole course for the name of this field."""


@dataclass
class Gap:
    """A row that Moodle could not give: who it is lies between two ids (exclusive)."""

    position: int | None
    """Its rank in the list; None: not known yet."""
    after_id: int
    before_id: int | None = None


@dataclass
class Reading:
    """What a read found besides the people themselves, who go to the caller page by page."""

    facts: RemoteCourse | None = None
    groups: dict[int, str] = field(default_factory=dict)
    groups_listed: bool = False
    members_told: bool = False
    """Who is in which group was told for all groups; else groups come with the people."""
    gaps: list[Gap] = field(default_factory=list)
    overlapping: bool = False
    people: int = 0
    suspended: set[int] | None = None
    """Moodle ids of the suspended enrolments; None: not known."""
    active: set[int] | None = None
    """What Moodle < 3.11 tells instead: everybody else is suspended."""
    missing_rights: list[str] = field(default_factory=list)
    unread: MoodleUnavailable | None = None
    """What stopped an optional call: the people are known, part of the rest is as before."""
    accounts_unread: bool = False


class CourseReader:
    """`alive` is called with the number of people read so far after each answer: it may raise to stop the read."""

    def __init__(
        self,
        client: MoodleClient,
        course_id: int,
        *,
        page_size: int,
        version: int,
        asks_members: bool = True,
        alive: Callable[[int], None] = lambda people: None,
    ) -> None:
        self._client = client
        self._course_id = course_id
        self._page_size = page_size
        self._version = version
        self._asks_members = asks_members
        self._alive = alive
        self._fields = FIELDS
        self._before_36 = False
        self.reading = Reading()
        self._last_id = 0

    def facts(self) -> None:
        """Name, dates, visibility. A course that the token may not look at keeps what is known of it."""
        found = self._optional("course_facts", lambda: self._client.courses_by_id([self._course_id]))
        self.reading.facts = next((c for c in found or [] if c.moodle_id == self._course_id), None)

    def groups(self) -> None:
        """Group names, where the right to list them is given; else they come with the participants."""
        listed = self._optional("groups", lambda: self._client.groups(self._course_id))
        if listed is not None:
            self.reading.groups, self.reading.groups_listed = listed, True

    def members(self) -> Iterator[dict[int, list[int]]]:
        """Who is in which group: ids only and all groups at once, fifty times cheaper than with each person."""
        if not (self._asks_members and self.reading.groups_listed):
            return
        groups = sorted(self.reading.groups)
        try:
            for start in range(0, len(groups), GROUPS_PER_CALL):
                chunk = groups[start : start + GROUPS_PER_CALL]
                yield self._answered(lambda chunk=chunk: self._client.group_members(chunk))  # type: ignore[misc]
        except MoodleUnavailable:
            return
        except MoodleRefused as exc:
            if not exc.code.startswith("invalidrecord"):  # else a group that was listed is gone by now
                self.reading.missing_rights.append("group_members")
            return
        self.reading.members_told = True

    def pages(self, *, stamps_only: bool = False) -> Iterator[list[RemoteParticipant]]:
        """All the people, until an empty page: a page shorter than asked is not the last one."""
        self._begin(STAMPS if stamps_only else FIELDS)
        size = self._page_size * (STAMPS_PER_FIELDS if stamps_only else 1)
        start, known_until = 0, 0
        while True:
            broken = len(self.reading.gaps)
            page = self._page(start, size)
            if not page and len(self.reading.gaps) == broken:
                break
            if page and self._last_id <= known_until:  # whoever answers does not turn the pages
                self.reading.overlapping = True
                break
            self._note(page)
            self._alive(self.reading.people)
            yield page
            start, known_until = start + size, self._last_id
        if self.reading.gaps and not self.reading.people:
            raise MoodleRefused(Trouble.TOO_MANY_BROKEN, ENROLLED)

    def profiles(self, user_ids: Sequence[int]) -> Iterator[list[RemoteProfile]]:
        """These people with every field, each looked up alone. Where Moodle cannot give one there is a gap."""
        wanted = set(user_ids)
        for start in range(0, len(user_ids), PROFILES_PER_CALL):
            found, broken = self._around(
                user_ids[start : start + PROFILES_PER_CALL],
                lambda ids: self._client.profiles(self._course_id, ids),
            )
            self.reading.gaps += [Gap(None, user_id - 1, user_id + 1) for user_id in broken]
            if len(self.reading.gaps) > MAX_BROKEN:
                raise MoodleRefused(Trouble.TOO_MANY_BROKEN)
            unique = {profile.person.moodle_id: profile for profile in found}
            yield [profile for moodle_id, profile in unique.items() if moodle_id in wanted]

    def suspensions(self) -> None:
        """Suspended, expired or not yet begun enrolments, where the token may know."""
        if self._version >= ONLYSUSPENDED_SINCE:
            self.reading.suspended = self._optional("suspended", lambda: self._ids(self._client.suspended_ids))
        else:
            self.reading.active = self._optional("suspended", lambda: self._ids(self._client.active_ids))

    def accounts(self, chunks: Iterable[list[int]]) -> Iterator[dict[int, bool]]:
        """Which of these accounts are suspended. One that Moodle cannot give is left unknown."""
        for user_ids in chunks:
            answer = self._optional("accounts", lambda ids=user_ids: self._around(ids, self._accounts))  # type: ignore[misc]
            if answer is None:
                self.reading.accounts_unread = self.reading.unread is not None
                return
            yield dict(answer[0])

    def _ids(self, ask: Callable[..., set[int]]) -> set[int]:
        """All at once; page by page and around the rows that Moodle cannot give, where there are some."""
        try:
            return self._answered(lambda: ask(self._course_id))
        except InvalidResponse:
            pass
        found: set[int] = set()
        for start in range(0, self.reading.people + len(self.reading.gaps), self._page_size):
            found |= self._ids_between(ask, start, self._page_size)
        return found

    def _ids_between(self, ask: Callable[..., set[int]], start: int, limit: int) -> set[int]:
        try:
            return self._answered(lambda: ask(self._course_id, start=start, limit=limit))
        except InvalidResponse:
            if limit == 1:
                return set()
            half = limit // 2
            return self._ids_between(ask, start, half) | self._ids_between(ask, start + half, limit - half)

    def _accounts(self, user_ids: Sequence[int]) -> list[tuple[int, bool]]:
        return list(self._client.accounts_suspended(user_ids).items())

    def _around(self, user_ids: Sequence[int], ask: Callable[[Sequence[int]], list[R]]) -> tuple[list[R], list[int]]:
        """What is said of these people, and the ids of those who make Moodle's answer fail."""
        try:
            return self._answered(lambda: ask(user_ids)), []
        except InvalidResponse:
            if len(user_ids) == 1:
                return [], list(user_ids)
        half = len(user_ids) // 2
        (first, broken), (second, also_broken) = self._around(user_ids[:half], ask), self._around(user_ids[half:], ask)
        return first + second, broken + also_broken

    def _begin(self, fields: tuple[str, ...]) -> None:
        """Forget what an earlier pass over the people found."""
        self.reading.gaps, self.reading.overlapping, self.reading.people, self._last_id = [], False, 0, 0
        asked = [name for name in fields if name != "groups" and not (self._before_36 and name == SINCE_36)]
        self._fields = tuple(asked) if self.reading.members_told else (*asked, "groups")

    def _page(self, start: int, limit: int) -> list[RemoteParticipant]:
        """One page; around a profile that Moodle cannot give, its two halves, down to that single row."""
        try:
            page = self._enrolled(start, limit)
        except InvalidResponse as exc:
            if limit == 1:
                self._skip(start, exc)
                return []
            half = limit // 2
            return self._page(start, half) + self._page(start + half, limit - half)
        if page:
            self._close_gaps(page[0].moodle_id)
            self._last_id = page[-1].moodle_id
        return page

    def _enrolled(self, start: int, limit: int) -> list[RemoteParticipant]:
        def ask() -> list[RemoteParticipant]:
            return self._client.enrolled(self._course_id, start=start, limit=limit, fields=self._fields)

        try:
            return self._answered(ask)
        except MoodleRefused as exc:
            if exc.code != "invaliduserfield" or SINCE_36 not in self._fields:
                raise
        self._before_36 = True
        self._fields = tuple(name for name in self._fields if name != SINCE_36)
        return self._answered(ask)

    def _answered(self, ask: Callable[[], R]) -> R:
        """One call. Any answer, even «no», shows that the read is alive."""
        try:
            return ask()
        finally:
            self._alive(self.reading.people)

    def _skip(self, position: int, exc: InvalidResponse) -> None:
        self.reading.gaps.append(Gap(position, self._last_id))
        if len(self.reading.gaps) > MAX_BROKEN:
            raise MoodleRefused(Trouble.TOO_MANY_BROKEN, exc.function) from exc

    def _close_gaps(self, next_id: int) -> None:
        for gap in self.reading.gaps:
            if gap.before_id is None:
                gap.before_id = next_id

    def _note(self, page: list[RemoteParticipant]) -> None:
        self.reading.people += len(page)
        for person in page:
            if person.groups:
                self.reading.groups |= dict(person.groups)

    def _optional(self, right: str, ask: Callable[[], R]) -> R | None:
        """What the course can be followed without: a refusal is noted, a passing trouble leaves it for next time."""
        try:
            return ask()
        except MoodleUnavailable as exc:
            self.reading.unread = self.reading.unread or exc
        except MoodleError:
            self.reading.missing_rights.append(right)
        return None
