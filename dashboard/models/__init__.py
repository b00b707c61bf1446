"""What the team does. Only people and the follow-up rules write these rows."""

from dashboard.models.audit import AuditEntry
from dashboard.models.contact import Contact
from dashboard.models.follow_up import FollowUp
from dashboard.models.import_file import ImportFile
from dashboard.models.person import ContactDetail, Person, PersonAccount, PersonChange
from dashboard.models.watch import FlagSeen, SiteNotice

__all__ = [
    "AuditEntry",
    "Contact",
    "ContactDetail",
    "FlagSeen",
    "FollowUp",
    "ImportFile",
    "Person",
    "PersonAccount",
    "PersonChange",
    "SiteNotice",
]
