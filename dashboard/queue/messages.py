"""The words of a reminder that a tutor sends from their own mailbox: nothing is sent from here."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from accounts.models import User
from dashboard.follow_up.rules import Step
from dashboard.models import MessageTemplate
from dashboard.queue.reminders import Recipient, addresses
from dashboard.queue.steps import due_step, schedules
from moodle_sync.models import Course

VARIABLE = re.compile(r"\{(\w+)\}")
LONGEST_MAILTO = 1800
"""Of an address: beyond, mail programs cut it silently, and recipients with it."""
POSTED = re.compile(r"(\d{1,18}):(\d{1,9})")


@dataclass(frozen=True)
class Message:
    """`left`: variables that differ from person to person, which one message to many cannot fill."""

    subject: str
    body: str
    left: Sequence[str] = ()


def compose(course: Course, user: User, template: MessageTemplate | None) -> Message:
    subject = template.subject if template else _("Your course “{session}” is open")
    body = template.body if template else default_body()
    values = {"session": course.full_name, "address": course_address(course), "tutor": str(user)}
    left: list[str] = []

    def fill(found: re.Match[str]) -> str:
        value = values.get(found[1])
        if value is None and found[0] not in left:
            left.append(found[0])
        return found[0] if value is None else value

    return Message(VARIABLE.sub(fill, subject), VARIABLE.sub(fill, body), left)


def default_body() -> str:
    return "\n\n".join(
        [
            _("Hello,"),
            _("You are enrolled in the course “{session}”. It is open, and we have not seen you there yet."),
            _("You enter it here, with your usual credentials: {address}"),
            _("If something keeps you from it (password, address, wrong portal…), answer this message: we will help."),
            _("Kind regards,\n{tutor}"),
        ]
    )


def course_address(course: Course) -> str:
    site = course.site.url.rstrip("/")
    return f"{site}/course/view.php?id={course.moodle_id}" if course.moodle_id else site


def prepared(course: Course, user: User, found: Sequence[Recipient], now: datetime) -> dict[str, Any]:
    """What the page that prepares a reminder shows."""
    to = [recipient for recipient in found if not recipient.obstacle]
    step = common_step(course, found, now)
    template = MessageTemplate.objects.filter(pk=step.template_id).first() if step and step.template_id else None
    message = compose(course, user, template)
    all_addresses = addresses(to)
    return {
        "to": to,
        "excluded": [recipient for recipient in found if recipient.obstacle],
        "message": message,
        "step": step,
        "addresses": all_addresses,
        "mailto": mailto(message, all_addresses),
        "people": " ".join(f"{r.row.record.pk}:{r.row.record.follow_up.version}" for r in to),
    }


def common_step(course: Course, found: Sequence[Recipient], now: datetime) -> Step | None:
    """The step that most of them have come to: one message goes to all."""
    schedule = schedules([course])[course.pk]
    steps: Counter[Step] = Counter()
    for recipient in found:
        record = recipient.row.record
        step = due_step(schedule, course, record.first_seen_at, record.follow_up.step_day, now)
        if step:
            steps[step] += 1
    return steps.most_common(1)[0][0] if steps else None


def mailto(message: Message, to: Sequence[str]) -> str:
    """Blank where a mail program could not take it whole."""
    bcc = ",".join(quote(address, safe="@") for address in to)
    body = quote(message.body.replace("\n", "\r\n"))
    address = f"mailto:?bcc={bcc}&subject={quote(message.subject)}&body={body}"
    return address if to and len(address) <= LONGEST_MAILTO else ""


def posted_versions(text: str) -> dict[int, int] | None:
    """`12:3 15:0`: enrolments with the version that was shown; None for anything else."""
    pairs = text.split()
    found = [POSTED.fullmatch(pair) for pair in pairs]
    if not pairs or not all(found):
        return None
    return {int(pair[1]): int(pair[2]) for pair in found if pair}
