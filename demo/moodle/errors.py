"""Moodle's errors, as the REST server reports them in each version (always with HTTP 200)."""

from __future__ import annotations

from . import roles as cap

# 5.1 moved these into a namespace; the others kept their short names.
NAMESPACED = {
    "moodle_exception",
    "invalid_parameter_exception",
    "invalid_response_exception",
    "required_capability_exception",
    "require_login_exception",
    "coding_exception",
}


class MoodleError(Exception):
    def __init__(self, exception: str, errorcode: str, message: str, *, message_43: str = "") -> None:
        super().__init__(message)
        self.exception = exception
        self.errorcode = errorcode
        self.message = message
        self.message_43 = message_43 or message

    def class_name(self, version: str) -> str:
        if version == "5.1" and self.exception in NAMESPACED:
            return f"core\\exception\\{self.exception}"
        return self.exception

    def as_dict(self, version: str) -> dict[str, str]:
        old = version == "4.3"
        code = "invalidrecord" if old and self.errorcode == "invalidrecordunknown" else self.errorcode
        return {
            "exception": self.class_name(version),
            "errorcode": code,
            "message": self.message_43 if old else self.message,
        }


def invalid_token() -> MoodleError:
    return MoodleError("moodle_exception", "invalidtoken", "Invalid token - token not found")


def access_exception() -> MoodleError:
    return MoodleError("webservice_access_exception", "accessexception", "Access control exception")


def suspended_user(username: str) -> MoodleError:
    text = f"Refused web service access for suspended username: {username}"
    return MoodleError("moodle_exception", "wsaccessusersuspended", text)


def invalid_parameter() -> MoodleError:
    return MoodleError("invalid_parameter_exception", "invalidparameter", "Invalid parameter value detected")


def invalid_response() -> MoodleError:
    return MoodleError("invalid_response_exception", "invalidresponse", "Invalid response value detected")


def no_record(table: str) -> MoodleError:
    text = "Can't find data record in database"
    return MoodleError(
        "dml_missing_record_exception",
        "invalidrecordunknown",
        f"{text}.",
        message_43=f"{text} table {table}.",
    )


def no_permission(capability: str) -> MoodleError:
    label = cap.LABELS.get(capability, capability)
    text = f"Sorry, but you do not currently have permissions to do that ({label})."
    return MoodleError("required_capability_exception", "nopermissions", text)


def course_context(course_id: int, why: str = "Course or activity not accessible.") -> MoodleError:
    text = (
        f"You cannot execute functions in the course context (course id:{course_id}). "
        f"The context error message was: {why}"
    )
    return MoodleError("moodle_exception", "errorcoursecontextnotvalid", text)


def both_statuses() -> MoodleError:
    text = (
        "Coding error detected, it must be fixed by a programmer: "
        "Both onlyactive and onlysuspended are set, this is probably not what you want!"
    )
    return MoodleError("coding_exception", "codingerror", text)


def invalid_user_field(name: str) -> MoodleError:
    return MoodleError("moodle_exception", "invaliduserfield", f"Invalid user field: {name}")


def maintenance() -> MoodleError:
    text = "The site is undergoing maintenance and is currently not available"
    return MoodleError("moodle_exception", "sitemaintenance", text)


def upgrade_running() -> MoodleError:
    return MoodleError("moodle_exception", "upgraderunning", "Site is being upgraded, please retry later.")


def database_down() -> MoodleError:
    text = (
        "<p>Error: Database connection failed</p>\n<p>It is possible that the database is overloaded or "
        "otherwise not running properly.</p>\n<p>The site administrator should also check that the database "
        "details have been correctly specified in config.php</p>"
    )
    return MoodleError("dml_connection_exception", "dbconnectionfailed", text)
