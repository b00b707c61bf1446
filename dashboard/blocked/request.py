"""What to send to whoever can lift a blockage: facts only, never a note (product.md §6.5)."""

from dataclasses import dataclass
from urllib.parse import quote

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from dashboard.enums import Cause
from moodle_sync.enums import Access
from moodle_sync.models import Enrolment

HEADERS = "?subject={subject}&body={body}"


@dataclass(frozen=True)
class Request:
    """Ready to be copied or mailed."""

    subject: str
    text: str

    def mailto(self, address: str) -> str:
        return f"mailto:{quote(address, safe='@')}" + HEADERS.format(
            subject=quote(self.subject), body=quote(self.text.replace("\n", "\r\n"))
        )


def request_about(enrolment: Enrolment) -> Request:
    """Needs the annotation `access`, and `follow_up`, `participant` and `course.site`."""
    course, account = enrolment.course, enrolment.participant
    cause = enrolment.follow_up.cause
    lines = [
        _("Hello,"),
        "",
        _("This person cannot get into their course. Can you look into it?"),
        "",
        _("Platform: %(site)s (%(url)s)") % {"site": course.site, "url": course.site.url},
        _("Course: %(course)s") % {"course": course},
        _("Name: %(name)s") % {"name": account.full_name or _("not known")},
        _("E-mail of the Moodle account: %(email)s") % {"email": account.email or _("not known")},
        _("Seen on Moodle: %(seen)s") % {"seen": _seen(enrolment)},
        _("Likely cause: %(cause)s") % {"cause": Cause(cause).label if cause else _("not determined")},
        "",
        _("Thank you."),
    ]
    return Request(_("Access to “%(course)s”") % {"course": course}, "\n".join(lines))


def _seen(enrolment: Enrolment) -> str:
    words = {
        Access.NEVER_PLATFORM: _("never logged in to the platform"),
        Access.NEVER_COURSE: _("never entered the course"),
        Access.DORMANT: _("has not come back to the course"),
        Access.ACTIVE: _("has come to the course"),
        Access.UNKNOWN: _("Moodle does not tell the access"),
    }[Access(enrolment.access)]
    read = enrolment.course.synced_at
    if read is None:
        return words
    local = timezone.localtime(read, enrolment.course.site.zone)
    return _("%(words)s (read on %(day)s)") % {"words": words, "day": date_format(local, "SHORT_DATE_FORMAT")}
