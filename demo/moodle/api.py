"""From the parameters of a request to its answer: token, service, function, faults, account."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from . import courses, enrol, errors, users
from . import roles as cap
from .call import Call, nested
from .errors import MoodleError
from .faults import Fault
from .reply import JSON, REST_HEADERS, Reply, rest_error, rest_reply, to_json
from .world import Service, User, World

FUNCTIONS: dict[str, Callable[[Call], Any]] = {
    "core_webservice_get_site_info": courses.get_site_info,
    "core_course_get_courses": courses.get_courses,
    "core_course_get_courses_by_field": courses.get_courses_by_field,
    "core_course_search_courses": courses.search_courses,
    "core_enrol_get_enrolled_users": enrol.get_enrolled_users,
    "core_enrol_get_users_courses": enrol.get_users_courses,
    "core_group_get_course_groups": courses.get_course_groups,
    "core_group_get_group_members": courses.get_group_members,
    "core_user_get_users_by_field": users.get_users_by_field,
    "core_user_get_course_user_profiles": users.get_course_user_profiles,
}
# Real functions that no simulated service holds: refused, not unknown.
KNOWN = {"core_user_create_users", "core_course_create_courses", "core_message_send_instant_messages"}
# A real site served two calls at once three times as fast as one after another, and four no faster.
WORKERS = 2


@dataclass
class Request:
    pairs: list[tuple[str, str]]
    raw: bytes

    def get(self, name: str) -> str:
        return next((value for key, value in self.pairs if key == name), "")


class Api:
    """Answers for one world. Paced, it really takes the time a real Moodle would have taken, or a part of it.

    `pace` 1: as long; 10: a tenth of it; 0: no time at all.
    """

    def __init__(self, world: World, *, pace: float = 0) -> None:
        self.world = world
        self.pace = pace
        self._workers = threading.BoundedSemaphore(WORKERS)

    def rest(self, raw: bytes) -> Reply:
        self.world.account.begin()
        try:
            return self._rest(raw)
        finally:
            self.world.account.end()

    def _rest(self, raw: bytes) -> Reply:
        kept = self.world.answers.get(raw) if self.world.static else None
        if kept is not None and not self.world.faults.as_list() and not self.world.before_call:
            body, function, ms, people = kept
            self._spend(function, ms, people)
            return Reply(200, body, JSON, dict(REST_HEADERS))
        request = Request(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True), raw)
        function = request.get("wsfunction")
        course = request.get("courseid")
        faults = self.world.faults.striking(function, int(course) if course.isdecimal() else None)
        for fault in faults:
            if fault.kind == "slow":
                time.sleep(fault.seconds)
        for fault in faults:
            if (reply := fault.reply()) is not None:
                self._spend(function, 0.0, 0)
                return reply
        return self._damaged(self._answer(request, function, faults), faults)

    def _answer(self, request: Request, function: str, faults: list[Fault]) -> Reply:
        as_json = request.get("moodlewsrestformat") == "json"
        ms, people = 0.0, 0
        try:
            for fault in faults:
                if (error := fault.error()) is not None:
                    raise error
            with self.world.lock:
                self.world.catch_up()
                call = self._call(request, function)
                for fault in faults:
                    call.keep = fault.keep if fault.kind == "short" else call.keep
                    if fault.kind == "poison" and fault.user is not None:
                        call.poisoned.add(fault.user)
                for hook in self.world.before_call:
                    hook(call)
                try:
                    value = FUNCTIONS[function](call)
                finally:
                    ms, people = call.ms or 40.0, call.people
            reply = rest_reply(value, as_json)
            if self.world.static and as_json and not faults and not self.world.before_call:
                self.world.answers[request.raw] = (reply.body, function, ms, people)
        except MoodleError as error:
            reply = rest_error(error.as_dict(self.world.version), as_json)
        self._spend(function, ms or 40.0, people)
        return reply

    def _damaged(self, reply: Reply, faults: list[Fault]) -> Reply:
        for fault in faults:
            if fault.kind == "truncated":
                reply.body = reply.body[: len(reply.body) // 2]
            elif fault.kind == "shape":
                reply.body = to_json(fault.body)
            elif fault.kind == "dropped":
                reply.dropped = True
        return reply

    def _spend(self, function: str, ms: float, people: int) -> None:
        self.world.account.add(function, ms, people)
        if self.pace and ms:
            with self._workers:
                time.sleep(ms / 1000 / self.pace)

    def _call(self, request: Request, function: str) -> Call:
        user, service = self._caller(request.get("wstoken"))
        if not function:
            raise errors.invalid_parameter()
        if function not in FUNCTIONS and function not in KNOWN:
            raise errors.no_record("external_functions")
        if function not in service.functions:
            raise errors.access_exception()
        params = nested([pair for pair in request.pairs if not pair[0].startswith(("ws", "moodlews"))])
        raw = request.get("moodlewssettingraw") == "1"
        return Call(self.world, function, params, user, service, raw=raw)

    def _caller(self, value: str) -> tuple[User, Service]:
        world = self.world
        token = world.tokens.get(value)
        if token is None:
            raise errors.invalid_token()
        if token.valid_until and token.valid_until <= world.now():
            del world.tokens[value]
            raise errors.access_exception()
        user, service = world.users[token.user_id], world.services[token.service]
        if user.suspended:
            raise errors.suspended_user(user.username)
        allowed = service.allowed_users
        if not service.enabled or (allowed is not None and user.id not in allowed):
            raise errors.access_exception()
        if allowed is not None and cap.REST_USE not in user.capabilities:
            raise errors.access_exception()
        return user, service

    def login(self, raw: bytes) -> Reply:
        """`login/token.php`: a token against a password."""
        fields = dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
        with self.world.lock:
            value = self._login(fields)
        if "errorcode" in value:
            value |= {"stacktrace": None, "debuginfo": None, "reproductionlink": None}
        headers = {"Cache-Control": "no-store, no-cache, must-revalidate", "Access-Control-Allow-Origin": "*"}
        return Reply(200, to_json(value), f"{JSON}; charset=utf-8", headers)

    def _login(self, fields: dict[str, str]) -> dict[str, Any]:
        for name in ("username", "password", "service"):
            if name not in fields:
                return {"error": f"A required parameter ({name}) was missing", "errorcode": "missingparam"}
        users = (user for user in self.world.users.values() if user.username == fields["username"])
        user = next(users, None)
        if user is None or user.suspended or not user.password or user.password != fields["password"]:
            return {"error": "Invalid login, please try again", "errorcode": "invalidlogin"}
        service = self.world.services.get(fields["service"])
        if service is None or not service.enabled:
            text = "Web service is not available. (It doesn't exist or might be disabled.)"
            return {"error": text, "errorcode": "servicenotavailable"}
        if service.allowed_users is not None and user.id not in service.allowed_users:
            text = (
                "The user is not allowed for this service. First you need to allow this user on the "
                f"{service.shortname}'s allowed users administration page."
            )
            return {"error": text, "errorcode": "usernotallowed"}
        for token in self.world.tokens.values():
            if (token.user_id, token.service) == (user.id, service.shortname):
                return {"token": token.value, "privatetoken": None}
        seed = f"{self.world.name}:{service.shortname}:{user.id}"
        value = hashlib.sha256(seed.encode()).hexdigest()[:32]
        self.world.add_token(value, user, service.shortname)
        return {"token": value, "privatetoken": None}
