"""One course of the large simulated site, read as the worker reads it."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connection as database

from demo.moodle.big import TOKEN
from moodle_sync import runs, sync
from moodle_sync.client import MoodleClient
from moodle_sync.enums import RunState
from moodle_sync.models import Connection, Course, Site, SyncRun

T = TypeVar("T")
Call = tuple[str, dict[str, Any], Callable[[Any], Any]]
COURSE_ID = 2
BRANCH = 2025100600
"""Moodle 5.1, as the simulator says."""


class Recorder(MoodleClient):
    """Remembers its calls, so that the very same can be made again with nothing else around them."""

    def __init__(self, url: str, token: str = TOKEN) -> None:
        super().__init__(url, token)
        self._url = url
        self._own_token = token
        self.calls: list[Call] = []

    def _read(self, function: str, params: dict[str, Any], decode: Callable[[Any], T]) -> T:
        self.calls.append((function, params, decode))
        return super()._read(function, params, decode)

    def seconds_again(self) -> float:
        """How long the same calls take, decoding included."""
        with MoodleClient(self._url, self._own_token) as client:
            started = time.perf_counter()
            for function, params, decode in self.calls:
                client._read(function, params, decode)
            return time.perf_counter() - started


def fresh_course(url: str) -> Course:
    """The course as it is when somebody begins to follow it, in a database that knows nothing else."""
    with database.cursor() as cursor:
        cursor.execute("TRUNCATE moodle_sync_site, dashboard_person CASCADE")
    site = Site.objects.create(name="Big", url=url, version=BRANCH)
    connection = Connection(site=site, moodle_user_id=2)
    connection.token = TOKEN
    connection.save()
    return Course.objects.create(
        site=site, connection=connection, moodle_id=COURSE_ID, short_name="BIG", full_name="Big"
    )


def read(course: Course, token: str = TOKEN) -> tuple[float, SyncRun, Recorder]:
    """Read and apply the course once, with what follows the commit: seconds, the run, its calls."""
    recorder = Recorder(course.site.url, token)
    started = time.perf_counter()
    run, _ = runs.create_run(course)
    if runs.claim(run) is not runs.Claim.GOT:
        raise RuntimeError("the course is taken")
    sync.perform(run, client_factory=lambda connection: recorder)
    seconds = time.perf_counter() - started
    if run.state != RunState.OK:
        raise RuntimeError(f"the read ended as {run.state}: {run.error_code}")
    return seconds, run, recorder
