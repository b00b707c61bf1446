"""A run's trouble in words: what happened, who can act, what they should do."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from moodle_sync.enums import RunState
from moodle_sync.errors import PASSING, Trouble
from moodle_sync.models import SyncRun

Words = str | Promise

NOBODY = _("Nobody: Vigie tries again by itself")
VIGIE_ADMIN = _("A Vigie administrator")
MOODLE_ADMIN = _("The Moodle administrator")


@dataclass(frozen=True)
class Explanation:
    what: Words
    who: Words
    todo: Words = ""


WAIT = _("Nothing to do for now: the data of the last good read stays.")
GRANT_SERVICE = _(
    "Add the function to the external service of the token (Site administration → Server → Web services)."
)

BY_CODE: dict[str, Explanation] = {
    "invalidtoken": Explanation(
        _("Moodle does not know this token any more: it expired or was deleted."),
        VIGIE_ADMIN,
        _("Ask for a new token and enter it under Platforms."),
    ),
    "accessexception": Explanation(
        _("Moodle refuses the token: expired, service switched off, or function not in the service."),
        MOODLE_ADMIN,
        GRANT_SERVICE,
    ),
    "wsaccessusersuspended": Explanation(
        _("The Moodle account of this token is suspended."),
        MOODLE_ADMIN,
        _("Reactivate the account, or give another token."),
    ),
    "nopermissions": Explanation(
        _("The token’s account may not see the participants of this course."),
        MOODLE_ADMIN,
        _("Give its role the right moodle/course:viewparticipants in this course."),
    ),
    "errorcoursecontextnotvalid": Explanation(
        _("The token’s account has no access to this course, or the course is hidden from it."),
        MOODLE_ADMIN,
        _("Enrol the account in the course, or give its role moodle/course:view and moodle/course:viewhiddencourses."),
    ),
    "requireloginerror": Explanation(
        _("The token’s account has no access to this course."),
        MOODLE_ADMIN,
        _("Enrol the account in the course."),
    ),
    "invalidrecord": Explanation(
        _("This course or this function does not exist on Moodle (any more)."),
        VIGIE_ADMIN,
        _("If the course was deleted, stop following it."),
    ),
    "invalidresponse": Explanation(
        _("Some profiles hold characters that Moodle itself refuses to give; they were skipped."),
        MOODLE_ADMIN,
        _("Correct the name or the city of the account at the position named."),
    ),
    "sitemaintenance": Explanation(_("Moodle is in maintenance."), NOBODY, WAIT),
    "upgraderunning": Explanation(_("Moodle is being upgraded."), NOBODY, WAIT),
    "dbconnectionfailed": Explanation(_("Moodle cannot reach its own database."), NOBODY, WAIT),
    Trouble.TIMEOUT: Explanation(_("Moodle took too long to answer."), NOBODY, WAIT),
    Trouble.CONNECTION: Explanation(
        _("Nothing answers at the platform’s address."),
        NOBODY,
        _("If this lasts, check the platform’s address in a browser."),
    ),
    Trouble.BROKEN_BODY: Explanation(_("Moodle’s answer was cut short."), NOBODY, WAIT),
    Trouble.TOO_LARGE: Explanation(_("Moodle’s answer was far too large and was dropped."), NOBODY, WAIT),
    Trouble.HTTP_5XX: Explanation(_("Moodle is in trouble or in maintenance (server error)."), NOBODY, WAIT),
    Trouble.TOO_MANY_CALLS: Explanation(_("Moodle asks Vigie to slow down."), NOBODY, WAIT),
    Trouble.TLS: Explanation(
        _("The platform’s security certificate is not valid: nothing was sent."),
        MOODLE_ADMIN,
        _("Renew the certificate."),
    ),
    Trouble.REDIRECT: Explanation(
        _("The platform’s address leads elsewhere; the token was not sent there."),
        VIGIE_ADMIN,
        _("Enter the platform’s final address (often https instead of http)."),
    ),
    Trouble.NOT_FOUND: Explanation(
        _("There is no Moodle web service at this address."),
        VIGIE_ADMIN,
        _("Check the address: it is the one of Moodle’s home page, without anything after it."),
    ),
    Trouble.FORBIDDEN: Explanation(
        _("Web services or the REST protocol are switched off on this Moodle."),
        MOODLE_ADMIN,
        _("Switch on web services and the REST protocol (Site administration → Server → Web services)."),
    ),
    Trouble.NOT_JSON: Explanation(
        _("A web page answered instead of Moodle’s web service: a login page, a block, or another site."),
        VIGIE_ADMIN,
        _("Check the address; ask the Moodle administrator whether this server’s address is blocked."),
    ),
    Trouble.WRONG_SHAPE: Explanation(
        _("The answer is not what Moodle gives: nothing was changed."),
        VIGIE_ADMIN,
        _("Check that the address is a Moodle 3.5 or later without altered web services."),
    ),
    Trouble.TOO_MANY_BROKEN: Explanation(
        _("Too many profiles hold characters that Moodle refuses to give: nothing was changed."),
        MOODLE_ADMIN,
        _("Correct the names and cities of this course’s accounts."),
    ),
    Trouble.NO_CONNECTION: Explanation(
        _("No token is left to read this course."), VIGIE_ADMIN, _("Enter a token under Platforms.")
    ),
    Trouble.TOKEN_UNREADABLE: Explanation(
        _("The token cannot be decrypted with the keys of this server."),
        VIGIE_ADMIN,
        _("Put the earlier key back into VIGIE_TOKEN_KEYS, or enter the token again."),
    ),
    Trouble.SHRUNK: Explanation(
        _("Moodle gave fewer than half of the people known before. Nothing was changed."),
        VIGIE_ADMIN,
        _("If people really left, accept the new list; else check the rights of the token."),
    ),
    Trouble.CLAIM_LOST: Explanation(_("The read took too long and another one took over."), NOBODY, WAIT),
    Trouble.HANDED_OVER: Explanation(
        _("The course was handed to another token while it was read: that one tries now."), NOBODY, WAIT
    ),
    Trouble.CRASHED: Explanation(_("The read was interrupted on Vigie’s side."), NOBODY, WAIT),
    Trouble.NO_QUEUE: Explanation(
        _("Vigie’s task queue does not answer: the read could not be asked for."),
        VIGIE_ADMIN,
        _("Start Redis and the workers again."),
    ),
    Trouble.PRIVATE: Explanation(
        _("This address leads into a private network, which Vigie does not enter: nothing was sent."),
        VIGIE_ADMIN,
        _("If Moodle really is there, add that network to VIGIE_PRIVATE_SITES on Vigie’s server."),
    ),
}
BY_CODE["invalidrecordunknown"] = BY_CODE["invalidrecord"]


def explain_code(code: str) -> Explanation:
    if known := BY_CODE.get(code):
        return known
    if code in PASSING:
        return Explanation(_("Moodle is in trouble."), NOBODY, WAIT)
    return Explanation(
        _("Moodle refused, with the code “%(code)s”.") % {"code": code},
        MOODLE_ADMIN,
        _("Check the rights of the token."),
    )


def explain(run: SyncRun) -> Explanation | None:
    """None while all is well. The code kept on the row is Moodle's, or one of `Trouble`."""
    if not run.error_code or run.state in {RunState.OK, *[RunState.QUEUED, RunState.RUNNING]}:
        return None
    return explain_code(run.error_code)
