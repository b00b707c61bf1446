"""How far the step under way is, outside the database: the transaction that imports shows nothing before its end."""

from dataclasses import dataclass
from datetime import timedelta

from django.core.cache import cache

from dashboard.models import ImportFile

STUCK_AFTER = timedelta(minutes=10)
"""A worker that has said nothing for so long is dead: the step may be asked for again."""


@dataclass(frozen=True)
class Progress:
    draft: ImportFile

    def __call__(self, done: int, expected: int | None = None) -> None:
        """`expected`: for whoever knows better than the draft, whose lines are counted when it was read."""
        so_far = (done, self.draft.lines if expected is None else expected)
        cache.set(self._key, so_far, int(STUCK_AFTER.total_seconds()))

    @property
    def lines(self) -> tuple[int, int]:
        """Done, and expected in all; 0 as long as nobody knows."""
        done, expected = cache.get(self._key) or (0, self.draft.lines)
        return min(done, expected), expected

    @property
    def _key(self) -> str:
        return f"import-{self.draft.pk}-{self.draft.state}"
