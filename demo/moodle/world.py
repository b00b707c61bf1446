"""The data of one simulated Moodle site: people, courses, enrolments, tokens, settings."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import roles as cap
from .clock import Clock
from .costs import CostAccount
from .faults import Faults

if TYPE_CHECKING:
    from .call import Call
    from .life import Life

RELEASES = {
    "5.1": ("5.1.3+ (Build: 20260327)", "2025100603.09"),
    "4.3": ("4.3 (Build: 20231009)", "2023100900"),
}
NO_GROUPS, SEPARATE_GROUPS, VISIBLE_GROUPS = 0, 1, 2
SITE_COURSE_ID = 1

# PHP's strip_tags: `<` opens a tag unless a blank follows, and an unclosed tag eats the rest.
TAG = re.compile(r"<(?!\s)[^>]*>?")
BARE_AMPERSAND = re.compile(r"&(?![a-zA-Z0-9#]{1,8};)")


def formatted(name: str) -> str:
    """What Moodle's `format_string` makes of a course or group name."""
    return TAG.sub("", BARE_AMPERSAND.sub("&amp;", name))


@dataclass(slots=True)
class User:
    id: int
    username: str
    firstname: str
    lastname: str
    email: str
    city: str = ""
    country: str = "FR"
    phone1: str = ""
    phone2: str = ""
    institution: str = ""
    department: str = ""
    idnumber: str = ""
    firstaccess: int = 0
    lastaccess: int = 0
    suspended: bool = False
    # 0 hides the address from course members, 1 shows it to everyone, 2 to course members.
    maildisplay: int = 2
    password: str = ""
    customfields: tuple[tuple[str, str, str], ...] = ()
    # What a role in the system context grants (a service account has one).
    capabilities: frozenset[str] = frozenset()

    @property
    def fullname(self) -> str:
        return f"{self.firstname} {self.lastname}"

    def bad_fields(self) -> frozenset[str]:
        """Fields that do not survive Moodle's own cleaning of what it returns."""
        texts = {"firstname": self.firstname, "lastname": self.lastname, "city": self.city}
        bad = {name for name, text in texts.items() if "<" in text and TAG.search(text)}
        if self.country and not (self.country.isascii() and self.country.isalpha()):
            bad.add("country")
        if bad & {"firstname", "lastname"}:
            bad.add("fullname")
        return frozenset(bad)


@dataclass(slots=True)
class Enrolment:
    user_id: int
    roles: list[str]
    suspended: bool = False
    timestart: int = 0
    timeend: int = 0
    lastcourseaccess: int = 0

    def active(self, now: int) -> bool:
        return not self.suspended and self.timestart <= now and (not self.timeend or now < self.timeend)


@dataclass
class Group:
    id: int
    course_id: int
    name: str
    idnumber: str = ""
    members: set[int] = field(default_factory=set)


@dataclass
class Course:
    id: int
    shortname: str
    fullname: str
    startdate: int = 0
    enddate: int = 0
    visible: bool = True
    groupmode: int = VISIBLE_GROUPS
    category_id: int = 1
    category_name: str = "Category 1"
    groups: dict[int, Group] = field(default_factory=dict)
    enrolments: dict[int, Enrolment] = field(default_factory=dict)

    def groups_of(self, user_id: int) -> list[Group]:
        return [group for group in self.groups.values() if user_id in group.members]

    def members_of(self, groups: Iterable[Group]) -> set[int]:
        return set().union(*(group.members for group in groups))


@dataclass
class Token:
    value: str
    user_id: int
    service: str
    valid_until: int = 0


@dataclass
class Service:
    shortname: str
    functions: set[str]
    enabled: bool = True
    # None: every user may ask a token by password (the official mobile service).
    allowed_users: set[int] | None = None


@dataclass
class Settings:
    showuseridentity: tuple[str, ...] = ("email",)
    hiddenuserfields: frozenset[str] = frozenset()


