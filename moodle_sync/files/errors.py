"""Why a file, or one line of it, cannot be taken. Codes are kept; the words are said when shown."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Problem(TextChoices):
    """Of a whole file."""

    EMPTY = "empty", _("The file is empty.")
    TOO_LARGE = "too_large", _("The file is larger than 10 MB: split it.")
    TOO_MANY_ROWS = "too_many_rows", _("The file has more than 50,000 lines: split it.")
    TOO_MANY_COLUMNS = "too_many_columns", _("The file has more than 200 columns: keep those that are needed.")
    OLD_EXCEL = "old_excel", _("This is an old Excel file (.xls): open it, then save it as .xlsx or CSV.")
    NOT_A_TABLE = "not_a_table", _("This is neither a CSV nor an XLSX file: export it again in one of these formats.")
    DAMAGED = "damaged", _("The file cannot be read: it is damaged or protected. Export it again.")
    OPEN_QUOTE = "open_quote", _("A quotation mark is opened and never closed: export the file again.")
    NO_LINES = "no_lines", _("The file has column names but no line under them.")


class Fault(TextChoices):
    """Of one line."""

    NOBODY = "nobody", _("neither e-mail address nor name")
    EMAIL = "email", _("not an e-mail address")
    MOMENT = "moment", _("not a date or a duration that can be read")
    FUTURE = "future", _("a date later than the export")
    STATUS = "status", _("a status other than active or suspended")
    OTHER_COURSE = "other_course", _("another course")
    OTHER_NAME = "other_name", _("the same address as an earlier line, with another name")
    HOMONYM = "homonym", _("several people have this name: add their e-mail addresses")
    UNKNOWN_PERSON = "unknown_person", _("nobody you may see here has this address")
    PHONE = "phone", _("not a phone number")
    NOTHING = "nothing", _("neither phone nor school")


class Unreadable(Exception):
    """Nothing can be made of the file."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.value)
