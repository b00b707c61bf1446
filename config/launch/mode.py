"""What `make run` and `make demo` keep in `var/<mode>`: secrets, logs, the state of a running launcher."""

from __future__ import annotations

import base64
import json
import os
import secrets
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .system import REPOSITORY, FolderLock

VAR = REPOSITORY / "var"
MODES = ("run", "demo")
DEMO_USERS = ("tutor", "coordinator", "administrator", "observer")
DEMO_SETTINGS = {
    # Minutes between two reads of a course: the demo is watched for minutes, not for weeks.
    "VIGIE_SYNC_MINUTES_FRESH": "1",
    "VIGIE_SYNC_MINUTES_RUNNING": "2",
    # Its tutors may connect the simulated sites themselves, as where an administrator lists the host.
    "VIGIE_TUTOR_SITES": "127.0.0.1",
}


@dataclass(frozen=True)
class State:
    """Written when everything answers, valid as long as its launcher holds the folder's lock."""

    pid: int
    url: str
    environment: dict[str, str]
    logins: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Mode:
    name: str

    @property
    def folder(self) -> Path:
        return VAR / self.name

    def log(self, name: str) -> Path:
        return self.folder / "log" / f"{name}.log"

    def lock(self) -> FolderLock:
        self.folder.mkdir(parents=True, exist_ok=True)
        return FolderLock(self.folder)

    def secrets(self) -> dict[str, str]:
        """Made once: a key that changed would make stored tokens unreadable and log everybody out."""
        path = self.folder / "secrets.env"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            write_private(path, "".join(f"{name}={value}\n" for name, value in new_secrets(self.name).items()))
        return dict(line.split("=", 1) for line in path.read_text().splitlines())

    def save(self, state: State) -> None:
        write_private(self.folder / "state.json", json.dumps(asdict(state), indent=2) + "\n")

    def forget_state(self) -> None:
        (self.folder / "state.json").unlink(missing_ok=True)

    def state(self) -> State | None:
        """Of the launcher that runs now; None when none does, or not everything answers yet."""
        if not self.folder.is_dir():
            return None
        lock = self.lock()
        if lock.acquire():
            lock.release()
            return None
        try:
            return State(**json.loads((self.folder / "state.json").read_text()))
        except FileNotFoundError:
            return None

    def environment(self, database_url: str, redis_url: str) -> dict[str, str]:
        """For Django's processes. `run` lets the caller's own settings win, the demo never does."""
        ours = {
            **self.secrets(),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
        }
        theirs = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
        if self.name == "demo":
            ours |= DEMO_SETTINGS
        merged = theirs | ours if self.name == "demo" else ours | theirs
        return merged | {
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
        }


def running_mode() -> Mode:
    """The one that runs on this machine, the demo first; `run` when none does."""
    modes = [Mode("demo"), Mode("run")]
    return next((mode for mode in modes if mode.state()), modes[-1])


def new_secrets(mode: str) -> dict[str, str]:
    values = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        # What cryptography's Fernet.generate_key() gives, without needing the package.
        "VIGIE_TOKEN_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
    }
    if mode == "demo":
        values["VIGIE_DEMO_CONTROL_TOKEN"] = secrets.token_urlsafe(24)
        values["VIGIE_DEMO_PASSWORD"] = secrets.token_urlsafe(12)
        # The simulated sites live from here on; their story goes on where it was when they start again.
        values["VIGIE_DEMO_BORN"] = str(int(time.time()))
    return values


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, and readable by nobody else at any moment."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    aside.replace(path)
