"""Faults on demand: what a real Moodle, its network or its administrators may do to a client.

    world.faults.add("slow", seconds=2)
    world.faults.add("short", course=3, keep=0.4)
    world.faults.add("http", status=503, retry_after=5, after=2, times=1)

Each may be limited to a function, to a course, and by count: `after` lets the first matching calls
pass, `times` ends it after so many. `clear()` ends them all.
"""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import Any

from . import errors
from .errors import MoodleError
from .reply import HTML, Reply

# Kinds that answer in place of Moodle's code.
REPLIES = {"cli_maintenance", "http", "html_login", "forbidden", "not_found", "blocked_ip", "redirect"}
ERRORS = {
    "sitemaintenance": errors.maintenance,
    "upgraderunning": errors.upgrade_running,
    "dbconnectionfailed": errors.database_down,
    "invalidtoken": errors.invalid_token,
    "accessexception": errors.access_exception,
    "invalidresponse": errors.invalid_response,
}
OTHERS = {"slow", "expired", "nopermissions", "short", "poison", "truncated", "shape", "dropped"}
KINDS = frozenset(REPLIES | set(ERRORS) | OTHERS)

CLI_MAINTENANCE_PAGE = (
    '<!DOCTYPE html>\n<html lang="en"><head><title>Site maintenance</title></head>\n<body><div id="page">'
    "<h1>Site maintenance</h1>\nThis site is undergoing maintenance and is currently not available"
    "</div></body>\n</html>\n"
)
LOGIN_PAGE = (
    '<!DOCTYPE html>\n<html lang="fr"><head><title>Se connecter au site</title></head>\n<body>'
    '<form action="/login/index.php" method="post"><input type="text" name="username">'
    '<input type="password" name="password"></form></body>\n</html>\n'
)
NOT_FOUND_PAGE = "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body></body>\r\n</html>\r\n"


@dataclass
class Fault:
    kind: str
    function: str | None = None
    course: int | None = None
    # The first `after` matching calls pass untouched; then `times` calls are hit (None: all).
    after: int = 0
    times: int | None = None
    # slow
    seconds: float = 1.0
    # http
    status: int = 503
    retry_after: int | None = None
    # redirect
    to: str = "https://elsewhere.example.org/login/index.php"
    # nopermissions
    capability: str = "moodle/course:viewparticipants"
    # short: the part of the people that remains, always the same ones
    keep: float = 0.5
    # poison: the people whose profile breaks every answer that holds it
    user: int | None = None
    # shape: what is answered
    body: Any = None
    seen: int = 0
    hits: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault: {self.kind}")

    def strikes(self, function: str, course: int | None) -> bool:
        if self.function not in (None, function) or self.course not in (None, course):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True

    def reply(self) -> Reply | None:
        """The whole answer, when this fault answers instead of Moodle."""
        if self.kind == "cli_maintenance":
            return Reply(503, CLI_MAINTENANCE_PAGE.encode(), HTML, {"Retry-After": "300"})
        if self.kind == "http":
            extra = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
            return Reply(self.status, b"<html><body>Error</body></html>", HTML, extra)
        if self.kind == "redirect":
            return Reply(303, b"", HTML, {"Location": self.to})
        pages = {
            "html_login": (200, LOGIN_PAGE),
            "forbidden": (403, ""),
            "not_found": (404, NOT_FOUND_PAGE),
            "blocked_ip": (200, "This site is not available currently."),
        }
        if self.kind not in pages:
            return None
        status, page = pages[self.kind]
        return Reply(status, page.encode(), HTML)

    def error(self) -> MoodleError | None:
        if self.kind == "nopermissions":
            return errors.no_permission(self.capability)
        if self.kind == "expired":
            # Moodle refuses an expired token once, deletes it, and does not know it from then on.
            return errors.access_exception() if self.hits == 1 else errors.invalid_token()
        make = ERRORS.get(self.kind)
        return make() if make else None


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, kind: str, **options: Any) -> Fault:
        fault = Fault(kind, **options)
        with self._lock:
            self._faults.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        with self._lock:
            self._faults.remove(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def striking(self, function: str, course: int | None) -> list[Fault]:
        if not self._faults:
            return []
        with self._lock:
            return [fault for fault in self._faults if fault.strikes(function, course)]

    def as_list(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]
