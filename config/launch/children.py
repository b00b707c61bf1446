"""The steps that come to an end, and the servers that must not, of one launch."""

from __future__ import annotations

import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .guarded import Guarded, LaunchError
from .mode import Mode
from .system import REPOSITORY

ANSWER_SECONDS = 60


def say(text: str, end: str = "\n") -> None:
    print(text, end=end, flush=True)


@contextmanager
def progress(what: str) -> Iterator[None]:
    started = time.monotonic()
    say(f"  {what} …", end="")
    try:
        yield
    except BaseException:
        say(" stopped")
        raise
    say(f" {time.monotonic() - started:.1f} s")


@dataclass
class Children:
    mode: Mode
    environment: Mapping[str, str]
    pause: Callable[[float], None]
    servers: list[Guarded] = field(default_factory=list)

    def _guarded(self, name: str, arguments: Sequence[str]) -> Guarded:
        # `python -m …`: the first line of an installed script may not be longer than 127 characters.
        return Guarded(
            name,
            [sys.executable, *arguments],
            log=self.mode.log(name),
            env=self.environment,
            cwd=REPOSITORY,
        )

    def run(self, name: str, *arguments: str) -> list[str]:
        """Run a step to its end; its output."""
        with self._guarded(name, arguments) as step:
            while step.running:
                self.pause(0.05)
            if step.exit_code != 0:
                raise LaunchError(f"{name} failed. The end of {step.log}:\n{step.last_lines()}")
            return step.log.read_text(encoding="utf-8", errors="replace").splitlines()

    def serve(self, name: str, *arguments: str) -> Guarded:
        server = self._guarded(name, arguments).start()
        self.servers.append(server)
        return server

    def wait_for_log(self, server: Guarded, words: str) -> None:
        self._wait(server, lambda: words in server.last_lines(200))

    def wait_for_answer(self, server: Guarded, url: str) -> None:
        self._wait(server, lambda: answers(url))

    def _wait(self, server: Guarded, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + ANSWER_SECONDS
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise LaunchError(f"{server.name} does not answer. The end of its log:\n{server.last_lines()}")
            self.pause(0.1)

    def check(self) -> None:
        """Raise when a server ended that should not have."""
        for server in self.servers:
            if not server.running:
                raise LaunchError(
                    f"{server.name} ended unexpectedly (exit code {server.exit_code}). "
                    f"The end of {server.log}:\n{server.last_lines()}"
                )

    def stop(self) -> None:
        if self.servers:
            say("Stopping …")
        for server in self.servers:
            server.ask_to_stop()
        for server in self.servers:
            server.stop()
        self.servers.clear()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status < 500)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def newest(paths: Sequence[Path]) -> int:
    """The last change below `paths`, folders included: a file taken away changes its folder."""
    times = [0]
    for path in paths:
        if path.exists():
            times += [path.stat().st_mtime_ns, *(found.stat().st_mtime_ns for found in path.rglob("*"))]
    return max(times)
