"""Holders of embedded servers as processes of their own, to be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from config.launch.system import REPOSITORY, is_alive

HOLD = """
import sys, time
from pathlib import Path
from config.launch.postgres import Postgres
from config.launch.redis_server import Redis
from config.embedded import ephemeral_folder
ephemeral = sys.argv[2] == "ephemeral"
with ephemeral_folder() as one, ephemeral_folder() as two:
    base = Path(sys.argv[1])
    with (
        Postgres(one if ephemeral else base / "postgres", ephemeral=ephemeral) as postgres,
        Redis(two if ephemeral else base / "redis", ephemeral=ephemeral) as redis,
    ):
        pids = [s.server.pid for s in (postgres, redis)] + [s.server.warden_pid for s in (postgres, redis)]
        print(*pids, postgres.data, two, flush=True)
        time.sleep(600)
"""


class Holder:
    def __init__(self, folder: Path, kind: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(folder), kind], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        words = self.process.stdout.readline().split()
        self.servers, self.wardens = [int(word) for word in words[:2]], [int(word) for word in words[2:4]]
        self.data, self.redis_home = Path(words[4]), Path(words[5])

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)


def kill(pids: Iterable[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def becomes_true(condition: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def all_gone(pids: Iterable[int]) -> bool:
    pids = list(pids)
    return becomes_true(lambda: not any(is_alive(pid) for pid in pids))


def below(pid: int) -> list[int]:
    """`pid` and every process that comes from it."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            found += [int(word) for word in task.read_text().split()]
    return found