class World:
    """One site. Build it with the `add_…` methods, serve it with `demo.moodle.running`.

    `static=True` promises that nothing changes by itself: whole answers are then kept and sent
    again; call `touch()` after changing anything by hand.
    """

    def __init__(
        self,
        name: str,
        version: str = "5.1",
        *,
        sitename: str = "Moodle de démonstration",
        clock: Clock | None = None,
        static: bool = False,
    ) -> None:
        self.name = name
        self.version = version
        self.release, self.build = RELEASES[version]
        self.sitename = sitename
        self.clock = clock or Clock()
        self.born = self.clock.now()
        self.static = static
        self.settings = Settings()
        self.roles = cap.stock_roles()
        self.users: dict[int, User] = {}
        self.courses: dict[int, Course] = {}
        self.tokens: dict[str, Token] = {}
        self.services = {
            "suivi": Service("suivi", set(cap.DEDICATED_FUNCTIONS), allowed_users=set()),
            "moodle_mobile_app": Service("moodle_mobile_app", set(cap.MOBILE_FUNCTIONS)),
        }
        self.faults = Faults()
        self.account = CostAccount()
        self.life: Life | None = None
        # Called with each call before it is answered: a test can move people between two pages.
        self.before_call: list[Callable[[Call], None]] = []
        self.answers: dict[bytes, tuple[bytes, str, float, int]] = {}
        self.lock = threading.RLock()
        self.url = "http://127.0.0.1"

    def now(self) -> int:
        return self.clock.now()

    def touch(self) -> None:
        self.answers.clear()

    def catch_up(self) -> None:
        """Let everything happen that was due by now."""
        if self.life is not None:
            self.life.advance(self.now())

    # Building

    def add_user(self, user: User) -> User:
        self.users[user.id] = user
        return user

    def new_user_id(self) -> int:
        return max(self.users, default=2) + 1

    def add_course(self, course: Course) -> Course:
        self.courses[course.id] = course
        return course

    def add_group(self, course: Course, name: str, group_id: int | None = None) -> Group:
        if group_id is None:
            group_id = max((i for c in self.courses.values() for i in c.groups), default=0) + 1
        group = Group(group_id, course.id, name, idnumber=f"G{len(course.groups) + 1}")
        course.groups[group_id] = group
        return group

    def enrol(self, course: Course, user: User, *roles: str, groups: Iterable[Group] = ()) -> Enrolment:
        enrolment = Enrolment(user.id, list(roles))
        course.enrolments[user.id] = enrolment
        for group in groups:
            group.members.add(user.id)
        return enrolment

    def unenrol(self, course: Course, user_id: int) -> None:
        course.enrolments.pop(user_id, None)
        for group in course.groups.values():
            group.members.discard(user_id)

    def add_token(self, value: str, user: User, service: str) -> Token:
        token = self.tokens[value] = Token(value, user.id, service)
        allowed = self.services[service].allowed_users
        if allowed is not None:
            allowed.add(user.id)
        return token

    # Rights

    def has_capability(self, user: User, capability: str, course: Course | None = None) -> bool:
        if capability in user.capabilities:
            return True
        enrolment = course.enrolments.get(user.id) if course else None
        if enrolment is None:
            return False
        return any(capability in self.roles[name].capabilities for name in enrolment.roles)

    def can_access(self, user: User, course: Course) -> bool:
        """Web-service access to a course: enrolled or may view it, and it is not hidden from them."""
        if not course.visible and not self.has_capability(user, cap.VIEW_HIDDEN_COURSES, course):
            return False
        enrolment = course.enrolments.get(user.id)
        if enrolment is not None and enrolment.active(self.now()):
            return True
        return self.has_capability(user, cap.COURSE_VIEW, course)

    def is_contact(self, course: Course, user_id: int) -> bool:
        enrolment = course.enrolments.get(user_id)
        return enrolment is not None and any(self.roles[name].is_contact for name in enrolment.roles)

    def courses_of(self, user_id: int) -> list[Course]:
        """Courses with an active enrolment, in Moodle's order: hidden last, newest first."""
        now = self.now()
        mine = [c for c in self.courses.values() if (e := c.enrolments.get(user_id)) and e.active(now)]
        return sorted(mine, key=lambda course: (not course.visible, -course.id))

    def share_a_course(self, one: int, other: int) -> bool:
        return any(one in c.enrolments and other in c.enrolments for c in self.courses.values())
