"""How much memory a sync adds to a process that does nothing else. Linux only: it reads /proc.

Each size in a process of its own: memory once taken is seldom given back.
"""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.course import fresh_course, read
from benchmarks.processes import moodle

SIZES = {"sync_peak_mib": 20_000, "sync_peak_mib_5000": 5_000, "sync_peak_mib_50000": 50_000}
MARK_AGAIN = "5"
"""Sets the high-water mark back to what is in use now (man 5 proc)."""


def measure() -> dict[str, float]:
    return {name: _alone(people) for name, people in SIZES.items()}


def _alone(people: int) -> float:
    code = f"import django; django.setup(); from benchmarks.sync_memory import peak; print(peak({people}))"
    done = subprocess.run([sys.executable, "-c", code], env=os.environ, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


def peak(people: int) -> float:
    with moodle(people) as url:
        course = fresh_course(url)
        Path("/proc/self/clear_refs").write_text(MARK_AGAIN)
        before = _mib("VmRSS")
        _, run, _ = read(course)
        if run.people_read < people:
            raise RuntimeError(f"only {run.people_read} of {people} people were read")
        return _mib("VmHWM") - before


def _mib(name: str) -> float:
    status = Path("/proc/self/status").read_text()
    [kib] = [line.split()[1] for line in status.splitlines() if line.startswith(f"{name}:")]
    return int(kib) / 1024
