"""Run one command, and stop it when the holder goes away.

The holder keeps the writing end of our standard input; the kernel closes it however the holder ends, SIGKILL
included, and we then stop the command and everything in its process group. Should we ourselves be killed, the
command gets the same first signal from the kernel (PR_SET_PDEATHSIG, on Linux).

Standard library alone, and run by path: it has to start in a few milliseconds.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable

PR_SET_PDEATHSIG = 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", required=True, help="file that takes the command's output")
    parser.add_argument("--stop", default="TERM", help="signals sent one grace apart; KILL follows the last")
    parser.add_argument("--grace", type=float, default=8.0, help="seconds left to the command after each signal")
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("--remove", action="append", default=[], help="folder deleted once the command ended")
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def dies_with_us(first_signal: signal.Signals) -> Callable[[], None] | None:
    """A function for the child: it runs after the change of user, which would clear the setting."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, int(first_signal), 0, 0, 0)


def start(options: argparse.Namespace, first_signal: signal.Signals) -> subprocess.Popen[bytes]:
    with open(options.log, "ab", buffering=0) as log:
        return subprocess.Popen(
            options.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=dies_with_us(first_signal),
            user=options.uid,
            group=options.gid,
            extra_groups=None if options.uid is None else [],
        )


class Wake:
    """Turns SIGCHLD and SIGTERM into a readable descriptor, so that waiting costs nothing."""

    def __init__(self) -> None:
        self.stop_asked = False
        self.reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self.ask_to_stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def ask_to_stop(self, *_: object) -> None:
        self.stop_asked = True

    def wait(self, seconds: float, *others: int) -> list[int]:
        readable, _, _ = select.select([self.reader, *others], [], [], seconds)
        if self.reader in readable:
            os.read(self.reader, 512)
        return readable


def watch(child: subprocess.Popen[bytes], wake: Wake, holder: int) -> None:
    """Return when the command ended or has to be stopped."""
    lifeline = sys.stdin.fileno()
    while child.poll() is None and not wake.stop_asked:
        # A fork of the holder may keep the lifeline open after it: our parent's id tells as well.
        if os.getppid() != holder:
            return
        if lifeline in wake.wait(1.0, lifeline) and not os.read(lifeline, 512):
            return


def stop(child: subprocess.Popen[bytes], wake: Wake, signals: list[signal.Signals], grace: float) -> None:
    for number in signals:
        if child.poll() is not None:
            break
        child.send_signal(number)
        deadline = time.monotonic() + grace
        while child.poll() is None and (left := deadline - time.monotonic()) > 0:
            wake.wait(min(left, 0.5))
    # Whatever the command left behind in its group goes too.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def main() -> int:
    options = arguments()
    holder = os.getppid()
    signals = [signal.Signals["SIG" + name] for name in options.stop.split(",")]
    wake = Wake()
    try:
        child = start(options, signals[0])
    except OSError as error:
        print(f"error {error}", flush=True)
        return 127
    print(f"pid {child.pid}", flush=True)
    watch(child, wake, holder)
    stop(child, wake, signals, options.grace)
    for folder in options.remove:
        shutil.rmtree(folder, ignore_errors=True)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


if __name__ == "__main__":
    sys.exit(main())
