"""The preview as the screen shows it: counts, the lines that cannot be taken, people page by page."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboard.imports.work import content_of
from dashboard.models import ImportFile
from dashboard.models.import_file import unsealed
from moodle_sync.files.columns import Target
from moodle_sync.files.errors import Fault
from moodle_sync.files.plan import Outcome

PER_PAGE = 50
BAD_SHOWN = 200
WORDS: dict[str, str | Promise] = {
    "first_name": _("name"), "last_name": _("name"), "full_name": _("name"), "email": _("e-mail"),
    "phone1": _("phone"), "phone2": _("phone"), "phone": _("phone"), "institution": _("school"),
    "school": _("school"), "city": _("city"), "groups": _("groups"), "roles": _("roles"),
    "suspended": _("status"), "course_access": _("course access"), "site_access": _("platform access"),
}  # fmt: skip


@dataclass(frozen=True)
class BadRow:
    number: int
    reason: str | Promise
    header: str
    value: str


@dataclass(frozen=True)
class PersonRow:
    number: int
    outcome: Outcome
    changed: str
    name: str
    email: str


@dataclass(frozen=True)
class Preview:
    bad: list[BadRow]
    more_bad: int
    people: "Page[PersonRow]"
    show: str
    staff: list[str]
    tells_access: bool
    tells_roles: bool

    @property
    def is_empty(self) -> bool:
        return not self.people.paginator.count


def preview(draft: ImportFile, *, show: str, page: str) -> Preview:
    assert draft.outcome is not None  # the draft is ready
    found, content = unsealed(draft.outcome), content_of(draft)
    people = found["people"]
    if show in Outcome.values:
        people = [row for row in people if row[1] == show]
    paginator = Paginator(people, PER_PAGE)
    chosen = paginator.get_page(page)
    chosen.object_list = [_person(row) for row in chosen.object_list]
    return Preview(
        bad=_bad(found["bad"][:BAD_SHOWN], content),
        more_bad=max(len(found["bad"]) - BAD_SHOWN, 0),
        people=chosen,
        show=show if show in Outcome.values else "",
        staff=found.get("staff", []),
        tells_access=bool({Target.COURSE_ACCESS, Target.SITE_ACCESS} & set(draft.mapping)),
        tells_roles=Target.ROLES in draft.mapping,
    )


def _bad(lines: list[list[Any]], content: dict[str, Any]) -> list[BadRow]:
    wanted = {number for number, _fault, _column in lines}
    rows = {number: cells for number, cells in content["rows"] if number in wanted}
    return [
        BadRow(
            number,
            Fault(fault).label,
            content["headers"][column] if column is not None else "",
            rows[number][column] if column is not None else "",
        )
        for number, fault, column in lines
    ]


def _person(row: list[Any]) -> PersonRow:
    number, outcome, changed, name, email = row
    words = dict.fromkeys(str(WORDS[field]) for field in changed)
    return PersonRow(number, Outcome(outcome), ", ".join(words), name, email)
