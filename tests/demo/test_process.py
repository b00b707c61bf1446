"""`python -m demo.moodle`: ready line, clean end, and no orphan."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import requests

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "demo.moodle", "--world", "big:50x2", "--control-token", "secret"]


def wait_until(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False


def gone(pid: int) -> bool:
    """Ended, or ended and not yet collected by whoever inherits it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_it_says_when_it_is_ready_and_ends_on_sigterm() -> None:
    with subprocess.Popen(COMMAND, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        word, url = process.stdout.readline().split()
        assert word == "ready"
        headers = {"X-Control-Token": "secret"}
        world = requests.get(f"{url}/_control/world", headers=headers, timeout=10).json()
        assert [course["enrolled"] for course in world["courses"]] == [25, 25]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_it_ends_when_its_parent_is_killed() -> None:
    starter = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen({COMMAND!r}, stdout=subprocess.PIPE, text=True)\n"
        "child.stdout.readline()\nprint(child.pid, flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", starter], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait(timeout=20)
        assert wait_until(lambda: gone(child))


def test_an_unknown_world_is_refused() -> None:
    command = [sys.executable, "-m", "demo.moodle", "--world", "sud"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert result.returncode != 0
    assert "unknown world 'sud'" in result.stderr
