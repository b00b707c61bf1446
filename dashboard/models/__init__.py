"""What the team does. Only people and the follow-up rules write these rows."""

from dashboard.models.audit import AuditEntry
from dashboard.models.bulk import BulkAct
from dashboard.models.call import BadAddress, BadNumber, CallRound, Draft, Lease
from dashboard.models.contact import Contact, NoteVersion
from dashboard.models.export import Export, ExportPart
from dashboard.models.follow_up import FollowUp
from dashboard.models.import_file import ImportFile
from dashboard.models.person import ContactDetail, Person, PersonAccount, PersonChange
from dashboard.models.plan import MessageTemplate, Plan, PlanStep, WorkingDays
from dashboard.models.preference import DeskChange, Preference
from dashboard.models.saved_view import SavedView
from dashboard.models.selection import Selection
from dashboard.models.team import Absence, Blockage, CalendarFeed, HintAnswer, Notice
from dashboard.models.watch import FlagSeen, SiteNotice

__all__ = [
    "Absence",
    "AuditEntry",
    "BadAddress",
    "BadNumber",
    "Blockage",
    "BulkAct",
    "CalendarFeed",
    "CallRound",
    "Contact",
    "ContactDetail",
    "DeskChange",
    "Draft",
    "Export",
    "ExportPart",
    "FlagSeen",
    "FollowUp",
    "HintAnswer",
    "ImportFile",
    "Lease",
    "MessageTemplate",
    "NoteVersion",
    "Notice",
    "Person",
    "PersonAccount",
    "PersonChange",
    "Plan",
    "PlanStep",
    "Preference",
    "SavedView",
    "Selection",
    "SiteNotice",
    "WorkingDays",
]
