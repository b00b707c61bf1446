"""A command with a warden: it ends when we stop it, and also when we are killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

WARDEN = Path(__file__).with_name("warden.py")


class LaunchError(Exception):
    """Something could not be started; the message is for the person in front of the terminal."""


@dataclass(frozen=True)
class Owner:
    """The system user a command runs as."""

    uid: int
    gid: int


@dataclass
class Guarded:
    name: str
    command: Sequence[str]
    log: Path
    stop_signals: str = "TERM"
    grace: float = 8.0
    owner: Owner | None = None
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    remove_at_end: Sequence[Path] = ()
    pid: int = field(default=0, init=False)
    _warden: subprocess.Popen[str] | None = field(default=None, init=False, repr=False)

    def start(self) -> Self:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_bytes(b"")
        self.log.chmod(0o600)
        self._warden = subprocess.Popen(
            [sys.executable, "-I", "-S", str(WARDEN), *self._options(), "--", *self.command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=None if self.env is None else dict(self.env),
            cwd=self.cwd,
            start_new_session=True,
        )
        assert self._warden.stdout is not None
        word, _, rest = self._warden.stdout.readline().strip().partition(" ")
        if word != "pid":
            self.stop()
            raise LaunchError(f"{self.name} could not be started: {rest or 'its warden said nothing'}")
        self.pid = int(rest)
        return self

    def _options(self) -> list[str]:
        options = ["--log", str(self.log), "--stop", self.stop_signals, "--grace", str(self.grace)]
        if self.owner:
            options += ["--uid", str(self.owner.uid), "--gid", str(self.owner.gid)]
        for folder in self.remove_at_end:
            options += ["--remove", str(folder)]
        return options

    @property
    def warden_pid(self) -> int:
        return self._warden.pid if self._warden else 0

    @property
    def exit_code(self) -> int | None:
        return self._warden.poll() if self._warden else None

    @property
    def running(self) -> bool:
        return self._warden is not None and self._warden.poll() is None

    def ask_to_stop(self) -> None:
        """Let go of the lifeline; several commands asked one after the other end side by side."""
        if self._warden and self._warden.stdin and not self._warden.stdin.closed:
            self._warden.stdin.close()

    def stop(self) -> None:
        self.ask_to_stop()
        if self._warden:
            self._warden.wait()
            assert self._warden.stdout is not None
            self._warden.stdout.close()

    def last_lines(self, count: int = 30) -> str:
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-count:])

    def __enter__(self) -> Self:
        return self if self._warden else self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
