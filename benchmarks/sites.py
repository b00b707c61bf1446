"""Several paced sites, each a process, and workers to read them: what `fleet` and `two_workers` measure with."""

import json
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celery import current_app

from benchmarks.course import BRANCH
from benchmarks.processes import serving
from demo.moodle.big import TOKEN
from moodle_sync.models import Connection, Course, Site, SyncRun

CONTROL = "bench"
FIRST_COURSE = 2


@dataclass(frozen=True)
class Paced:
    """One simulated site, and ours of it."""

    url: str
    site: Site

    def simultaneous(self) -> int:
        """The greatest number of calls it was answering at once."""
        request = urllib.request.Request(f"{self.url}/_control/account", headers={"X-Control-Token": CONTROL})
        with urllib.request.urlopen(request, timeout=10) as answer:
            account: dict[str, Any] = json.load(answer)
        return int(account["simultaneous"])


@contextmanager
def paced_sites(count: int, *, courses: int, people: int, pace: float) -> Iterator[list[Paced]]:
    """`count` sites of so many courses that share so many people, all followed and due. `pace` 10: ten times faster."""
    with ExitStack() as stack:
        lines = [stack.enter_context(_moodle(n, courses, people, pace)) for n in range(count)]
        yield [_follow(n, line.split()[1], courses) for n, line in enumerate(lines)]


def _moodle(number: int, courses: int, people: int, pace: float) -> Any:
    return serving(
        f"moodle-{number}", "demo.moodle",
        *("--world", f"big:{people}x{courses}", "--born", str(int(time.time()))),
        *("--pace", str(pace), "--control-token", CONTROL),
        ready="ready http",
    )  # fmt: skip


def _follow(number: int, url: str, courses: int) -> Paced:
    site = Site.objects.create(name=f"Fleet {number}", url=url, version=BRANCH)
    connection = Connection(site=site, moodle_user_id=2)
    connection.token = TOKEN
    connection.save()
    Course.objects.bulk_create(
        Course(site=site, connection=connection, moodle_id=n, short_name=f"F{n}", full_name=f"Fleet {number}-{n}")
        for n in range(FIRST_COURSE, FIRST_COURSE + courses)
    )
    return Paced(url, site)


@contextmanager
def workers(count: int, *, processes: int) -> Iterator[None]:
    """Celery workers as in production; one process each is the plainest pool."""
    pool = ["--pool", "solo"] if processes == 1 else ["--concurrency", str(processes)]
    with ExitStack() as stack:
        for n in range(count):
            stack.enter_context(
                serving(
                    f"worker-{n}", "celery",
                    *("-A", "config", "worker", "-n", f"bench-{n}@%h", "--loglevel", "INFO", *pool),
                    *("--without-gossip", "--without-mingle"),
                    ready=" ready.",
                )
            )  # fmt: skip
        yield


@dataclass
class Worker:
    """The one process of a worker, whose memory is looked at. Linux only: it reads /proc."""

    pid: int
    before: float = 0

    def mark(self) -> None:
        """Sets the high-water mark back to what is in use now (man 5 proc)."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")
        self.before = self._mib("VmRSS")

    def grown(self) -> float:
        """The high-water mark since, less what was in use then."""
        return self._mib("VmHWM") - self.before

    def _mib(self, name: str) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        [kib] = [line.split()[1] for line in status.splitlines() if line.startswith(f"{name}:")]
        return int(kib) / 1024


def the_worker() -> Worker:
    """The only one there is, of `workers(1, processes=1)`."""
    [told] = (current_app.control.inspect(timeout=10).stats() or {}).values()
    return Worker(told["pid"])


def wait_for_all(seconds: float) -> None:
    """Until no run is under way. Raises when that takes too long."""
    deadline = time.monotonic() + seconds
    while SyncRun.objects.active().exists():
        if time.monotonic() > deadline:
            raise RuntimeError(f"the workers were not done after {seconds:.0f} s")
        time.sleep(0.2)


def states(runs: Sequence[SyncRun]) -> dict[str, int]:
    found = [run.state for run in runs]
    return {state: found.count(state) for state in sorted(set(found))}
