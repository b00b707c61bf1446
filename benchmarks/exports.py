"""100,000 people taken out as CSV and as XLSX, by a Celery worker: how long, and with how much memory."""

import sys
import time

from django.test import Client
from django.urls import reverse

from accounts.models import User
from benchmarks.roster_data import LARGE, build
from benchmarks.sites import the_worker, workers
from dashboard.models import Export

PATIENCE = 600
LOOKS_EVERY = 0.1


def measure() -> dict[str, float]:
    coordinator, figures = build(LARGE).coordinator, dict[str, float]()
    acknowledged = []
    with workers(1, processes=1):
        worker = the_worker()
        for format in (Export.Format.CSV, Export.Format.XLSX):
            worker.mark()
            begun = time.perf_counter()
            _ask(coordinator, format)
            acknowledged.append((time.perf_counter() - begun) * 1000)
            _wait()
            figures[f"export_s_100000_{format}"] = time.perf_counter() - begun
            figures[f"export_peak_mib_{format}"] = worker.grown()
    return figures | {"export_acknowledged_ms": max(acknowledged)}


def _ask(user: User, format: str) -> None:
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    answer = client.post(reverse("dashboard:export"), {"format": format, "query": "sort=teacher"})
    if answer.status_code != 302:
        raise RuntimeError(f"the export was answered with {answer.status_code}")


def _wait() -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        made = Export.objects.defer("ids").latest("pk")
        if made.state == Export.State.READY:
            print(f"  {made.format}: {made.done} lines, {made.parts.count()} parts", file=sys.stderr)
            return
        if not made.is_busy:
            raise RuntimeError(f"the export is {made.state}")
        time.sleep(LOOKS_EVERY)
    raise RuntimeError(f"no file after {PATIENCE} s")
