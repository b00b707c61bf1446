"""The other processes of a measurement. They end with us, however we end."""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.launch.guarded import Guarded

START_SECONDS = 60
POLL_SECONDS = 0.05


@contextmanager
def serving(name: str, *arguments: str, ready: str) -> Iterator[str]:
    """Run `python -m arguments…`; gives the line of its output that begins with `ready`."""
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        command = [sys.executable, "-m", *arguments]
        with Guarded(name, command, log=Path(folder) / f"{name}.log") as server:
            yield _wait(server, ready)


def _wait(server: Guarded, ready: str) -> str:
    deadline = time.monotonic() + START_SECONDS
    while server.running and time.monotonic() < deadline:
        for line in server.last_lines(100).splitlines():
            if ready in line:
                return line
        time.sleep(POLL_SECONDS)
    raise RuntimeError(f"{server.name} did not start:\n{server.last_lines()}")


@contextmanager
def moodle(people: int) -> Iterator[str]:
    """A simulated site with one course, that answers at once; gives its address."""
    with serving("moodle", "demo.moodle", "--world", f"big:{people}", ready="ready http") as line:
        yield line.split()[1]
