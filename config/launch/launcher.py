"""`make run` and `make demo`: start everything, watch it, stop it."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import FrameType

from .children import Children, progress, say
from .guarded import LaunchError
from .mode import Mode, State
from .steps import prepare, seed, services, start_moodles, start_vigie
from .system import free_port

REFUSAL = (
    "make demo does not touch the database that DATABASE_URL names: it makes one of its own.\n"
    "Unset DATABASE_URL, or use `make run` to work with that database."
)
PORT = 8000
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Asked to stop, by a signal or by the end of the process that started us."""


@dataclass
class Launcher:
    mode: Mode
    follow_parent: bool = False
    _parent: int = field(default_factory=os.getppid)

    def launch(self) -> int:
        if self.mode.name == "demo" and os.environ.get("DATABASE_URL"):
            print(REFUSAL, file=sys.stderr)
            return 2
        lock = self.mode.lock()
        if not lock.acquire():
            return show_running(self.mode)
        self.mode.forget_state()
        for number in SIGNALS:
            signal.signal(number, interrupt)
        try:
            with ExitStack() as stack:
                self._start(stack)
        except Stopped:
            say("Everything is stopped.")
        except LaunchError as error:
            print(f"{error}\nEverything is stopped.", file=sys.stderr, flush=True)
            return 1
        finally:
            lock.release()
        return 0

    def _start(self, stack: ExitStack) -> None:
        demo = self.mode.name == "demo"
        say(f"Starting {'the demo' if demo else 'Vigie'}")
        with progress("PostgreSQL and Redis"):
            environment = stack.enter_context(services(self.mode))
        port = free_port(PORT)
        url = f"http://127.0.0.1:{port}"
        environment.setdefault("VIGIE_PUBLIC_URL", url)
        children = Children(self.mode, environment, self._pause)
        stack.callback(children.stop)
        sites = start_moodles(children) if demo else {}
        prepare(children)
        logins = seed(children, sites) if demo else []
        start_vigie(children, url)
        stack.callback(self.mode.forget_state)
        addresses = {name: environment[name] for name in ("DATABASE_URL", "REDIS_URL", "VIGIE_PUBLIC_URL")}
        self.mode.save(State(os.getpid(), url, addresses, logins))
        show(url, logins)
        say("Ctrl-C stops everything.")
        while True:
            children.check()
            self._pause(0.5)

    def _pause(self, seconds: float) -> None:
        # `make` was killed: nobody is left to stop us.
        if self.follow_parent and os.getppid() != self._parent:
            raise Stopped
        time.sleep(seconds)


def interrupt(number: int, frame: FrameType | None) -> None:
    for again in SIGNALS:
        signal.signal(again, signal.SIG_IGN)
    raise Stopped


def show(url: str, logins: list[str]) -> None:
    say("\n".join([f"ready {url}", *logins]))


def show_running(mode: Mode) -> int:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if state := mode.state():
            show(state.url, state.logins)
            return 0
        lock = mode.lock()
        if lock.acquire():
            lock.release()
            break
        time.sleep(0.3)
    print(f"`make {mode.name}` runs already but is not ready; see {mode.folder / 'log'}.", file=sys.stderr)
    return 1
