"""What others did meanwhile, in the words of the timeline: whoever comes second is told what changed."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from dashboard.models import Contact, FollowUp
from dashboard.person.timeline import title_of

MOST = 3
"""Of the latest: the timeline has them all."""


def by_others(follow_ups: Iterable[FollowUp], user: User, *, after: int) -> list[str]:
    """What happened to these since the entry `after`, oldest first."""
    return _told(_of(follow_ups).filter(pk__gt=after), user)


def since_versions(seen: Iterable[tuple[FollowUp, int]], user: User) -> str:
    """«Samir B.: no answer.», of what came after the versions a form was made for; empty for the user's own acts."""
    later = Q(pk__in=[])
    pairs = list(seen)
    for follow_up, version in pairs:
        later |= Q(follow_up=follow_up, version__gt=version)
    told = _told(_of([follow_up for follow_up, _version in pairs]).filter(later), user)
    return f"{' · '.join(told)}." if told else ""


def _of(follow_ups: Iterable[FollowUp]) -> QuerySet[Contact]:
    entries = Contact.objects.filter(follow_up__in=[follow_up.pk for follow_up in follow_ups])
    return entries.select_related("author", "handed_to", "blockage__owner", "follow_up__enrolment__course")


def _told(entries: QuerySet[Contact], user: User) -> list[str]:
    latest = list(entries.exclude(author=user).order_by("-pk")[:MOST])
    return [_one(entry) for entry in reversed(latest)]


def _one(entry: Contact) -> str:
    if entry.author is None:
        return title_of(entry)
    return _("%(name)s: %(what)s") % {"name": entry.author.short_name, "what": title_of(entry)}
