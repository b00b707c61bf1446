"""Moodle's REST web services over HTTP. Knows no model; the token never leaves the body of a POST to the site."""

import json
import re
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import requests
from urllib3.exceptions import LocationValueError, ReadTimeoutError

from moodle_sync import clock, decode
from moodle_sync.errors import PASSING, InvalidResponse, MoodleRefused, MoodleUnavailable, Trouble
from moodle_sync.network import PrivateAddress, checked_session
from moodle_sync.remote import RemoteCourse, RemoteParticipant, RemoteProfile, SiteInfo

T = TypeVar("T")
TIMEOUT = (5, 90)
"""Seconds to connect, and between two bytes: Moodle needs 3 s to compute a page of 1,000 people."""
MAX_BYTES = 32 * 2**20
"""A page of 1,000 people is about 1 MiB; anything near this is not an answer to our question."""
FIELDS: tuple[str, ...] = (
    "id", "firstname", "lastname", "fullname", "email", "lastaccess", "lastcourseaccess", "groups", "roles",
    "city", "country", "phone1", "phone2", "institution",
)  # fmt: skip
STAMPS: tuple[str, ...] = ("id", "lastaccess", "lastcourseaccess")
"""What changes from hour to hour; the full name comes too, asked for or not. A third of the cost of FIELDS."""
FRONT_PAGE = 1
ENROLLED = "core_enrol_get_enrolled_users"


class MoodleClient:
    """One site and one token. Use as a context manager: the connections are pooled.

    Every method raises MoodleUnavailable (try again) or MoodleRefused (a human must act).
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        pause: float = 0,
        verify: bool | str = True,
        timeout: tuple[float, float] | None = None,
        seconds_ahead: int = 0,
    ) -> None:
        self._endpoint = f"{url}/webservice/rest/server.php"
        self._token = token
        self._pause = pause
        self.seconds_ahead = seconds_ahead
        self._timeout = timeout
        self._session = checked_session()
        self._session.verify = verify
        self._called = False

    def __enter__(self) -> "MoodleClient":
        return self

    def __exit__(self, *exc: object) -> None:
        self._session.close()

    def site_info(self) -> SiteInfo:
        return self._read("core_webservice_get_site_info", {}, decode.site_info)

    def courses(self) -> list[RemoteCourse]:
        """Every course of the site that the token may see, hidden ones included; not the front page."""
        found = self._read("core_course_get_courses", {}, decode.courses)
        return [course for course in found if course.moodle_id != FRONT_PAGE]

    def own_courses(self, user_id: int) -> list[RemoteCourse]:
        """The courses `user_id` is enrolled in."""
        params = {"userid": user_id}
        return self._read("core_enrol_get_users_courses", params, decode.courses)

    def courses_by_id(self, ids: Iterable[int]) -> list[RemoteCourse]:
        """The facts of these courses, as far as the token may see them; the others are missing."""
        params = {"field": "ids", "value": ",".join(map(str, ids))}
        function = "core_course_get_courses_by_field"
        return self._read(function, params, lambda data: decode.courses(data["courses"]))

    def groups(self, course_id: int) -> dict[int, str]:
        """Names of the course's groups by id."""
        return self._read("core_group_get_course_groups", {"courseid": course_id}, decode.groups)

    def group_members(self, group_ids: Sequence[int]) -> dict[int, list[int]]:
        """Ids of the people of each of these groups. Not in the official mobile service."""
        params = {f"groupids[{n}]": group_id for n, group_id in enumerate(group_ids)}
        return self._read("core_group_get_group_members", params, decode.group_members)

    def profiles(self, course_id: int, user_ids: Sequence[int]) -> list[RemoteProfile]:
        """These people as this course shows them; those whom the token may not see are missing."""
        params: dict[str, Any] = {}
        for n, user_id in enumerate(user_ids):
            params |= {f"userlist[{n}][userid]": user_id, f"userlist[{n}][courseid]": course_id}
        return self._read("core_user_get_course_user_profiles", params, decode.profiles)

    def enrolled(
        self, course_id: int, *, start: int, limit: int, fields: Sequence[str] = FIELDS
    ) -> list[RemoteParticipant]:
        """One page by ascending id. It may be shorter than `limit` though more follow; [] past the end."""
        params = _options(courseid=course_id, userfields=",".join(fields), limitfrom=start, limitnumber=limit)
        found, now = self._read(ENROLLED, params, decode.participants), time.time()
        return [clock.by_our_clock(person, self.seconds_ahead, now) for person in found]

    def suspended_ids(self, course_id: int, *, start: int = 0, limit: int = 0) -> set[int]:
        """Ids of the suspended, expired or not yet begun enrolments. Moodle ≥ 3.11: others ignore the option."""
        return self._ids(course_id, "onlysuspended", start, limit)

    def active_ids(self, course_id: int, *, start: int = 0, limit: int = 0) -> set[int]:
        """Ids of the active enrolments: what Moodle < 3.11 can tell instead."""
        return self._ids(course_id, "onlyactive", start, limit)

    def accounts_suspended(self, user_ids: Sequence[int]) -> dict[int, bool]:
        """Whether each account is suspended; those the token may not see are missing."""
        params: dict[str, Any] = {"field": "id"}
        params |= {f"values[{n}]": user_id for n, user_id in enumerate(user_ids)}
        return self._read("core_user_get_users_by_field", params, decode.suspended_accounts)

    def _ids(self, course_id: int, status: str, start: int, limit: int) -> set[int]:
        page = {"limitfrom": start, "limitnumber": limit} if limit else {}
        params = _options(courseid=course_id, **{status: 1}, userfields="id", **page)
        return self._read(ENROLLED, params, decode.ids)

    def _read(self, function: str, params: dict[str, Any], decode: Callable[[Any], T]) -> T:
        said = self._call(function, params)
        try:
            return decode(said)
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise MoodleRefused(Trouble.WRONG_SHAPE, function) from exc

    def _call(self, function: str, params: dict[str, Any]) -> Any:
        if self._called and self._pause:
            time.sleep(self._pause)
        self._called = True
        data = {"wstoken": self._token, "wsfunction": function, "moodlewsrestformat": "json", **params}
        response, body = exchange(self._session, "POST", self._endpoint, data, function, timeout=self._timeout)
        measured = clock.ahead(response.headers.get("Date"), time.time())
        self.seconds_ahead = clock.settled(self.seconds_ahead, measured)
        check_status(response, body, function)
        return payload(body, function)


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    data: dict[str, Any] | None,
    function: str,
    *,
    timeout: tuple[float, float] | None = None,
) -> tuple[requests.Response, bytes]:
    """One request and its whole answer, whatever its status. Follows no redirect."""
    try:
        response = session.request(
            method, url, data=data, timeout=timeout or TIMEOUT, allow_redirects=False, stream=True
        )
        with response:
            return response, _body(response, function)
    except PrivateAddress:
        raise MoodleRefused(Trouble.PRIVATE, function) from None
    except requests.exceptions.SSLError:
        raise MoodleRefused(Trouble.TLS, function) from None
    except requests.exceptions.Timeout:
        raise MoodleUnavailable(Trouble.TIMEOUT, function) from None
    except requests.exceptions.ChunkedEncodingError:
        raise MoodleUnavailable(Trouble.BROKEN_BODY, function) from None
    except requests.exceptions.ConnectionError as exc:
        silent = bool(exc.args) and isinstance(exc.args[0], ReadTimeoutError)  # in the middle of the body
        raise MoodleUnavailable(Trouble.TIMEOUT if silent else Trouble.CONNECTION, function) from None
    except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, LocationValueError):
        raise MoodleRefused(Trouble.NOT_FOUND, function) from None
    except requests.exceptions.RequestException:
        raise MoodleUnavailable(Trouble.BROKEN_BODY, function) from None


