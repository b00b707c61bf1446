"""What a token really gets, tried on one course: each function and field, and what would give more of it."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from moodle_sync.enums import Service


class Outcome(StrEnum):
    READ = "read"
    PARTLY = "partly"
    MISSING = "missing"
    UNTRIED = "untried"


class Aspect(StrEnum):
    """In the order they are shown: without the first ones Vigie is of little use."""

    LISTING = "listing"
    PARTICIPANTS = "participants"
    NAMES = "names"
    SITE_ACCESS = "site_access"
    COURSE_ACCESS = "course_access"
    EMAIL = "email"
    GROUPS = "groups"
    PHONES = "phones"
    SUSPENDED = "suspended"
    ACCOUNTS = "accounts"
    COURSE_FACTS = "course_facts"
    HIDDEN_COURSES = "hidden_courses"


class Need(StrEnum):
    """What a Moodle administrator can give: a right of Moodle's, a function of the service, or a setting."""

    VIEW_PARTICIPANTS = "moodle/course:viewparticipants"
    VIEW_COURSES = "moodle/course:view"
    VIEW_DETAILS = "moodle/user:viewdetails"
    VIEW_FULL_NAMES = "moodle/site:viewfullnames"
    VIEW_IDENTITY = "moodle/site:viewuseridentity"
    VIEW_HIDDEN_FIELDS = "moodle/course:viewhiddenuserfields"
    ALL_GROUPS = "moodle/site:accessallgroups"
    ENROL_REVIEW = "moodle/course:enrolreview"
    FACTS = "core_course_get_courses_by_field"
    USERS = "core_user_get_users_by_field"
    IDENTITY_PHONES = "showuseridentity"
    ENROLMENT = "enrolment"
    NEWER_MOODLE = "release"

    @property
    def is_right(self) -> bool:
        return self.startswith("moodle/")

    @property
    def is_function(self) -> bool:
        return self.startswith("core_")


@dataclass(frozen=True)
class Check:
    aspect: Aspect
    outcome: Outcome
    found: int = 0
    of: int = 0
    needs: tuple[Need, ...] = ()
    code: str = ""
    """Moodle's errorcode, where it refused."""


@dataclass(frozen=True)
class Capability:
    release: str
    version: int
    service: Service
    moodle_user_id: int
    course_id: int | None
    course_name: str
    seconds: float
    checks: tuple[Check, ...]
    tried_at: str

    def of(self, aspect: Aspect) -> Check:
        return next(check for check in self.checks if check.aspect == aspect)

    @property
    def is_usable(self) -> bool:
        """People and at least one of their accesses: who never came can be told."""
        accesses = {self.of(Aspect.SITE_ACCESS).outcome, self.of(Aspect.COURSE_ACCESS).outcome}
        shown = self.of(Aspect.PARTICIPANTS).outcome in {Outcome.READ, Outcome.PARTLY}
        return shown and bool(accesses & {Outcome.READ, Outcome.PARTLY})

    @property
    def was_tried(self) -> bool:
        return self.course_id is not None

    @property
    def lacking(self) -> list[Check]:
        return [check for check in self.checks if check.outcome in {Outcome.PARTLY, Outcome.MISSING}]

    @property
    def needs(self) -> list[Need]:
        """What to ask for, each once, in the order of the report."""
        return list(dict.fromkeys(need for check in self.lacking for need in check.needs))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        checks = tuple(
            Check(
                Aspect(row["aspect"]), Outcome(row["outcome"]), row["found"], row["of"],
                tuple(map(Need, row["needs"])), row["code"],
            )
            for row in data["checks"]
        )  # fmt: skip
        return cls(**{**data, "service": Service(data["service"]), "checks": checks})
