"""What the long menus offer: sessions, groups, colleagues. At most SHOWN at once; a search inside finds the others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import Assignment, User
from dashboard.models import FollowUp
from dashboard.roster.choices import UNGROUPED, Choice
from dashboard.roster.queries import Seen
from dashboard.scope import visible_courses, visible_enrolments, visible_groups
from moodle_sync.models import Course, Group, Membership
from moodle_sync.text import folded

SHOWN = 30
ME, NOBODY = "me", "none"
MENU = "menu"
"""Without script, the address names the menu that stands open."""
FIND = "find_"
"""Before the name of a filter: what is typed into its menu's search."""


@dataclass(frozen=True)
class Menu:
    """The boxes of one filter, in sections; the first has no title."""

    name: str
    text: str
    """What is looked for."""
    chosen: list[str]
    sections: list[tuple[str, list[Choice]]]
    shown: int
    """Boxes that are neither fixed nor chosen."""
    has_more: bool
    """There are others than these."""
    is_drawn: bool
    needs_course: bool

    @property
    def is_long(self) -> bool:
        """It has a search of its own."""
        return self.has_more or bool(self.text)


class Source(Protocol):
    @property
    def fixed(self) -> list[Choice]:
        """Choices that no search hides."""

    def named(self, values: Sequence[str]) -> list[Choice]:
        """Those of `values` that the user may choose, with their words."""

    def found(self, text: str) -> Iterable[tuple[str, Choice]]:
        """(title of its section, choice), in order."""


def menu(name: str, source: Source, params: QueryDict, chosen: list[Choice], *, drawn: bool) -> Menu:
    """What is `chosen` comes first, whatever is looked for: a box that goes takes its filter with it.

    `drawn`: with the others too. A page has no use for them until somebody opens the menu.
    """
    text = params.get(FIND + name, "").strip()
    kept = {value for value, _label in chosen}
    others = [(title, choice) for title, choice in source.found(text) if choice[0] not in kept] if drawn else []
    sections: dict[str, list[Choice]] = {"": [*source.fixed, *chosen]}
    for title, choice in others[:SHOWN]:
        sections.setdefault(title, []).append(choice)
    return Menu(
        name=name,
        text=text,
        chosen=params.getlist(name),
        sections=list(sections.items()),
        shown=len(others[:SHOWN]),
        has_more=len(others) > SHOWN,
        is_drawn=drawn,
        needs_course=drawn and isinstance(source, Groups) and not others and not source.courses,
    )


def _ids(values: Iterable[str]) -> list[int]:
    return [int(value) for value in values if value.isascii() and value.isdigit() and len(value) < 19]


def _holds(text: str, words: list[str]) -> bool:
    return all(word in text for word in words)


@dataclass
class Courses:
    user: User
    seen: Seen | None = None

    @property
    def fixed(self) -> list[Choice]:
        return []

    @cached_property
    def _mine(self) -> QuerySet[Course]:
        # By name as people sort: «Éducation» stands before «Laïcité», wherever the database would put it.
        mine = visible_courses(self.user) if self.seen is None else Course.objects.filter(pk__in={*self.seen.values()})
        return mine.order_by("sort_key", "pk")

    def named(self, values: Sequence[str]) -> list[Choice]:
        ids = _ids(values)
        return [choice for _title, choice in _choices(self._mine.filter(pk__in=ids))] if ids else []

    def found(self, text: str) -> Iterable[tuple[str, Choice]]:
        rows = self._mine
        for word in folded(text).split():
            rows = rows.filter(sort_key__contains=word)
        # Those chosen may be among the first, and are left out.
        return _choices(rows[: 2 * SHOWN + 1])


def _choices(courses: QuerySet[Course]) -> Iterable[tuple[str, Choice]]:
    return [("", (str(pk), name)) for pk, name in courses.values_list("pk", "full_name")]


@dataclass
class Groups:
    """A coordinator has thousands: only those of the chosen sessions."""

    user: User
    courses: list[int]
    seen: Seen | None = None

    @property
    def fixed(self) -> list[Choice]:
        return [(UNGROUPED, _("Without group"))]

    @cached_property
    def _mine(self) -> QuerySet[Group]:
        if self.seen is None:
            return visible_groups(self.user)
        return Group.objects.filter(
            gone_at=None, pk__in=Membership.objects.filter(enrolment__in=[*self.seen]).values("group")
        )

    def named(self, values: Sequence[str]) -> list[Choice]:
        ids = _ids(values)
        return [choice for _title, choice in self._told(self._mine.filter(pk__in=ids))] if ids else []

    def found(self, text: str) -> Iterable[tuple[str, Choice]]:
        if self.courses:
            rows = self._mine.filter(course__in=self.courses)
        elif self.user.is_coordinator:
            return []
        else:
            rows = self._mine
        words = folded(text).split()
        return [(title, choice) for title, choice in self._told(rows) if _holds(folded(choice[1]), words)]

    def _told(self, rows: QuerySet[Group]) -> Iterable[tuple[str, Choice]]:
        ordered = rows.order_by("course__sort_key", "course", "name", "pk")
        found = ordered.values_list("pk", "name", "course__full_name")
        return [(course, (str(pk), name)) for pk, name, course in found]


@dataclass
class Colleagues:
    """Who has people in the user's sight: entrusted with them, or acting for them."""

    user: User

    @property
    def fixed(self) -> list[Choice]:
        return [(ME, _("Me")), (NOBODY, _("Nobody"))]

    @cached_property
    def _seen(self) -> QuerySet[User]:
        courses = visible_courses(self.user)
        entrusted = Assignment.objects.current().filter(course__in=courses).values("user")
        if self.user.is_coordinator:
            theirs = FollowUp.objects.filter(assignee=OuterRef("pk"), enrolment__course__in=courses)
            acts = Q(Exists(theirs))
        else:
            acts = Q(pk__in=FollowUp.objects.filter(enrolment__in=visible_enrolments(self.user)).values("assignee"))
        return User.objects.filter(Q(pk__in=entrusted) | acts).exclude(pk=self.user.pk)

    def named(self, values: Sequence[str]) -> list[Choice]:
        ids = _ids(values)
        return _named(self._seen.filter(pk__in=ids)) if ids else []

    def found(self, text: str) -> Iterable[tuple[str, Choice]]:
        words = folded(text).split()
        return [("", choice) for choice in _named(self._seen) if _holds(folded(choice[1]), words)]


def _named(users: QuerySet[User]) -> list[Choice]:
    return sorted(((str(user.pk), str(user)) for user in users), key=lambda choice: folded(choice[1]))
