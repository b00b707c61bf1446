"""A small living site, and a way to call it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from demo.moodle import MoodleServer, running
from demo.moodle.clock import Clock
from demo.moodle.worlds import OUEST

BORN = 1_795_000_000
CONTROL = "control"


class Client:
    def __init__(self, server: MoodleServer, token: str) -> None:
        self.server = server
        self.world = server.world
        self.token = token
        self.session = requests.Session()

    def call(self, function: str, params: dict[str, object] | None = None) -> requests.Response:
        form = {"wstoken": self.token, "wsfunction": function, "moodlewsrestformat": "json"}
        url = f"{self.server.url}/webservice/rest/server.php"
        return self.session.post(url, {**form, **(params or {})}, timeout=10, allow_redirects=False)

    def people(self, course: int, **options: object) -> Any:
        params: dict[str, object] = {"courseid": course}
        for index, (name, value) in enumerate(options.items()):
            params |= {f"options[{index}][name]": name, f"options[{index}][value]": value}
        return self.call("core_enrol_get_enrolled_users", params).json()

    def control(self, path: str, data: object = None, *, token: str = CONTROL) -> requests.Response:
        url, headers = f"{self.server.url}/_control/{path}", {"X-Control-Token": token}
        if data is None:
            return self.session.get(url, headers=headers, timeout=10)
        return self.session.post(url, json=data, headers=headers, timeout=10)


@pytest.fixture
def ouest() -> Iterator[Client]:
    world = OUEST.build(born=BORN, clock=Clock(BORN))
    with running(world, control_token=CONTROL) as server:
        yield Client(server, OUEST.token)
