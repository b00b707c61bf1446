"""What the embedded servers need from the machine: a port, a lock, a user that is not root."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import secrets
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path

from .guarded import LaunchError, Owner

REPOSITORY = Path(__file__).resolve().parents[2]
OUTSIDE = Path("/var/tmp")


def free_port(preferred: int = 0) -> int:
    """`preferred`, or the next one that nobody listens on; any free one for 0."""
    for port in range(preferred, preferred + 100 if preferred else 1):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise LaunchError(f"No free port between {preferred} and {preferred + 99} on 127.0.0.1.")


def secret_file(path: Path) -> str:
    """The secret kept in `path`, made at the first call; nobody else may read it."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        value = secrets.token_urlsafe(24)
        file.write(value + "\n")
    return value


class FolderLock:
    """One holder per folder; the kernel releases it however the holder ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_root() -> bool:
    return os.geteuid() == 0


def unprivileged_user() -> Owner:
    """PostgreSQL refuses to run as root: an existing system user runs it; none is ever created."""
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Owner(entry.pw_uid, entry.pw_gid)
    raise LaunchError(
        "PostgreSQL does not run as root, and there is neither a user “postgres” nor “nobody” here. "
        "Run this as a plain user, or set DATABASE_URL."
    )


def outside_folder_path() -> Path:
    digest = hashlib.sha256(os.fsencode(REPOSITORY)).hexdigest()[:16]
    return OUTSIDE / f"vigie-{digest}"


def outside_folder() -> Path:
    """Root's own place outside the repository, which the unprivileged user may be unable to reach."""
    folder = outside_folder_path()
    try:
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)
    except FileExistsError:
        # Anyone may create names in this parent: accept only what root made and only root may change.
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
            raise LaunchError(f"{folder} exists and is not a folder of root's alone; remove it.") from None
    return folder


def command_line(pid: int) -> str:
    """A living process's command line; empty when there is no such process."""
    try:
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" "))
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return ""
    answer = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        # A zombie holds nothing any more; it only waits for its parent.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return not Path("/proc/self").exists()


def end_process(pid: int, *signals: signal.Signals, grace: float = 8.0) -> None:
    for number in (*signals, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline:
            if not is_alive(pid):
                return
            time.sleep(0.05)
    raise LaunchError(f"Process {pid} does not end; stop it and try again.")
