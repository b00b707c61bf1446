"""`python -m demo.moodle`: one simulated site as a process of its own."""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from .big import BORN as BIG_BORN
from .big import big_world
from .server import MoodleServer
from .world import World
from .worlds import DEMO_WORLDS

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """End when the parent does: the kernel tells us on Linux, a look at it each second elsewhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def build(name: str, born: int, speed: float, journal: Path | None) -> World:
    if name.startswith("big:"):
        people, _, courses = name.removeprefix("big:").partition("x")
        return big_world(int(people), int(courses or 1), born=born or BIG_BORN)
    if name not in DEMO_WORLDS:
        raise SystemExit(f"unknown world {name!r}: {', '.join(DEMO_WORLDS)}, big:PEOPLE or big:PEOPLExCOURSES")
    return DEMO_WORLDS[name].build(born=born or int(time.time()), speed=speed, journal=journal)


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m demo.moodle", description=__doc__)
    options.add_argument("--world", required=True, help="ouest, nord, big:20000 or big:20000x4")
    options.add_argument("--port", type=int, default=0, help="0 (default) takes a free one")
    options.add_argument("--control-token", default="", help="opens /_control/… to who sends it")
    options.add_argument("--speed", type=float, default=1.0, help="how much faster life goes on")
    options.add_argument("--born", type=int, default=0, help="Unix time the story starts at (default: now)")
    options.add_argument("--journal", type=Path, help="file that keeps the contacts over restarts")
    options.add_argument("--paced", action="store_const", const=1.0, default=0.0, dest="pace", help="like --pace 1")
    options.add_argument("--pace", type=float, help="take the time a real Moodle would take; 10: a tenth of it")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    parent = os.getppid()
    options = parser().parse_args(arguments)
    die_with_parent(parent)
    world = build(options.world, options.born, options.speed, options.journal)
    server = MoodleServer(world, port=options.port, control_token=options.control_token, pace=options.pace)

    def stop(*_: object) -> None:
        # `shutdown` waits for the loop that this handler interrupts: it needs a thread of its own.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"ready {server.url}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
