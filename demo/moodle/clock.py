"""The world's clock: real time, or a time that tests set."""

from __future__ import annotations

import time


class Clock:
    """Unix seconds. Real time until `set` or `advance` is called; then it stands still."""

    def __init__(self, now: int | None = None, *, ahead: int = 0) -> None:
        self._fixed = now
        self.ahead = ahead
        """Seconds that the site's clock goes before everybody else's; its answers are dated with it too."""

    def now(self) -> int:
        return int(time.time()) + self.ahead if self._fixed is None else self._fixed

    def set(self, now: int) -> None:
        self._fixed = now

    def advance(self, seconds: int) -> int:
        self._fixed = self.now() + seconds
        return self._fixed
