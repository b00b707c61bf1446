"""Why Moodle gave no answer we can use, and who must act. Codes are Moodle's `errorcode`, or one of ours."""

from enum import StrEnum


class Trouble(StrEnum):
    """Our own codes, for what is not an error of Moodle's in JSON."""

    TIMEOUT = "vigie_timeout"
    CONNECTION = "vigie_connection"
    BROKEN_BODY = "vigie_broken_body"
    TOO_LARGE = "vigie_too_large"
    HTTP_5XX = "vigie_http_5xx"
    TOO_MANY_CALLS = "vigie_too_many_calls"
    TLS = "vigie_tls"
    REDIRECT = "vigie_redirect"
    NOT_FOUND = "vigie_not_found"
    FORBIDDEN = "vigie_forbidden"
    NOT_JSON = "vigie_not_json"
    WRONG_SHAPE = "vigie_wrong_shape"
    TOO_MANY_BROKEN = "vigie_too_many_broken"
    NO_CONNECTION = "vigie_no_connection"
    TOKEN_UNREADABLE = "vigie_token_unreadable"
    SHRUNK = "vigie_shrunk"
    CLAIM_LOST = "vigie_claim_lost"
    CRASHED = "vigie_crashed"
    HANDED_OVER = "vigie_handed_over"
    NO_QUEUE = "vigie_no_queue"
    PRIVATE = "vigie_private"


PASSING = frozenset(
    {
        "sitemaintenance",
        "upgraderunning",
        "dbconnectionfailed",
        "ddlexception",
        "dmlreadexception",
        "cannotconnecttodb",
    }
)
"""Moodle's errorcodes that pass by themselves."""


class MoodleError(Exception):
    """`code` and `function` only: a message of Moodle's may hold personal data."""

    def __init__(self, code: str, function: str = "") -> None:
        super().__init__(f"{function}: {code}")
        self.code = code
        self.function = function


class MoodleUnavailable(MoodleError):
    """It will pass: try again, not before `retry_after` seconds when Moodle says so."""

    def __init__(self, code: str, function: str = "", *, retry_after: int | None = None) -> None:
        super().__init__(code, function)
        self.retry_after = retry_after


class MoodleRefused(MoodleError):
    """It will not pass: a human must act."""


class InvalidResponse(MoodleRefused):
    """Moodle could not clean one of its own rows, and gives none of them."""
