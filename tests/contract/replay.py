"""A Moodle site made of recordings: it answers with what a real one answered, and makes nothing up.

    with replaying("5.1") as site:
        site.url, SERVICE

Requests that were recorded get their recorded answer. `core_enrol_get_enrolled_users` is answered from the
people the recordings hold, so that any page, field list and status agree with each other. Another token may
stand for a recorded one: `replaying("5.1", tokens={"mine": SERVICE})`. `site.state` puts the site in one of
`STATES`. A request nothing recorded can answer gets HTTP 501.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from . import held
from . import recordings as rec
from .recordings import body, load, stateless

TRANSPORT = {"wstoken", "wsfunction", "moodlewsrestformat"}
KNOWN_TOKENS = {
    rec.SERVICE,
    rec.TUTOR,
    rec.TEACHER,
    rec.PARTICIPANT,
    rec.LOW_RIGHTS,
    rec.SUSPENDED,
    rec.NOT_ON_THE_LIST,
}
Params = dict[str, str]


class NotRecorded(Exception):
    pass


class Recorded(Exception):
    """Answer with this recording as it is."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _options(params: Params) -> Params:
    names = {key: value for key, value in params.items() if key.endswith("[name]")}
    return {value: params[key.replace("[name]", "[value]")] for key, value in names.items()}


def _listed(params: Params, name: str) -> list[str]:
    return [value for key, value in params.items() if key.startswith(f"{name}[")]


