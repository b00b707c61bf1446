"""What Moodle's web services say, decoded. Times are Unix seconds: 0 = never, None = not allowed to know."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SiteInfo:
    name: str
    url: str
    release: str
    version: int
    """Moodle's branch as 10 digits: 2025100603 is 5.1."""
    user_id: int
    functions: frozenset[str]


@dataclass(frozen=True, slots=True)
class RemoteCourse:
    moodle_id: int
    short_name: str
    full_name: str
    category_id: int | None
    category_name: str
    start: int
    """0: none."""
    end: int
    """0: none."""
    visible: bool | None
    people: int | None = None


@dataclass(frozen=True, slots=True)
class RemoteParticipant:
    """None: the field did not come. Never a username."""

    moodle_id: int
    full_name: str
    first_name: str | None
    last_name: str | None
    email: str | None
    city: str | None
    country: str | None
    phone1: str | None
    phone2: str | None
    institution: str | None
    last_site_access: int | None
    last_course_access: int | None
    roles: tuple[str, ...]
    groups: tuple[tuple[int, str], ...] | None


@dataclass(frozen=True, slots=True)
class RemoteProfile:
    """Somebody looked up alone. Moodle leaves the access to the course out of it."""

    person: RemoteParticipant
    account_suspended: bool | None
