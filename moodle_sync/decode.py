"""From Moodle's JSON to the dataclasses of `remote`. Another shape is a KeyError, TypeError or ValueError."""

from html import unescape
from typing import Any

from moodle_sync.remote import RemoteCourse, RemoteParticipant, RemoteProfile, SiteInfo

MAX_ID = 2**63 - 1
LAST_STAMP = 253_402_214_400
"""The last day of the year 9999: neither Python nor PostgreSQL's driver know a later one."""


def objects(data: Any) -> list[dict[str, Any]]:
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise TypeError("not a list of objects")
    return data


def whole(value: Any, most: int = MAX_ID) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError("not a whole number")
    number = int(value)
    if not 0 <= number <= most:
        raise ValueError("a number out of range")
    return number


def text(value: Any) -> str:
    """PostgreSQL takes neither NUL nor half a surrogate pair; JSON can hold both."""
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def ids(data: Any) -> set[int]:
    return {whole(item["id"]) for item in objects(data)}


def site_info(data: Any) -> SiteInfo:
    return SiteInfo(
        name=unescape(text(data["sitename"])),
        url=text(data["siteurl"]),
        release=text(data.get("release") or ""),
        version=int(float(data.get("version") or 0)),
        user_id=whole(data["userid"]),
        functions=frozenset(text(function["name"]) for function in objects(data["functions"])),
    )


def courses(data: Any) -> list[RemoteCourse]:
    return [_course(item) for item in objects(data)]


def groups(data: Any) -> dict[int, str]:
    return {whole(group["id"]): unescape(text(group["name"])) for group in objects(data)}


def participants(data: Any) -> list[RemoteParticipant]:
    return [_participant(item) for item in objects(data)]


def profiles(data: Any) -> list[RemoteProfile]:
    return [RemoteProfile(_participant(item), _maybe_bool(item, "suspended")) for item in objects(data)]


def group_members(data: Any) -> dict[int, list[int]]:
    return {whole(group["groupid"]): [whole(user_id) for user_id in group["userids"]] for group in objects(data)}


def suspended_accounts(data: Any) -> dict[int, bool]:
    found = {whole(user["id"]): _maybe_bool(user, "suspended") for user in objects(data)}
    return {user_id: suspended for user_id, suspended in found.items() if suspended is not None}


def _course(data: dict[str, Any]) -> RemoteCourse:
    """Course names come escaped for HTML even in JSON; people's names do not."""
    category = data.get("categoryid", data.get("category"))
    visible, people = data.get("visible"), data.get("enrolledusercount")
    return RemoteCourse(
        moodle_id=whole(data["id"]),
        short_name=unescape(text(data.get("shortname") or "")),
        full_name=unescape(text(data["fullname"])).strip(),
        category_id=None if category is None else whole(category),
        category_name=unescape(text(data.get("categoryname") or "")),
        start=whole(data.get("startdate") or 0, LAST_STAMP),
        end=whole(data.get("enddate") or 0, LAST_STAMP),
        visible=None if visible is None else bool(visible),
        people=None if people is None else whole(people, 2**31 - 1),
    )


def _participant(data: dict[str, Any]) -> RemoteParticipant:
    """The caller's own row carries more (username, preferences): it is not even looked at."""
    given = data.get("groups")
    return RemoteParticipant(
        moodle_id=whole(data["id"]),
        full_name=text(data["fullname"]).strip(),
        first_name=_maybe_text(data, "firstname"),
        last_name=_maybe_text(data, "lastname"),
        email=_maybe_text(data, "email"),
        city=_maybe_text(data, "city"),
        country=_maybe_text(data, "country"),
        phone1=_maybe_text(data, "phone1"),
        phone2=_maybe_text(data, "phone2"),
        institution=_maybe_text(data, "institution"),
        last_site_access=_stamp(data, "lastaccess"),
        last_course_access=_stamp(data, "lastcourseaccess"),
        roles=tuple(sorted(text(role["shortname"]) for role in objects(data.get("roles") or []))),
        groups=None if given is None else tuple(groups(given).items()),
    )


def _maybe_text(data: dict[str, Any], name: str) -> str | None:
    value = data.get(name)
    return None if value is None else text(value)


def _maybe_bool(data: dict[str, Any], name: str) -> bool | None:
    value = data.get(name)
    return None if value is None else bool(value)


def _stamp(data: dict[str, Any], name: str) -> int | None:
    value = data.get(name)
    return None if value is None else whole(value, LAST_STAMP)
