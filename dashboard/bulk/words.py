"""What became of a bulk act, in words."""

from dataclasses import dataclass
from uuid import UUID

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from dashboard.bulk.rules import Name, label
from dashboard.models import BulkAct

State = BulkAct.State


@dataclass(frozen=True)
class Told:
    """A toast: what was said, how urgently, and what «Undo» would undo."""

    text: str
    level: str = "success"
    act: UUID | None = None


def told(act: BulkAct) -> Told:
    if act.state == State.UNDONE:
        return Told(undone_words(act.undone, len(act.kept)), "warning" if act.kept else "success")
    text = done_words(act)
    if act.left_out:
        text = f"{text} {left_out_words(act)}"
    return Told(text, "warning" if act.left_out else "success", act.pk if act.done else None)


def done_words(act: BulkAct) -> str:
    n = act.done
    if not n:
        return _("Nothing was changed.")
    match act.name:
        case Name.CONTACTED:
            words = ngettext("%(n)s person marked as contacted.", "%(n)s people marked as contacted.", n)
        case Name.CALLBACK:
            words = ngettext("%(n)s callback set.", "%(n)s callbacks set.", n)
        case Name.ASSIGN:
            words = ngettext("%(n)s person handed over to %(name)s.", "%(n)s people handed over to %(name)s.", n)
        case Name.NOTE:
            words = ngettext("Note added for %(n)s person.", "Note added for %(n)s people.", n)
        case Name.EMAIL:
            words = ngettext("E-mail noted for %(n)s person.", "E-mail noted for %(n)s people.", n)
        case Name.CLOSE:
            words = ngettext("%(n)s follow-up closed.", "%(n)s follow-ups closed.", n)
        case Name.REOPEN:
            words = ngettext("%(n)s follow-up taken up again.", "%(n)s follow-ups taken up again.", n)
        case Name.BLOCK:
            words = ngettext("%(n)s follow-up blocked.", "%(n)s follow-ups blocked.", n)
        case Name.LIFT:
            words = ngettext("%(n)s follow-up unblocked.", "%(n)s follow-ups unblocked.", n)
        case _:
            words = ngettext("%(n)s person declared to have come in.", "%(n)s people declared to have come in.", n)
    return words % {"n": _number(n), "name": _colleague(act)}


def left_out_words(act: BulkAct) -> str:
    words = ngettext("%(n)s left out: %(why)s.", "%(n)s left out: %(why)s.", act.left_out)
    why = "; ".join(
        _("%(reason)s (%(n)s)") % {"reason": label(r), "n": _number(len(ids))} for r, ids in act.skipped.items()
    )
    if len(act.skipped) == 1:  # their number is told already
        why = label(*act.skipped)
    return words % {"n": _number(act.left_out), "why": why}


def undone_words(undone: int, kept: int) -> str:
    words = _("Nothing was undone.")
    if undone or not kept:
        words = ngettext("Undone for %(n)s person.", "Undone for %(n)s people.", undone) % {"n": _number(undone)}
    if not kept:
        return words
    more = ngettext(
        "%(n)s changed since, or no longer yours: left as it is.",
        "%(n)s changed since, or no longer yours: left as they are.",
        kept,
    ) % {"n": _number(kept)}
    return f"{words} {more}"


def _colleague(act: BulkAct) -> str:
    return str(User.objects.get(pk=act.parameters["to"])) if act.name == Name.ASSIGN else ""


def _number(n: int) -> str:
    return str(number_format(n, use_l10n=True, force_grouping=True))