class Replay:
    def __init__(self, version: str, tokens: dict[str, str] | None = None) -> None:
        self.version = version
        self.tokens = tokens or {}
        self.state = ""
        self.calls: list[tuple[str, Params]] = []
        self.url = ""
        self._answered_in_state = 0
        self._answers: dict[str, Callable[[str, Params], Any]] = {
            "core_enrol_get_enrolled_users": self._enrolled_users,
            "core_course_get_courses": self._courses,
            "core_course_get_courses_by_field": self._courses_by_field,
            "core_group_get_course_groups": self._groups,
            "core_group_get_group_members": self._group_members,
            "core_user_get_users_by_field": self._users_by_field,
            "core_user_get_course_user_profiles": self._profiles,
        }

    def answer(self, path: str, params: Params) -> dict[str, Any]:
        """The `response` part of a recording, or one of the same form."""
        if path == "/login/token.php":
            return self._exact(path, params)
        if path != "/webservice/rest/server.php":
            return self._response("errors/http_404")
        function = params.get("wsfunction", "")
        self.calls.append((function, {k: v for k, v in params.items() if k != "wstoken"}))
        token = self.tokens.get(params.get("wstoken", ""), params.get("wstoken", ""))
        params = {**params, "wstoken": token} if "wstoken" in params else params
        if self.state:
            return self._exact(path, params)
        if token not in KNOWN_TOKENS:
            return self._response(self._unknown_token(params))
        answer = self._answers.get(function)
        with contextlib.suppress(NotRecorded):
            exact = self._exact(path, params)
            # Recorded answers about people are cut for size; what they hold is put together instead.
            if function != "core_enrol_get_enrolled_users" or isinstance(exact["body"], dict):
                return exact
        if answer is None:
            raise NotRecorded(function)
        try:
            value = answer(token, {k: v for k, v in params.items() if k not in TRANSPORT})
        except Recorded as recorded:
            return self._response(recorded.name)
        return {"status": 200, "headers": {"Content-Type": "application/json"}, "body": value}

    def _response(self, name: str) -> dict[str, Any]:
        response: dict[str, Any] = load(self.version, name)["response"]
        return response

    def _unknown_token(self, params: Params) -> str:
        if "moodlewsrestformat" not in params:
            return "errors/invalid_token_no_format"
        return "errors/invalid_token" if params.get("wstoken") else "errors/missing_token"

    def _exact(self, path: str, params: Params) -> dict[str, Any]:
        names = rec.STATES[self.state] if self.state else stateless(self.version)
        same = [name for name in names if self._matches(name, path, params)]
        if not same:
            raise NotRecorded(f"{params.get('wsfunction', path)} {self.state}")
        if self.state == "expired token":
            self._answered_in_state += 1
            return self._response(same[min(self._answered_in_state, len(same)) - 1])
        return self._response(same[0])

    def _matches(self, name: str, path: str, params: Params) -> bool:
        request = load(self.version, name)["request"]
        return bool(request["path"] == path and request["params"] == params)

    # core_enrol

    def _enrolled_users(self, token: str, params: Params) -> list[held.Row]:
        if set(params) - {key for key in params if key.startswith(("courseid", "options["))}:
            raise Recorded("errors/invalid_parameter_unknown")
        course, options = params.get("courseid", ""), _options(params)
        if not course.isdecimal():
            raise Recorded("errors/invalid_parameter_type" if course else "errors/invalid_parameter_missing")
        if token == rec.LOW_RIGHTS:
            raise NotRecorded("low rights")
        if (token, int(course)) not in held.SOURCES:
            raise Recorded("errors/unknown_course")
        fields = [name.strip() for name in options.get("userfields", "").split(",") if name.strip()]
        rows = self._sorted(options, self._chosen(token, int(course), options))
        start, number = int(options.get("limitfrom", 0)), int(options.get("limitnumber", 0))
        rows = rows[start : start + number] if number else rows[start:]
        kept = {*fields, "id", "fullname"}
        return [{k: v for k, v in row.items() if k in kept} for row in rows] if fields else rows

    def _chosen(self, token: str, course: int, options: Params) -> list[held.Row]:
        rows = list(held.people(self.version, token, course))
        active, inactive = options.get("onlyactive") == "1", options.get("onlysuspended") == "1"
        if active and inactive:
            raise Recorded("enrolled_users/A_onlyactive_and_onlysuspended")
        if active or inactive:
            if token in (rec.TUTOR, rec.PARTICIPANT):
                raise Recorded("enrolled_users/A_tutor_onlyactive")
            ids = held.suspended(self.version, course)
            rows = [row for row in rows if (row["id"] in ids) == inactive]
        if group := options.get("groupid"):
            members = {userid for found in self._members(int(group)) for userid in found}
            rows = [row for row in rows if row["id"] in members]
        if options.get("withcapability"):
            staff = {row["id"] for row in body(self.version, "enrolled_users/withcapability")}
            rows = [row for row in rows if row["id"] in staff]
        return rows

    def _members(self, group: int) -> list[set[int]]:
        recorded = body(self.version, "group_members")
        found = [set(entry["userids"]) for entry in recorded if entry["groupid"] == group]
        rows = held.people(self.version, rec.SERVICE, rec.COURSE_A)
        return [*found, {row["id"] for row in rows if group in {g["id"] for g in row.get("groups", [])}}]

    def _sorted(self, options: Params, rows: list[held.Row]) -> list[held.Row]:
        recorded = {
            ("lastname", "ASC"): "enrolled_users/A_sortby_lastname",
            ("siteorder", "DESC"): "enrolled_users/A_sortby_siteorder_desc",
        }
        key = options.get("sortby", "id"), options.get("sortdirection", "ASC")
        if key == ("id", "ASC"):
            return rows
        if key not in recorded:
            raise NotRecorded(f"sort order {key}")
        return list(body(self.version, recorded[key]))

    # core_course, core_group, core_user

    def _courses(self, token: str, params: Params) -> list[held.Row]:
        if token != rec.SERVICE:
            raise Recorded("courses_all_tutor")
        rows: list[held.Row] = body(self.version, "courses_all_service")
        ids = set(map(int, _listed(params, "options")))
        return [row for row in rows if row["id"] in ids] if ids else rows

    def _courses_by_field(self, token: str, params: Params) -> dict[str, Any]:
        field, value = params.get("field", ""), params.get("value", "")
        wanted = set(value.split(",")) if field == "ids" else {value}
        key = "id" if field == "ids" else field
        rows = held.courses_by_id(self.version).values()
        return {"courses": [row for row in rows if not key or str(row[key]) in wanted], "warnings": []}

    def _groups(self, token: str, params: Params) -> list[held.Row]:
        if token != rec.SERVICE:
            raise Recorded("course_groups_tutor")
        return held.groups(self.version, int(params["courseid"]))

    def _group_members(self, token: str, params: Params) -> list[held.Row]:
        if token != rec.SERVICE:
            raise Recorded("errors/function_not_in_mobile_service")
        return [
            {"groupid": int(group), "userids": sorted(set().union(*self._members(int(group))))}
            for group in _listed(params, "groupids")
        ]

    def _users_by_field(self, token: str, params: Params) -> list[held.Row]:
        field, wanted = params["field"], set(_listed(params, "values"))
        rows = body(self.version, "users_by_field_id")
        return [row for row in rows if str(row.get(field)) in wanted]

    def _profiles(self, token: str, params: Params) -> list[held.Row]:
        wanted = {value for key, value in params.items() if key.endswith("[userid]")}
        return [row for row in body(self.version, "course_user_profiles") if str(row["id"]) in wanted]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: ReplayServer

    def do_GET(self) -> None:
        self._serve(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())

    def _serve(self, form: str) -> None:
        params = dict(parse_qsl(form, keep_blank_values=True))
        try:
            response = self.server.replay.answer(urlsplit(self.path).path, params)
        except NotRecorded as missing:
            response = {"status": 501, "headers": {"Content-Type": "text/plain"}, "body": str(missing)}
        content = response["body"]
        data = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        self.send_response(response["status"])
        for name, value in {**response["headers"], "Content-Length": str(len(data.encode()))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


class ReplayServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    replay: Replay


@contextlib.contextmanager
def replaying(version: str, tokens: dict[str, str] | None = None) -> Iterator[Replay]:
    server = ReplayServer(("127.0.0.1", 0), Handler)
    server.replay = Replay(version, tokens)
    server.replay.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.replay
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
