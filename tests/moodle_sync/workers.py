"""Celery workers as processes of their own, and the servers that a test may break without hurting the others."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from celery import Celery
from django.conf import settings
from django.db import connection

from config.launch.redis_server import redis_program
from moodle_sync.models import SyncRun

ENDED = ["ok", "partial", "refused", "unavailable", "held", "interrupted"]


@contextmanager
def worker(
    *, home: Path | None = None, code: Path | None = None, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """With `home`, what it says goes to `home/log`, and it knows no other folder than that and its code."""
    given = connection.settings_dict
    url = f"postgresql://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
    folders = {"HOME": str(home), "TMPDIR": str(home)} if home else {}
    with open(home / "log" if home else os.devnull, "wb") as log:
        process = subprocess.Popen(
            [
                sys.executable, "-W", "ignore", "-m", "celery", "-A", "config", "worker", "--pool", "solo",
                "--loglevel", "INFO" if home else "WARNING",
                "--without-gossip", "--without-mingle", "--without-heartbeat",
            ],
            cwd=code or settings.BASE_DIR,
            env={**os.environ, "DATABASE_URL": url, "DATABASE_CONN_MAX_AGE": "0", **folders, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def own_line() -> psycopg.Connection:
    """Another client of the same PostgreSQL."""
    given = connection.settings_dict
    return psycopg.connect(
        host=given["HOST"], port=given["PORT"], user=given["USER"], password=given["PASSWORD"], dbname=given["NAME"]
    )


def waits_for(table: str) -> bool:
    """Somebody waits for a lock on it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass", [table])
        return bool(cursor.fetchone()[0])


def until(found: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def state_of(run: SyncRun) -> str:
    return SyncRun.objects.values_list("state", flat=True).get(pk=run.pk)


def ended(run: SyncRun) -> bool:
    return state_of(run) in ENDED


class BreakableRedis:
    """A Redis that keeps nothing, always on the same port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [redis_program(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", "."]
        self._process = subprocess.Popen(command, cwd=self._folder, stdout=subprocess.DEVNULL)
        until(self._answers)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def application(url: str) -> Celery:
    """The tasks of ours, sent through another Redis."""
    app = Celery("other", broker=url, set_as_current=False)
    app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    return app
