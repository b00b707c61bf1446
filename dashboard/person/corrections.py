"""What a corrected note said before, and who may correct it."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from dashboard.models import Contact


@dataclass(frozen=True)
class Earlier:
    """One text that was replaced."""

    text: str
    author: User
    at: datetime


def earlier_texts(entry: Contact) -> tuple[Earlier, ...]:
    """The newest first; each with who wrote it, which is not who replaced it."""
    found: list[Earlier] = []
    author, at = entry.author, entry.created_at
    for version in entry.versions.all():
        found.append(Earlier(version.text, author or version.by, at))
        author, at = version.by, version.at
    return tuple(found[::-1])


def may_correct(user: User, entries: list[Contact], seen: list[Contact]) -> bool:
    """The author of a note, and a coordinator who sees all of the courses it counts for. Never an undone one."""
    if not seen or not seen[0].note or any(hasattr(entry, "undone_by") for entry in entries):
        return False
    return seen[0].author_id == user.pk or (user.is_coordinator and len(seen) == len(entries))