def _body(response: requests.Response, function: str) -> bytes:
    """The whole body, but never more than MAX_BYTES in memory."""
    chunks, size = [], 0
    for chunk in response.iter_content(256 * 1024):
        size += len(chunk)
        if size > MAX_BYTES:
            raise MoodleUnavailable(Trouble.TOO_LARGE, function)
        chunks.append(chunk)
    return b"".join(chunks)


def check_status(response: requests.Response, body: bytes, function: str) -> None:
    status = response.status_code
    wait = response.headers.get("Retry-After", "")
    retry_after = int(wait) if re.fullmatch(r"[0-9]{1,9}", wait) else None
    if status == 429:
        raise MoodleUnavailable(Trouble.TOO_MANY_CALLS, function, retry_after=retry_after)
    if status >= 500:
        raise MoodleUnavailable(Trouble.HTTP_5XX, function, retry_after=retry_after)
    if 300 <= status < 400:
        raise MoodleRefused(Trouble.REDIRECT, function)
    if status in {404, 410}:
        raise MoodleRefused(Trouble.NOT_FOUND, function)
    if status >= 400:
        raise MoodleRefused(Trouble.FORBIDDEN, function)


def payload(body: bytes, function: str) -> Any:
    """What was said, if it is JSON and no error of Moodle's."""
    text = body.strip()
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        # Cut JSON will be whole the next time; a page of HTML or a sentence is somebody else answering.
        if text[:1] in {b"[", b"{"}:
            raise MoodleUnavailable(Trouble.BROKEN_BODY, function) from None
        raise MoodleRefused(Trouble.NOT_JSON, function) from None
    if isinstance(said, dict) and "errorcode" in said:  # errors arrive as HTTP 200
        code = re.sub(r"[^\w/.-]", "", str(said["errorcode"]))[:60]
        if code == "invalidresponse":
            raise InvalidResponse(code, function)
        raise (MoodleUnavailable if code in PASSING else MoodleRefused)(code, function)
    return said


def _options(courseid: int, **values: Any) -> dict[str, Any]:
    """`courseid` as it is, every other value as one of Moodle's numbered options."""
    params: dict[str, Any] = {"courseid": courseid}
    for n, (name, value) in enumerate(values.items()):
        params |= {f"options[{n}][name]": name, f"options[{n}][value]": value}
    return params
