"""`make reset`: forget everything below var/, and what root keeps outside the repository."""

from __future__ import annotations

import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

from . import postgres, system
from .mode import VAR


def reset() -> int:
    with ExitStack() as stack:
        # Who uses a folder below var/ holds its lock: a launcher, a database, a Redis.
        for path in sorted(VAR.rglob("lock")) if VAR.exists() else []:
            lock = system.FolderLock(path.parent)
            if not lock.acquire():
                print(f"{path.parent} is in use: stop it (Ctrl-C), then try again.", file=sys.stderr)
                return 1
            stack.callback(lock.release)
        forget_clusters()
        if VAR.exists():
            shutil.rmtree(VAR)
    print("var/ is forgotten.")
    return 0


def forget_clusters() -> None:
    for location in VAR.glob("*/postgres/location"):
        cluster = postgres.cluster_folder(location.parent)
        if cluster.exists():
            postgres.stop_orphan(cluster / "data")
            shutil.rmtree(cluster)
    outside = system.outside_folder_path()
    if not system.is_root() or not outside.exists():
        return
    clusters = [path.parent for path in outside.glob("cluster-*/data")]
    living = [path for path in clusters if alive(path)]
    for path in clusters:
        if path not in living:
            shutil.rmtree(path)
    # Tests may run: their clusters, and the binaries these may use, go with the last of them.
    if not living:
        shutil.rmtree(outside)


def alive(cluster: Path) -> bool:
    lines = postgres.read_pid_file(cluster / "data")
    return bool(lines) and str(cluster) in system.command_line(int(lines[0]))
