"""How much memory a sync adds to a process that does nothing else. Linux only: it reads /proc."""

from pathlib import Path

from benchmarks.course import fresh_course, read
from benchmarks.processes import moodle

PEOPLE = 20_000
MARK_AGAIN = "5"
"""Sets the high-water mark back to what is in use now (man 5 proc)."""


def measure() -> dict[str, float]:
    with moodle(PEOPLE) as url:
        course = fresh_course(url)
        Path("/proc/self/clear_refs").write_text(MARK_AGAIN)
        before = _mib("VmRSS")
        _, run, _ = read(course)
        if run.people_read < PEOPLE:
            raise RuntimeError(f"only {run.people_read} of {PEOPLE} people were read")
        return {"sync_peak_mib": _mib("VmHWM") - before}


def _mib(name: str) -> float:
    status = Path("/proc/self/status").read_text()
    [kib] = [line.split()[1] for line in status.splitlines() if line.startswith(f"{name}:")]
    return int(kib) / 1024
