"""Each subject is measured in a process of its own, on a PostgreSQL and a Redis of its own."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.embedded import LaunchError, embedded_services
from config.launch.mode import new_secrets

SUBJECTS = {
    "moodle_cost": ["moodle_cost_dedicated", "moodle_cost_mobile"],
    "sync_time": [
        "sync_own_s_per_1000_first",
        "sync_own_s_per_1000_repeat",
        "sync_own_s_per_1000_first_20000",
        "sync_own_s_per_1000_repeat_20000",
    ],
    "copy_floor": ["copy_floor_s_per_1000"],
    "sync_memory": ["sync_peak_mib", "sync_peak_mib_5000", "sync_peak_mib_50000"],
    "plan": ["plan_ms_per_1000"],
    "claim": ["claim_ms_p95"],
    "roster_small": ["roster_ms_p95_tutor_10000"],
    "roster": ["roster_ms_p95_tutor_100000", "roster_ms_p95_coordinator_100000"],
    "million": ["roster_ms_p95_tutor", "roster_ms_p95_coordinator", "search_ms_p95"],
    "queue": ["queue_ms_p95"],
    "paint": ["first_load_kib", "filter_paint_ms", "contacted_paint_ms"],
}
ACTS = ["contacted", "note", "assign", "callback", "close", "block", "email"]
LONG = {
    "two_workers": ["workers_2_over_1"],
    "exports": [
        "export_s_100000_csv",
        "export_s_100000_xlsx",
        "export_peak_mib_csv",
        "export_peak_mib_xlsx",
        "export_acknowledged_ms",
    ],
    "bulk": [
        *(f"bulk{kind}_s_{act}" for act in ACTS for kind in ("", "_undo")),
        "bulk_acknowledged_ms",
        "bulk_peak_mib",
        "bulk_roster_ms_p95",
    ],
    "fleet": ["fleet_refreshed_share", "fleet_max_simultaneous"],
}
"""Four and ten minutes: measured only when named."""
ALL = SUBJECTS | LONG
FIGURES = [figure for figures in SUBJECTS.values() for figure in figures]
KNOWN = [figure for figures in ALL.values() for figure in figures]


@contextmanager
def surroundings() -> Iterator[dict[str, str]]:
    """What Django's processes need; never the caller's own database, whatever DATABASE_URL says."""
    with embedded_services(Path(), ephemeral=True) as urls:
        yield {
            **os.environ,
            **new_secrets("bench"),
            "DATABASE_URL": urls.database_url,
            "REDIS_URL": urls.redis_url,
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
            "VIGIE_DEBUG": "0",
            "VIGIE_LOG_LEVEL": "WARNING",
        }


def measure(subject: str, wanted: set[str]) -> bool:
    with surroundings() as environment:
        command = [sys.executable, "-m", "benchmarks.run", subject]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    for line in done.stdout.splitlines():
        if line.split()[0] in wanted:
            print(line, flush=True)
    return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Prints lines: name value")
    parser.add_argument("figures", nargs="*", metavar="NAME", help=", ".join(KNOWN))
    wanted = set(parser.parse_args().figures or FIGURES)
    if unknown := sorted(wanted - set(KNOWN)):
        parser.error(f"unknown: {', '.join(unknown)}; there are: {', '.join(KNOWN)}")
    try:
        good = [measure(subject, wanted) for subject, figures in ALL.items() if wanted & set(figures)]
    except LaunchError as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
