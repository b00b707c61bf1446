"""The world's clock: real time, or a time that tests set."""

from __future__ import annotations

import time


class Clock:
    """Unix seconds. Real time until `set` or `advance` is called; then it stands still."""

    def __init__(self, now: int | None = None) -> None:
        self._fixed = now

    def now(self) -> int:
        return int(time.time()) if self._fixed is None else self._fixed

    def set(self, now: int) -> None:
        self._fixed = now

    def advance(self, seconds: int) -> int:
        self._fixed = self.now() + seconds
        return self._fixed
