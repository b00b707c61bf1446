"""One's own Moodle login, exchanged once for a token of the official mobile service. The password is not kept."""

from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from moodle_sync.client import check_status, exchange, payload
from moodle_sync.errors import MoodleRefused, Trouble
from moodle_sync.explain import MOODLE_ADMIN, Explanation, explain_code
from moodle_sync.network import checked_session, is_inside

MOBILE_SERVICE = "moodle_mobile_app"
PATH = "/login/token.php"
TIMEOUT = (5.0, 20.0)
SECURITY_KEYS = "/user/managetoken.php"
UNENCRYPTED = "vigie_unencrypted"
YOU = _("You")

BY_CODE: dict[str, Explanation] = {
    "invalidlogin": Explanation(
        _("Moodle refused this user name and password. It answers the same for an account suspended or locked."),
        YOU,
        _(
            "Type them as on Moodle’s own login page. If you log in through a portal (academic login, ÉduConnect, "
            "federation), Moodle does not know your password: use the mobile security key instead."
        ),
    ),
    "servicenotavailable": Explanation(
        _("The official mobile service is switched off on this Moodle, or not for your account."),
        MOODLE_ADMIN,
        _("Ask for “Enable web services for mobile devices”, or for the token of a dedicated service."),
    ),
    "enablewsdescription": Explanation(
        _("Web services are switched off on this Moodle."),
        MOODLE_ADMIN,
        _("Ask for web services and the mobile service to be switched on; until then, import a file."),
    ),
    "usernotallowed": Explanation(
        _("Your account is not among those allowed to use this service."),
        MOODLE_ADMIN,
        _("Ask to be added to the service’s authorised users."),
    ),
    "cannotcreatetoken": Explanation(
        _("Your account may not create a token for itself."),
        MOODLE_ADMIN,
        _("Ask for the right moodle/webservice:createmobiletoken, or for a token made for you."),
    ),
    "missingparam": Explanation(
        _("Moodle did not receive both the user name and the password."), YOU, _("Fill in both fields.")
    ),
    "usernotconfirmed": Explanation(
        _("This Moodle account has not been confirmed yet."), YOU, _("Follow the link in Moodle’s confirmation mail.")
    ),
    "passwordisexpired": Explanation(
        _("Your Moodle password has expired."), YOU, _("Log in to Moodle in a browser, choose a new one, come back.")
    ),
    "restoredaccountresetpassword": Explanation(
        _("This Moodle account was restored and has no password yet."), YOU, _("Reset your password on Moodle first.")
    ),
    "forcepasswordchangenotice": Explanation(
        _("Moodle wants you to change your password first."), YOU, _("Log in to Moodle in a browser, then come back.")
    ),
    UNENCRYPTED: Explanation(
        _("This address begins with http: anybody on the way could read your password. It was not sent."),
        YOU,
        _("Use the https address of this Moodle, or paste a token."),
    ),
}


def explain_login(code: str) -> Explanation:
    return BY_CODE.get(code) or explain_code(code)


@sensitive_variables("password", "data", "body", "said", "token")
def token_for(url: str, username: str, password: str) -> str:
    """Raises MoodleError; nothing of what is given here is logged or kept."""
    if url.startswith("http://") and not is_inside(url):
        raise MoodleRefused(UNENCRYPTED, PATH)
    data = {"username": username, "password": password, "service": MOBILE_SERVICE}
    with checked_session() as session:
        answer, body = exchange(session, "POST", url + PATH, data, PATH, timeout=TIMEOUT)
    check_status(answer, body, PATH)
    said = payload(body, PATH)
    token = said.get("token") if isinstance(said, dict) else None
    if not isinstance(token, str) or not token:
        raise MoodleRefused(Trouble.WRONG_SHAPE, PATH)
    return token
