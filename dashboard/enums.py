from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class State(TextChoices):
    """What the team does about one enrolment (product.md §4)."""

    TODO = "todo", _("To do")
    REMINDED = "reminded", _("Reminded")
    CALLBACK = "callback", _("To call back")
    CONTACTED = "contacted", _("Contacted")
    BLOCKED = "blocked", _("Blocked")
    WAITING = "waiting", _("Waiting")
    CLOSED_IN = "closed_in", _("Came in")
    CLOSED_OUT = "closed_out", _("No further action")


OPEN_STATES = [State.WAITING, State.TODO, State.REMINDED, State.CALLBACK, State.CONTACTED, State.BLOCKED]
DATED_STATES = [State.TODO, State.REMINDED, State.CALLBACK, State.CONTACTED, State.BLOCKED]
CLOSED_STATES = [State.CLOSED_IN, State.CLOSED_OUT]
BY_URGENCY = [
    State.TODO,
    State.CALLBACK,
    State.BLOCKED,
    State.CONTACTED,
    State.REMINDED,
    State.WAITING,
    State.CLOSED_IN,
    State.CLOSED_OUT,
]
RETURNING_STATES = [State.REMINDED, State.CONTACTED, State.BLOCKED]
"""Open states that go back to `todo` when their date passes without access."""


class Kind(TextChoices):
    """What an entry of the timeline tells."""

    CALL = "call", _("Call")
    CONTACTED = "contacted", _("Contacted")
    EMAIL = "email", _("E-mail")
    MESSAGE = "message", _("Moodle message")
    NOTE = "note", _("Note")
    BOUNCED = "bounced", _("Message came back")
    DUE = "due", _("Date passed")
    ENTERED = "entered", _("First access")
    DECLARED = "declared", _("Came in (declared)")
    SEEN = "seen", _("Logged in to the platform")
    RETURNED = "returned", _("Came back")
    LEFT = "left", _("Left the course")
    REJOINED = "rejoined", _("Enrolled again")
    ENDED = "ended", _("Course ended")
    REOPENED = "reopened", _("Course goes on")
    DORMANT = "dormant", _("No longer comes")
    ASSIGNED = "assigned", _("Handed over")
    REDATED = "redated", _("Date changed")
    BLOCKED = "blocked", pgettext_lazy("entry", "Blocked")
    LIFTED = "lifted", _("Unblocked")
    CAUSE = "cause", _("Cause noted")
    CLOSED = "closed", _("Closed")
    RESUMED = "resumed", _("Taken up again")
    UNDO = "undo", _("Undone")


class Channel(TextChoices):
    """How the plan reaches a person."""

    EMAIL = "email", _("e-mail")
    CALL = "call", pgettext_lazy("channel", "call")


TOUCHES = [Kind.CALL, Kind.CONTACTED, Kind.EMAIL, Kind.MESSAGE]
"""Kinds that count as a contact with the person, shown as «last contact»."""


class Outcome(TextChoices):
    """What a call led to. The first five: the person was reached."""

    CONNECTED_LIVE = "connected_live", _("Logged in during the call")
    WILL_CONNECT = "will_connect", _("Will log in")
    NEEDS_SUPPORT = "needs_support", _("Support must be called in")
    CALLBACK = "callback", pgettext_lazy("outcome", "To call back")
    DECLINED = "declined", _("Will not follow")
    VOICEMAIL = "voicemail", _("Message on the answering machine")
    THIRD_PARTY = "third_party", _("Message passed on to the school")
    NO_ANSWER = "no_answer", _("No answer")
    WRONG_NUMBER = "wrong_number", _("Wrong number")
    DO_NOT_CALL = "do_not_call", _("Does not want to be called any more")


REACHED = [
    Outcome.CONNECTED_LIVE,
    Outcome.WILL_CONNECT,
    Outcome.NEEDS_SUPPORT,
    Outcome.CALLBACK,
    Outcome.DECLINED,
]
UNANSWERED = [Outcome.VOICEMAIL, Outcome.THIRD_PARTY, Outcome.NO_ANSWER]
"""Nobody was spoken to: to be called again."""


class Cause(TextChoices):
    """Why the person has not come in."""

    UNAWARE_ENROLLED = "unaware_enrolled", _("Did not know about the enrolment")
    UNAWARE_STARTED = "unaware_started", _("Did not know that the course was open")
    WRONG_URL = "wrong_url", _("Platform address unknown")
    WRONG_PORTAL = "wrong_portal", _("Wrong portal")
    WRONG_INSTANCE = "wrong_instance", _("Other académie’s platform")
    CREDENTIALS = "credentials", _("Credentials lost or refused")
    NO_ACADEMIC_ACCOUNT = "no_academic_account", _("No academic account")
    DUPLICATE_ACCOUNT = "duplicate_account", _("Two accounts")
    WRONG_EMAIL = "wrong_email", _("Wrong address")
    MAILBOX_UNREAD = "mailbox_unread", _("Mailbox not read")
    NOT_ENROLLED = "not_enrolled", _("Enrolment missing")
    SESSION_HIDDEN = "session_hidden", _("Course not open or hidden")
    TECHNICAL = "technical", _("Technical problem")
    NO_TIME = "no_time", _("Lack of time")
    UNAVAILABLE = "unavailable", _("Not available")
    REASSIGNED = "reassigned", _("Change of post")
    WITHDRAWN = "withdrawn", pgettext_lazy("cause", "Will not follow")
    OTHER = "other", _("Other")
    UNKNOWN = "unknown", _("Not determined")


class ClosedFor(TextChoices):
    """Why a follow-up is without further action."""

    LEFT = "left", _("left the course")
    ENDED = "ended", _("course ended")
    DECLINED = "declined", _("will not follow")
    REASSIGNED = "reassigned", _("change of post")
    WRONG = "wrong", _("enrolled by mistake")
    OTHER = "other", pgettext_lazy("reason", "other reason")
