"""The words of a reminder that a tutor sends from their own mailbox: nothing is sent from here."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from accounts.models import User
from dashboard.enums import Channel
from dashboard.follow_up.rules import Step
from dashboard.models import MessageTemplate
from dashboard.plan import wording
from dashboard.queue.reminders import Recipient, addresses
from dashboard.queue.steps import due_step, schedules
from moodle_sync.models import Course

PERSONAL = ("prénom", "nom")
LONGEST_MAILTO = 1800
"""Of an address: beyond, mail programs cut it silently, and recipients with it."""
POSTED = re.compile(r"(\d{1,18}):(\d{1,9})")


@dataclass(frozen=True)
class Message:
    """`left`: variables that differ from person to person, left out of one message to many."""

    subject: str
    body: str
    left: Sequence[str] = ()


def compose(course: Course, user: User, template: MessageTemplate) -> Message:
    """To many at once: their names are left out, with the space before them."""
    address = wording.course_address(course)
    values = {"session": course.full_name, "adresse": address, "tuteur": str(user), "prénom": "", "nom": ""}
    left = [name for name in PERSONAL if f"{{{name}}}" in template.subject + template.body]
    return Message(_filled(template.subject, values), wording.with_notice(_filled(template.body, values)), left)


def _filled(text: str, values: dict[str, str]) -> str:
    for name in PERSONAL:
        text = text.replace(f" {{{name}}}", "")
    return wording.fill(text, values)


def usual_template(course: Course, step: Step | None) -> MessageTemplate:
    """The step's; without one, the site's first for the first e-mail of the plan, and so on."""
    templates = list(wording.available(course.site))
    chosen = next((template for template in templates if step and template.pk == step.template_id), None)
    emails = [one for one in schedules([course])[course.pk].steps if one.channel == Channel.EMAIL]
    rank = emails.index(step) if step in emails else 0
    return chosen or templates[min(rank, len(templates) - 1)]


def prepared(course: Course, user: User, found: Sequence[Recipient], now: datetime) -> dict[str, Any]:
    """What the page that prepares a reminder shows."""
    to = [recipient for recipient in found if not recipient.obstacle]
    step = common_step(course, found, now)
    message = compose(course, user, usual_template(course, step))
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
