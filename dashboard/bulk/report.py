"""One bulk act in full: who was left out, by reason, and who was kept as they are by an undo."""

from collections.abc import Iterable
from dataclasses import dataclass

from dashboard.bulk.rules import label
from dashboard.models import BulkAct
from dashboard.scope import visible_enrolments
from moodle_sync.models import Enrolment

SHOWN = 100


@dataclass(frozen=True)
class LeftOut:
    why: str
    number: int
    people: list[Enrolment]
    """Those still in the user's sight, the first of them."""


@dataclass(frozen=True)
class Report:
    act: BulkAct

    @property
    def left_out(self) -> list[LeftOut]:
        return [self._group(label(reason), ids) for reason, ids in self.act.skipped.items()]

    @property
    def kept(self) -> LeftOut:
        return self._group("", self.act.kept)

    def _group(self, why: str, ids: list[int]) -> LeftOut:
        seen = visible_enrolments(self.act.user).filter(pk__in=_first(ids)).select_related("participant", "course")
        return LeftOut(why, len(ids), list(seen.order_by("participant__sort_key", "pk")[:SHOWN]))


def _first(ids: Iterable[int]) -> list[int]:
    """More than are shown, as some may be out of sight."""
    return list(ids)[: SHOWN * 2]
