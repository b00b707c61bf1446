"""What the PostgreSQL and the Redis of a holder have in common: one folder, one lock, one guarded process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Self

from . import system
from .guarded import Guarded, LaunchError


@dataclass
class KeptServer(ABC):
    """A server kept for `home`, a folder of the holder's with its password, log and lock."""

    name: ClassVar[str]
    home: Path
    ephemeral: bool = False
    port: int = field(default=0, init=False)
    _server: Guarded | None = field(default=None, init=False)
    _lock: system.FolderLock | None = field(default=None, init=False)

    @property
    def server(self) -> Guarded:
        if self._server is None:
            raise LaunchError(f"{self.name} is not running.")
        return self._server

    def start(self) -> Self:
        self.home.mkdir(parents=True, exist_ok=True)
        self._lock = system.FolderLock(self.home)
        if not self._lock.acquire():
            raise LaunchError(f"Another process already uses the {self.name} data in {self.home}.")
        try:
            self._begin()
        except BaseException:
            self.stop()
            raise
        return self

    @abstractmethod
    def _begin(self) -> None:
        """Prepare the data and serve them, the lock held."""

    def stop(self) -> None:
        if self._server:
            self._server.stop()
        if self._lock:
            self._lock.release()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
